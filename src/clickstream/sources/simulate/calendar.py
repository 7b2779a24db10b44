"""Local days of one zone around the simulated range, found by reading the local clock every quarter of an hour.

In: a zone, the first local day, the number of days. Out: day numbers (0 is the first day) of instants in microseconds
since 1970. Guarantee: it shares no code with the metrics' rules for local time, because it serves to verify them.
"""

from __future__ import annotations

from bisect import bisect_right
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


class Calendar:
    """The days from `first` on. Days just outside the range have numbers too: -1, `days`, ..."""

    def __init__(self, tz: ZoneInfo, first: date, days: int) -> None:
        self.tz, self.first, self.days = tz, first, days
        self._starts = [self._start_of(self.day(number)) for number in range(-_BEFORE, days + _AFTER)]

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def start(self, number: int) -> int:
        """Return the first instant of a day."""
        return self._starts[number + _BEFORE]

    def number(self, at: int) -> int:
        """Return the day of an instant. A date that the zone skipped has no instants."""
        return bisect_right(self._starts, at) - 1 - _BEFORE

    def changes(self) -> list[int]:
        """Return the instants within the range at which the zone's offset changes."""
        found = []
        for number in range(self.days):
            quarters = range(self.start(number), self.start(number + 1), _QUARTER)
            if self.start(number + 1) - self.start(number) != DAY:
                found += [at for at in quarters if self._offset(at) != self._offset(at - 1)]
        return found

    def _offset(self, at: int) -> timedelta | None:
        return instant(at).astimezone(self.tz).utcoffset()

    def _start_of(self, day: date) -> int:
        midnight = micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
        for at in range(midnight - 16 * HOUR, midnight + 40 * HOUR, _QUARTER):
            if instant(at).astimezone(self.tz).date() >= day:
                return at
        raise AssertionError("every day starts within a day and a half of its midnight in UTC")
