"""`peak_activity`: when are visitors here?

A week of 7 x 24 cells. Each hour of the range is counted separately and belongs to the cell of its weekday and local
hour: a visitor counts in each hour with one of their events, a session where it starts, an order where it is placed. A
cell has as much time as the effective range has in it, so an hour that clocks repeat counts twice.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from clickstream.metrics.question import Column
from clickstream.metrics.rules.buckets import Bucket, bucket_sql, buckets
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("weekday", "int"),
    Column("hour", "int"),
    Column("value", "int"),
    Column("hours_in_range", "double"),
    Column("per_hour", "double"),
)
FIGURES = ("events", "visitors", "sessions", "orders")
_SLOTS = {
    "events": {"rows": "counted_quarters", "figure": "sum(events)"},
    "visitors": {"rows": "counted_quarters", "figure": "count(distinct visitor)"},
    "sessions": {"rows": "counted_sessions", "figure": "count(*)"},
    "orders": {"rows": "counted_orders", "figure": "count(*)"},
}
_INSTANTS = {"sessions": "start_at", "orders": "ordered_at"}  # others: moment
_TABLES = {"sessions": "sessions", "orders": "orders"}  # others: clickstream_events
_CELLS = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
_HOUR = timedelta(hours=1)


def peak_activity(scope: Scope) -> Result:
    """Return the 168 cells of a week, from Monday 0:00 on, also empty ones."""
    tz, period, metric = scope.question.tz, scope.period, scope.options["metric"]
    bucket, offset = bucket_sql("hour", tz, period, _INSTANTS.get(metric, "moment"))
    slots = {**_SLOTS[metric], "bucket": bucket, "bucket_offset": offset}
    found = {(local, shift): int(value) for local, shift, value in scope.fetch("behaviour/peak_activity", slots).rows}
    values, spans = defaultdict[tuple[int, int], int](int), defaultdict[tuple[int, int], timedelta](timedelta)
    for hour in buckets("hour", tz, period):
        cell = (hour.local.isoweekday(), hour.local.hour)
        values[cell] += found.get(hour.key, 0)
        spans[cell] += _time_inside(hour, period)
    rows = [(*cell, values[cell], spans[cell] / _HOUR, ratio(values[cell], spans[cell] / _HOUR)) for cell in _CELLS]
    return Result(COLUMNS, rows, scope.rows_behind(_TABLES.get(metric, "clickstream_events")), len(rows), keys=2)


def _time_inside(hour: Bucket, period: Period) -> timedelta:
    return min(hour.end, period.end) - max(hour.start, period.start)
