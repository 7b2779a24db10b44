"""The hours, days, weeks or months of a range, and the SQL that assigns a row to one of them.

In: a Period and its zone. Out: `Bucket`s in order, and an SQL expression over a row's instant that returns the key of
its bucket. Both are derived from the same stretches of constant offset, so every row in the range has a bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from clickstream.metrics.rules.local_time import DAY, Stretch, date_stretches, micros, start_of, stretches
from clickstream.metrics.rules.period import Period

Unit = Literal["hour", "day", "week", "month"]

_HOUR = timedelta(hours=1)
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_MONDAY_US = 3 * _DAY_US  # 1970-01-01 was a Thursday, three days after a Monday


@dataclass(frozen=True, slots=True)
class Bucket:
    """One whole bucket: `[start, end)` may extend beyond the range.

    key: the value of `bucket_sql` for its rows: (local start, offset), both in microseconds; the offset of a bucket
    other than an hour is 0.
    """

    local: datetime
    offset_s: int | None
    start: datetime
    end: datetime
    key: tuple[int, int]

    def is_complete(self, period: Period) -> bool:
        """Whether the bucket lies inside the range and has ended at `as_of`."""
        return period.start <= self.start and self.end <= period.end


def default_unit(days: int) -> Unit:
    if days <= 2:
        return "hour"
    return "day" if days <= 92 else "week" if days <= 400 else "month"


def buckets(unit: Unit, tz: ZoneInfo, period: Period) -> list[Bucket]:
    """Return the buckets that overlap the effective range, in order of time. A date that the zone skipped has none."""
    found = _hours(tz, period) if unit == "hour" else _calendar(unit, tz, period)
    return [bucket for bucket in found if max(bucket.start, period.start) < min(bucket.end, period.end)]


def bucket_sql(unit: Unit, tz: ZoneInfo, period: Period, instant: str) -> tuple[str, str]:
    """Return SQL over `instant` (a column in microseconds) for the two parts of the bucket's key.

    Only integers computed here are written into it. Instants are after 1970, so % is never negative.
    """
    if unit == "month":
        months = buckets("month", tz, period)
        return _case_tree(
            instant, [micros(month.start) for month in months[1:]], [month.key[0] for month in months]
        ), "0"
    listed = stretches if unit == "hour" else date_stretches
    parts = listed(tz, period.start, period.end) or [Stretch(period.start, period.end, timedelta())]
    offsets = [part.offset // timedelta(microseconds=1) for part in parts]
    offset = _case_tree(instant, [micros(part.start) for part in parts[1:]], offsets)
    local = f"({instant} + {offset})"
    if unit == "hour":
        return f"({local} - {local} % {_HOUR_US})", offset
    if unit == "day":
        return f"({local} - {local} % {_DAY_US})", "0"
    return f"({local} - ({local} + {_MONDAY_US}) % {7 * _DAY_US})", "0"


def _case_tree(value: str, edges: Sequence[int], levels: Sequence[int]) -> str:
    """Return nested CASE expressions as a balanced tree: levels[i] where i edges are at or below `value`."""
    if not edges:
        return str(levels[0] if levels else 0)
    half = len(edges) // 2
    below = _case_tree(value, edges[:half], levels[: half + 1])
    above = _case_tree(value, edges[half + 1 :], levels[half + 1 :])
    return f"(case when {value} < {edges[half]} then {below} else {above} end)"


def _calendar(unit: Unit, tz: ZoneInfo, period: Period) -> list[Bucket]:
    found, first = [], _first_day(unit, period.from_date)
    start = start_of(tz, first)
    while first < period.to_date:
        after = _next_day(unit, first)
        end = start_of(tz, after)
        local = datetime.combine(first, time())
        if start < end:
            found.append(Bucket(local, None, start, end, (micros(local), 0)))
        first, start = after, end
    return found


def _hours(tz: ZoneInfo, period: Period) -> list[Bucket]:
    found = []
    # One more day on both sides, so that the first and the last hour of the range have their whole length.
    for part in stretches(tz, period.start - DAY, period.end + DAY):
        first = max(part.start, period.start - _HOUR) + part.offset
        local = first.replace(minute=0, second=0, microsecond=0, tzinfo=None)
        while (start := _utc(local, part)) < min(part.end, period.end):
            end = min(start + _HOUR, part.end)
            key = (micros(local), part.offset // timedelta(microseconds=1))
            found.append(Bucket(local, int(part.offset.total_seconds()), max(start, part.start), end, key))
            local += _HOUR
    return found


def _utc(local: datetime, part: Stretch) -> datetime:
    return local.replace(tzinfo=part.start.tzinfo) - part.offset


def _first_day(unit: Unit, day: date) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _next_day(unit: Unit, day: date) -> date:
    if unit == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)
