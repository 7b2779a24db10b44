"""Local days and hours of one zone around the simulated range, found by looking at the zone every quarter of an hour.

In: a zone, the first local day, the number of days. Out: day numbers (0 is the first day) and local hours of instants
in microseconds since 1970. Guarantee: it shares no line with the metrics' own reckoning of local time, which it is
there to check.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = 15 * MINUTE  # clocks of today's zones change on a quarter of an hour
_BEFORE, _AFTER = 1, 6


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True)
class LocalHour:
    """A local hour: its wall clock and its offset. A doubled hour is two of them."""

    local: datetime
    offset_s: int


class Calendar:
    """The days from `first` on. Days just outside of the range have numbers too: -1, `days`, …"""

    def __init__(self, tz: ZoneInfo, first: date, days: int) -> None:
        self.tz, self.first, self.days = tz, first, days
        self._hours: dict[int, LocalHour] = {}
        self._starts = [self._start_of(self.day(number)) for number in range(-_BEFORE, days + _AFTER)]

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def start(self, number: int) -> int:
        """The first instant of a day."""
        return self._starts[number + _BEFORE]

    def number(self, at: int) -> int:
        """The day of an instant; a date that the zone skipped has none."""
        return bisect_right(self._starts, at) - 1 - _BEFORE

    def hour(self, at: int) -> LocalHour:
        quarter = at // _QUARTER
        found = self._hours.get(quarter)
        if found is None:
            local = instant(quarter * _QUARTER).astimezone(self.tz)
            offset = local.utcoffset() or timedelta()
            plain = local.replace(minute=0, second=0, microsecond=0, tzinfo=None)
            found = self._hours[quarter] = LocalHour(plain, int(offset.total_seconds()))
        return found

    def hours(self, start: int, end: int) -> list[tuple[LocalHour, int, int]]:
        """The local hours of `[start, end)` in order of time, each with the instants of its start and its end."""
        found: list[tuple[LocalHour, int, int]] = []
        for at in range(start, end, _QUARTER):
            hour = self.hour(at)
            begin = found.pop()[1] if found and found[-1][0] == hour else at
            found.append((hour, begin, at + _QUARTER))
        return found

    def changes(self) -> list[int]:
        """Instants within the range at which the zone's offset changes."""
        found = []
        for number in range(self.days):
            quarters = range(self.start(number), self.start(number + 1), _QUARTER)
            if self.start(number + 1) - self.start(number) != DAY:
                found += [at for at in quarters if self.hour(at).offset_s != self.hour(at - 1).offset_s]
        return found

    def _start_of(self, day: date) -> int:
        midnight = micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
        for at in range(midnight - 16 * HOUR, midnight + 40 * HOUR, _QUARTER):
            if instant(at).astimezone(self.tz).date() >= day:
                return at
        raise AssertionError("every day starts within a day and a half of its midnight in UTC")
