"""What a rebuild copies from the live warehouse because it cannot be read from raw objects again.

In: a shadow, and the prefix by which its SQL names the live tables. Out: in the shadow, rows of other writers, rows of
objects that are not read again, and first sights whose events have expired. Retained events pass through the statements
of an ordinary load, which build their sessions and orders, so that a session with retained and new events is complete.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.etl.load import Stamp, load_staged_rows
from clickstream.etl.sql import run_statements
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.dialects import fill

CHUNK_LINES = 500_000
_RETAINED_LOAD = 0


def live_prefix(live: Warehouse) -> str:
    """Return the prefix by which another warehouse of the same database names this one's tables."""
    database, schema = live.fetch("select current_database(), current_schema()").rows[0]
    return f'"{database}"."{schema}".'


def retain_foreign(shadow: Warehouse, live: str) -> None:
    """Retain rows that another client wrote: they have no raw object."""
    with shadow.transaction() as cursor:
        columns = ", ".join(event_columns(shadow))
        cursor.execute(
            fill(
                "insert into clickstream_events ({columns}) "
                "select {columns} from {live}clickstream_events where raw_object is null",
                columns=columns,
                live=live,
            )
        )


def retain_objects(shadow: Warehouse, live: str, objects: Sequence[tuple[str, int]], stamp: Stamp) -> None:
    """Retain the rows of these objects (name, lines). The caller ensures that they do not change meanwhile."""
    for names in _chunks(objects):
        with shadow.transaction() as cursor:
            slots = {"live": live, "columns": ", ".join((*event_columns(shadow), "load_id"))}
            run_statements(cursor, "retain", {"names": names}, slots)
            load_staged_rows(cursor, _RETAINED_LOAD, stamp)
            cursor.execute(
                "update clickstream_events set load_id = -n.load_id from new_events as n "
                "where clickstream_events.event_id = n.event_id and clickstream_events.load_id = $retained",
                {"retained": _RETAINED_LOAD},
            )


def retain_first_sights(shadow: Warehouse, live: str) -> None:
    """Retain the first sights of clients and users whose events have expired."""
    with shadow.transaction() as cursor:
        run_statements(cursor, "retain_first_sights", {"load_id": _RETAINED_LOAD}, {"live": live})


def event_columns(warehouse: Warehouse) -> list[str]:
    """Return the columns of an event, without the number of the load that wrote it."""
    found = warehouse.fetch("select * from clickstream_events limit 0").columns
    return [name for name in found if name != "load_id"]


def _chunks(objects: Sequence[tuple[str, int]]) -> list[list[str]]:
    chunks: list[list[str]] = []
    free_lines = 0
    for name, lines in objects:
        if not chunks or lines > free_lines:
            chunks.append([])
            free_lines = CHUNK_LINES
        chunks[-1].append(name)
        free_lines -= lines
    return chunks
