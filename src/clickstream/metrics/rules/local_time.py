"""Local time as UTC plus an offset, with all offsets taken from zoneinfo.

In: a zone and instants or dates. Out: stretches of constant offset, the instant at which a date starts, the same wall
clock n days earlier. Engines never see a zone: they receive integers computed here, so all of them agree.
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
# No zone has changed its offset twice within twelve hours since 1970, so probing at this interval finds every change.
_PROBE_INTERVAL = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time span in which a zone had one offset: `[start, end)`."""

    start: datetime
    end: datetime
    offset: timedelta


def stretches(tz: ZoneInfo, start: datetime, end: datetime) -> list[Stretch]:
    """Split `[start, end)` wherever the offset of `tz` changes. Empty for an empty range."""
    if start >= end:
        return []
    changes = [moment for year in range(start.year, end.year + 1) for moment in _changes_in(tz, year)]
    cuts = [start, *(moment for moment in changes if start < moment < end), end]
    return [Stretch(a, b, offset_at(tz, a)) for a, b in pairwise(cuts)]


def offset_at(tz: ZoneInfo, instant: datetime) -> timedelta:
    """Return local time minus UTC at `instant`."""
    return instant.astimezone(tz).utcoffset() or timedelta()


def local_date(tz: ZoneInfo, instant: datetime) -> date:
    return instant.astimezone(tz).date()


def start_of(tz: ZoneInfo, day: date) -> datetime:
    """Return the first instant whose local date is `day`, or a later date where the zone skipped that one.

    Midnight may not exist; where clocks go back over midnight it occurs twice, and the first one counts.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for stretch in stretches(tz, midnight - 2 * DAY, midnight + 3 * DAY):
        first = max(stretch.start, midnight - stretch.offset)
        if first < stretch.end:
            return first
    raise AssertionError("every date starts within three days of its midnight in UTC")


def same_wall_clock(tz: ZoneInfo, instant: datetime, days_earlier: int) -> datetime:
    """Return the instant `days_earlier` days before, at the same local time.

    A skipped local time moves forward by the gap; of a repeated one the first counts: fold=0 does both.
    """
    wall = instant.astimezone(tz).replace(tzinfo=None) - timedelta(days=days_earlier)
    return wall.replace(tzinfo=tz, fold=0).astimezone(UTC)


def date_stretches(tz: ZoneInfo, start: datetime, end: datetime) -> list[Stretch]:
    """Return stretches for computing dates: a change backwards over midnight takes effect when its date starts again.

    Otherwise the repeated end of a date would fall after the start of the next one, outside its own day.
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
    """Return microseconds since 1970. A moment without a zone is read as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    """Return the instant of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=1024)
def _changes_in(tz: ZoneInfo, year: int) -> Sequence[datetime]:
    """Return the instants in `year` (UTC) at which the offset of `tz` changes."""
    moment, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = []
    while moment < last:
        after = moment + _PROBE_INTERVAL
        if offset_at(tz, moment) != offset_at(tz, after):
            found.append(_change_between(tz, moment, after))
        moment = after
    return tuple(found)


def _change_between(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the only change in `(low, high]`, to the second: zones change on whole seconds."""
    offset = offset_at(tz, low)
    while high - low > _SECOND:
        middle = low + (high - low) // (2 * _SECOND) * _SECOND
        low, high = (middle, high) if offset_at(tz, middle) == offset else (low, middle)
    return high
