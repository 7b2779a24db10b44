"""Takes in rows that another client wrote into a shared warehouse.

In: rows without a load. Out: the same rows as a load writes them, with sessions, page views, orders and first sights.
They keep what the client wrote, and still have no raw object. Guarantee: one transaction; rows that the client writes
meanwhile are taken in by the next pass.
"""

from __future__ import annotations

from clickstream.etl.load import Load, Stamp, load_staged_rows, next_load_id, record_load
from clickstream.etl.sql import run_statements
from clickstream.warehouse.contract import Warehouse

_IS_ANY = "select exists (select 1 from clickstream_events where load_id is null)"


def adopt(warehouse: Warehouse, stamp: Stamp) -> int | None:
    """Take in what is there. Return the number of the load, None if there was nothing."""
    if not warehouse.is_shared or not warehouse.fetch(_IS_ANY).rows[0][0]:
        return None
    with warehouse.transaction() as cursor:
        load_id = next_load_id(cursor)
        run_statements(cursor, "adopt", {"load_id": load_id})
        load_staged_rows(cursor, load_id, stamp)
        record_load(cursor, Load(load_id, 0, 0, 0), stamp)
    return load_id
