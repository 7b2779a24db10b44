"""Counts per local day, kept with every load.

In: the temp tables of a load (sql/rollups.sql), the zone that days are counted in. Out: `daily_visitors` and
`daily_sessions`. Guarantee: they equal a count of all facts and sessions (sql/rollups_anew.sql), which is what a
change of the zone does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clickstream.etl.steps import run_step
from clickstream.metrics.rules.local_time import date_stretches, micros
from clickstream.warehouse.contract import Cursor

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
_ALL = "select min(event_timestamp), max(event_timestamp) from clickstream_events"


def keep_rollups(cursor: Cursor, zone: ZoneInfo) -> None:
    """Bring the rollups up to date with the load that this transaction holds."""
    stored = cursor.scalar("select max(zone) from rollup_zone")
    if stored == zone.key:
        run_step(cursor, "rollups", slots={"offset_us": _offset_us(zone, *cursor.fetch(_TOUCHED).rows[0])})
        return
    cursor.execute("delete from rollup_zone")
    cursor.execute("insert into rollup_zone values ($zone)", {"zone": zone.key})
    run_step(cursor, "rollups_anew", slots={"offset_us": _offset_us(zone, *cursor.fetch(_ALL).rows[0])})


def _offset_us(zone: ZoneInfo, first: datetime | None, last: datetime | None) -> str:
    """SQL for the zone's offset at `micros`, an instant from `first` to `last`. Only integers are written into it."""
    if first is None or last is None:
        return "0"
    *before, final = date_stretches(zone, first, last + _NEXT)
    whens = " ".join(f"when micros < {micros(stretch.end)} then {stretch.offset // _NEXT}" for stretch in before)
    return f"case {whens} else {final.offset // _NEXT} end" if whens else str(final.offset // _NEXT)
