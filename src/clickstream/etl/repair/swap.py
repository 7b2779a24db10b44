"""Replaces the live rows by the shadow's rows.

In: a transaction of the live warehouse, with a complete shadow beside it. Out: the same transaction, in which every
table that is derived from the raw store holds the shadow's rows. Guarantee: the caller's commit changes all or nothing,
and readers see the old numbers until then; tables, rights, views and indexes stay. It costs as much as writing all rows
again. Tables that record what the loader did stay as they are: watermarks, closed days, passes, erasures. So do notes,
which people wrote. A new epoch begins.
"""

from __future__ import annotations

from clickstream.etl.load import new_epoch
from clickstream.warehouse.contract import SHADOW, Cursor
from clickstream.warehouse.dialects import fill

REPLACED = (
    "raw_objects",
    "duplicates",
    "bad_rows",
    "erased",
    "sessions",
    "clients",
    "seen",
    "orders",
    "order_lines",
    "refunds",
)
KEPT = (
    "schema_files",
    "watermarks",
    "closed_days",
    "passes",
    "erasures",
    "expired_days",
    "expired_totals",
    "notes",
    "gone",
    "warehouse_epoch",
)
"""With `clickstream_events` and `loads`, which `swap` treats separately, these are all tables; a test verifies it."""


def swap(cursor: Cursor) -> int:
    """Replace the rows and return the number of the last load. The shadow's loads are added to the live ones."""
    before = int(cursor.scalar("select coalesce(max(load_id), 0) from loads"))
    for table in REPLACED:
        cursor.execute(fill("delete from {table}", table=table))
        _insert(cursor, table, before)
    # Rows of other writers have no raw object. They stay, unless the raw store holds the same event.

    cursor.execute(
        fill(
            "delete from clickstream_events where raw_object is not null "
            "or event_id in (select event_id from {shadow}.clickstream_events where raw_object is not null)",
            shadow=SHADOW,
        )
    )
    _insert(cursor, "clickstream_events", before, "where raw_object is not null")
    # What a load adds to the rows of others is the shadow's; rows that it has not seen are taken in by the next pass.
    cursor.execute(
        "update clickstream_events set session_key = null, is_page_view = false, load_id = null "
        "where raw_object is null"
    )
    cursor.execute(
        fill(
            "update clickstream_events set session_key = s.session_key, is_page_view = s.is_page_view, "
            "load_id = s.load_id + {before} from {shadow}.clickstream_events as s "
            "where clickstream_events.event_id = s.event_id and clickstream_events.raw_object is null",
            before=str(before),
            shadow=SHADOW,
        )
    )
    _insert(cursor, "loads", before)
    new_epoch(cursor)
    return int(cursor.scalar("select coalesce(max(load_id), 0) from loads"))


def _insert(cursor: Cursor, table: str, before: int, where: str = "") -> None:
    columns = cursor.fetch(fill("select * from {table} limit 0", table=table)).columns
    number = f"case when load_id < 0 then -load_id else load_id + {before} end"
    values = ", ".join(number if column == "load_id" else column for column in columns)
    sql = "insert into {table} ({columns}) select {values} from {shadow}.{table} {where}"
    names = ", ".join(columns)
    cursor.execute(fill(sql, table=table, columns=names, values=values, shadow=SHADOW, where=where))
