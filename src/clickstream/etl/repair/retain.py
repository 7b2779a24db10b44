"""What a rebuilt warehouse takes over from the live one, since no raw object tells of it.

In: a shadow and the prefix that its SQL reads the live tables by. Out: in the shadow, rows of other writers, rows of
objects that are not read again, first sights and daily counts whose events have expired. Carried events are keyed into
sessions, merged into orders and counted by the steps of an ordinary load, so that sessions over the edge are whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.etl.load import Stamp, load_staged_rows
from clickstream.etl.rollups import find_outlived, has_expired
from clickstream.etl.sql import run_statements
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.dialects import fill

CHUNK_LINES = 500_000
_CARRIED_LOAD = 0


def live_prefix(live: Warehouse) -> str:
    """How another warehouse of the same database names this one's tables."""
    database, schema = live.fetch("select current_database(), current_schema()").rows[0]
    return f'"{database}"."{schema}".'


def retain_foreign(shadow: Warehouse, live: str) -> None:
    """Rows that somebody else wrote: they have no raw object."""
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
    """Objects (name, lines) as the live warehouse has them; the caller sees to it that they do not change meanwhile."""
    for names in _chunks(objects):
        with shadow.transaction() as cursor:
            slots = {"live": live, "columns": ", ".join((*event_columns(shadow), "load_id"))}
            run_statements(cursor, "retain", {"names": names}, slots)
            load_staged_rows(cursor, _CARRIED_LOAD, stamp)
            cursor.execute(
                "update clickstream_events set load_id = -n.load_id from new_events as n "
                "where clickstream_events.event_id = n.event_id and clickstream_events.load_id = $carried",
                {"carried": _CARRIED_LOAD},
            )


def retain_first_sights(shadow: Warehouse, live: str) -> None:
    """First sights of clients and users whose events are gone by the rules of expiry."""
    with shadow.transaction() as cursor:
        run_statements(cursor, "retain_first_sights", slots={"live": live})


def retain_daily_counts(shadow: Warehouse, live: str) -> None:
    """Counts per local day of events that are gone by the rules of expiry, in the days that they were counted in."""
    with shadow.transaction() as cursor:
        if has_expired(cursor, live):
            find_outlived(cursor, live)
            run_statements(cursor, "rollups_kept")
        if cursor.scalar("select max(zone) from rollup_zone") is None:
            # Nothing was read or carried. Without its zone the next load would count anew, from facts alone.
            cursor.execute(fill("insert into rollup_zone select zone from {live}rollup_zone", live=live))


def event_columns(warehouse: Warehouse) -> list[str]:
    """Columns of an event, but for the number of the load that wrote it."""
    found = warehouse.fetch("select * from clickstream_events limit 0").columns
    return [name for name in found if name != "load_id"]


def _chunks(objects: Sequence[tuple[str, int]]) -> list[list[str]]:
    chunks: list[list[str]] = []
    room = 0
    for name, lines in objects:
        if not chunks or lines > room:
            chunks.append([])
            room = CHUNK_LINES
        chunks[-1].append(name)
        room -= lines
    return chunks
