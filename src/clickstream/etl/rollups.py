"""Counts per local day, updated by every load.

In: the temp tables of a load (sql/rollups.sql), the zone that days are counted in. Out: `daily_visitors` and
`daily_sessions`. Guarantee: they equal a count of all events and sessions (sql/rollups_counted.sql), which a change of
the zone makes; rows that expired stay counted, on the days of the zone that they were counted in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clickstream.etl.sql import run_statements
from clickstream.metrics.rules.local_time import date_stretches, micros
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill

_NEXT = timedelta(microseconds=1)
_TOUCHED = """
    select min(event_timestamp), max(event_timestamp)
    from (
        select event_timestamp from incoming
        union all
        select event_timestamp from replaced
        union all
        select event_timestamp from reopened
    ) as touched_rows
"""


def keep_rollups(cursor: Cursor, zone: ZoneInfo) -> None:
    """Bring the rollups up to date with the load that this transaction makes."""
    stored = cursor.scalar("select max(zone) from rollup_zone")
    has_outlived = stored not in (None, zone.key) and has_expired(cursor)
    if stored == zone.key or has_outlived:
        touched = cursor.fetch(_TOUCHED).rows[0]
        run_statements(cursor, "rollups", slots={"offset_us": _offset_us(ZoneInfo(stored), *touched)})
    if stored == zone.key:
        return
    if has_outlived:
        find_outlived(cursor)
    cursor.execute("delete from rollup_zone")
    cursor.execute("insert into rollup_zone values ($zone)", {"zone": zone.key})
    _count(cursor, zone)
    run_statements(cursor, "rollups_recounted")
    if has_outlived:
        run_statements(cursor, "rollups_kept")


def has_expired(cursor: Cursor, at: str = "") -> bool:
    """Return whether rows have expired. at: the prefix of the tables, when they are another warehouse's."""
    return bool(cursor.scalar(fill("select count(*) from {at}expired_days where part = 'warehouse'", at=at)))


def find_outlived(cursor: Cursor, at: str = "") -> None:
    """Put the counts of rows that expired into temp tables; sql/rollups_kept.sql adds them to others."""
    zone = cursor.scalar(fill("select max(zone) from {at}rollup_zone", at=at))
    _count(cursor, ZoneInfo(zone), at)
    run_statements(cursor, "rollups_outlived", slots={"at": at})


def _count(cursor: Cursor, zone: ZoneInfo, at: str = "") -> None:
    span = cursor.fetch(
        fill("select min(event_timestamp), max(event_timestamp) from {at}clickstream_events", at=at)
    ).rows[0]
    run_statements(cursor, "rollups_counted", slots={"at": at, "offset_us": _offset_us(zone, *span)})


def _offset_us(zone: ZoneInfo, first: datetime | None, last: datetime | None) -> str:
    """Return SQL for the zone's offset at `micros`, an instant from `first` to `last`. It contains only integers."""
    if first is None or last is None:
        return "0"
    *before, final = date_stretches(zone, first, last + _NEXT)
    whens = " ".join(f"when micros < {micros(stretch.end)} then {stretch.offset // _NEXT}" for stretch in before)
    return f"case {whens} else {final.offset // _NEXT} end" if whens else str(final.offset // _NEXT)
