"""Ranges and buckets computed in the slowest and simplest way: by reading the local clock every quarter of an hour.

Every offset and every change of it in the zones used here falls on a whole minute; dates are looked for by minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from clickstream.metrics.question import Question

QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Range:
    start: datetime
    end: datetime
    whole_end: datetime


@lru_cache(maxsize=4096)
def start_of(tz: ZoneInfo, day: date) -> datetime:
    """First instant whose local date is `day` or a later one."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=27)
    while moment.astimezone(tz).date() < day:
        moment += MINUTE
    return moment


def range_of(question: Question, days_earlier: int = 0) -> Range:
    """The effective range, or the one `days_earlier` days before, cut at the same wall clock."""
    assert question.from_date is not None
    assert question.to_date is not None
    back = timedelta(days=days_earlier)
    start = start_of(question.tz, question.from_date - back)
    whole_end = start_of(question.tz, question.to_date - back)
    end = whole_end
    if question.as_of < start_of(question.tz, question.to_date):
        local = question.as_of.astimezone(question.tz).replace(tzinfo=None) - back
        cut = question.as_of if not days_earlier else (local.replace(tzinfo=question.tz, fold=0)).astimezone(UTC)
        end = min(end, cut)
    return Range(start, max(start, end), whole_end)


def bucket_of(unit: str, tz: ZoneInfo, moment: datetime) -> tuple[datetime, int]:
    """Local start of the bucket and, for hours, the offset in seconds."""
    local = moment.astimezone(tz)
    if unit == "hour":
        offset = local.utcoffset()
        assert offset is not None
        return local.replace(minute=0, second=0, microsecond=0, tzinfo=None), int(offset.total_seconds())
    day = local.date()
    # After a change backwards over midnight, a date that had begun continues.
    if start_of(tz, day + timedelta(days=1)) <= moment:
        day += timedelta(days=1)
    if unit == "week":
        day -= timedelta(days=day.weekday())
    if unit == "month":
        day = day.replace(day=1)
    return datetime.combine(day, datetime.min.time()), 0


@lru_cache(maxsize=4096)
def buckets_of(unit: str, tz: ZoneInfo, start: datetime, end: datetime, whole_end: datetime) -> dict[object, bool]:
    """Buckets with time in `[start, end)` -> is it complete, in order of time."""
    margin = timedelta(days=2) if unit in ("hour", "day") else timedelta(days=33)
    found: dict[object, bool] = {}
    whole: dict[object, bool] = {}
    moment = start - margin
    while moment < whole_end + margin:
        # Quarters are cut at the minute: a change at 00:01 begins a bucket there.
        for part in (bucket_of(unit, tz, moment), bucket_of(unit, tz, moment + timedelta(minutes=14, seconds=59))):
            inside = start <= moment and moment + QUARTER <= end
            whole[part] = whole.get(part, True) and inside
        for part in (bucket_of(unit, tz, max(moment, start)), bucket_of(unit, tz, max(moment, start) + MINUTE)):
            if moment + QUARTER > start and moment < end:
                found.setdefault(part, True)
        moment += QUARTER
    return {part: whole[part] for part in found}


@lru_cache(maxsize=4096)
def minutes_by_bucket(
    unit: str, tz: ZoneInfo, start: datetime, end: datetime
) -> dict[object, tuple[datetime, datetime]]:
    """First and last minute of `[start, end)` in each bucket: clocks change at whole minutes."""
    found: dict[object, tuple[datetime, datetime]] = {}
    moment = start
    while moment < end:
        part = bucket_of(unit, tz, moment)
        found[part] = (found.get(part, (moment, moment))[0], moment)
        moment += MINUTE
    return found
