"""Local time as UTC plus offset, with the offsets taken from zoneinfo alone.

In: a zone and instants or dates. Out: stretches of one offset, the instant a date starts, the same wall clock
n days earlier. Engines never see a zone: they get integers from here, so all of them agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
# No zone changed twice within twelve hours since 1970, so looking that often misses no change.
_STEP = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which a zone kept one offset: `[start, end)`."""

    start: datetime
    end: datetime
    offset: timedelta


def stretches(tz: ZoneInfo, start: datetime, end: datetime) -> list[Stretch]:
    """Cut `[start, end)` wherever the offset of `tz` changes. Empty for an empty range."""
    if start >= end:
        return []
    changes = [moment for year in range(start.year, end.year + 1) for moment in _changes_in(tz, year)]
    cuts = [start, *(moment for moment in changes if start < moment < end), end]
    return [Stretch(a, b, offset_at(tz, a)) for a, b in pairwise(cuts)]


def offset_at(tz: ZoneInfo, instant: datetime) -> timedelta:
    """Local time minus UTC at `instant`."""
    return instant.astimezone(tz).utcoffset() or timedelta()


def local_date(tz: ZoneInfo, instant: datetime) -> date:
    return instant.astimezone(tz).date()


def start_of(tz: ZoneInfo, day: date) -> datetime:
    """First instant whose local date is `day`, or later where the zone skipped that date.

    Midnight may not exist, and after a change backwards over midnight it may come twice: the first one counts.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for stretch in stretches(tz, midnight - 2 * DAY, midnight + 3 * DAY):
        first = max(stretch.start, midnight - stretch.offset)
        if first < stretch.end:
            return first
    raise AssertionError("every date starts within three days of its midnight in UTC")


def same_wall_clock(tz: ZoneInfo, instant: datetime, days_earlier: int) -> datetime:
    """The instant `days_earlier` days before, at the same local time.

    A local time that was skipped moves forward by the gap, one that came twice means the first: fold=0 does both.
    """
    wall = instant.astimezone(tz).replace(tzinfo=None) - timedelta(days=days_earlier)
    return wall.replace(tzinfo=tz, fold=0).astimezone(UTC)


def date_stretches(tz: ZoneInfo, start: datetime, end: datetime) -> list[Stretch]:
    """Like `stretches`, for telling dates: a change backwards over midnight waits until its date comes again.

    Otherwise the repeated end of a date would fall after the start of the next one, outside of its own day.
    """
    found: list[Stretch] = []
    for stretch in stretches(tz, start, end):
        first = stretch.start
        if found:
            before = (first - timedelta(microseconds=1) + found[-1].offset).date()
            if (first + stretch.offset).date() < before:
                first = datetime(before.year, before.month, before.day, tzinfo=UTC) - stretch.offset
            found[-1] = Stretch(found[-1].start, first, found[-1].offset)
        found.append(Stretch(first, stretch.end, stretch.offset))
    return found


def micros(moment: datetime) -> int:
    """Microseconds since 1970. A moment without zone is read as if it were UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def _changes_in(tz: ZoneInfo, year: int) -> Sequence[datetime]:
    """Instants in `year` (UTC) at which the offset of `tz` changes."""
    moment, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    while moment < last:
        after = moment + _STEP
        if offset_at(tz, moment) != offset_at(tz, after):
            found.append(_change_between(tz, moment, after))
        moment = after
    return tuple(found)


def _change_between(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The one change in `(low, high]`, to the second: zones change on whole seconds."""
    offset = offset_at(tz, low)
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        low, high = (middle, high) if offset_at(tz, middle) == offset else (low, middle)
    return high
