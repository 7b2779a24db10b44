"""Compares a mart with its warehouse, by UTC day.

In: a mart and its warehouse. Out: the days on which they contain other numbers of events, sessions, orders or refunds.
Loads never cause such a day: rows that another program changed in the warehouse do, and so would a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from clickstream.mart.refresh import noted_position
from clickstream.mart.source import read_position
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckCursor

Kind = Literal["events", "sessions", "orders", "refunds"]
_Columns = Mapping[Kind, tuple[str, str]]
_FIRST = date(1970, 1, 1)
_DAY_US = 86_400_000_000
_IN_WAREHOUSE: _Columns = {
    "events": ("clickstream_events", "@micros(event_timestamp)"),
    "sessions": ("sessions", "@micros(session_start)"),
    "orders": ("orders", "@micros(ordered_at)"),
    "refunds": ("refunds", "@micros(refunded_at)"),
}
_IN_MART: _Columns = {
    "events": ("hits", "moment"),
    "sessions": ("sessions", "start_at"),
    "orders": ("orders", "ordered_at"),
    "refunds": ("refunds", "refunded_at"),
}
_COUNT = """
    select {moment} - {moment} % {day} as day, count(*) as rows
    from {table}
    where {moment} >= $first
    group by 1
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A UTC day on which mart and warehouse contain other numbers of events, sessions, orders or refunds."""

    day: date
    kind: Kind
    warehouse: int
    mart: int


def compare(warehouse: Cursor, mart: DuckCursor, since: date | None = None) -> list[Difference] | None:
    """Return the differences on the UTC days from `since` on (None: on all days), in the order of days.

    None: they cannot be compared, because the mart shows another load than the last one.
    """
    if noted_position(mart) != read_position(warehouse):
        return None
    first = (since or _FIRST) - _FIRST
    there, here = _counts(warehouse, _IN_WAREHOUSE, first), _counts(mart, _IN_MART, first)
    return [
        Difference(_FIRST + timedelta(microseconds=day), kind, there.get((day, kind), 0), here.get((day, kind), 0))
        for day, kind in sorted(there.keys() | here.keys())
        if there.get((day, kind), 0) != here.get((day, kind), 0)
    ]


def _counts(cursor: Cursor, columns: _Columns, first: timedelta) -> dict[tuple[int, Kind], int]:
    """Return the number of rows by day, in microseconds since 1970, and kind."""
    params = {"first": first // timedelta(microseconds=1)}
    found: dict[tuple[int, Kind], int] = {}
    for kind, (table, moment) in columns.items():
        rows = cursor.fetch(fill(_COUNT, moment=moment, table=table, day=str(_DAY_US)), params).rows
        found |= {(day, kind): count for day, count in rows}
    return found
