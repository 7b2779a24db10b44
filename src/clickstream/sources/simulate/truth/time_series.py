"""`time_series` as it truly is: figures of `overview` by day or week, events by hour, sessions by day and country."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from clickstream.sources.simulate.truth.overview import overview
from clickstream.sources.simulate.truth.world import World

Row = dict[str, Any]
_PARTS = {"bounce_rate": ("bounces", "sessions")}
_TOP = 5


@dataclass(frozen=True, slots=True)
class Span:
    """Local days `[first, last)` of a world, seen from `as_of` (microseconds since 1970)."""

    world: World
    first: int
    last: int
    as_of: int

    def stretches(self, unit: str) -> list[tuple[int, int]]:
        """Day numbers `[first, last)` of each day or week with time in the range, whole."""
        calendar, length = self.world.calendar, 7 if unit == "week" else 1
        begin = self.first - (calendar.day(self.first).weekday() if unit == "week" else 0)
        found = [(number, number + length) for number in range(begin, self.last, length)]
        return [part for part in found if calendar.start(max(part[0], self.first)) < self._end(part[1])]

    def is_complete(self, part: tuple[int, int]) -> bool:
        end = self.world.calendar.start(min(part[1], self.last))
        return self.first <= part[0] and part[1] <= self.last and end <= self.as_of

    def _end(self, number: int) -> int:
        return min(self.world.calendar.start(min(number, self.last)), self.as_of)


def by_days(span: Span, metric: str, unit: str) -> list[Row]:
    """A figure of `overview`, each bucket a range of its own."""
    rows = []
    for part in span.stretches(unit):
        figures = overview(span.world, max(part[0], span.first), min(part[1], span.last))
        parts = _PARTS.get(metric)
        numbers = (figures[parts[0]], figures[parts[1]]) if parts else (None, None)
        rows.append(_row(span, part, figures[metric], numbers))
    return rows


def sessions_by_country(span: Span) -> list[Row]:
    """Sessions by day, split: five countries by name, the rest as `(other)`."""
    days = {number: day.countries for number, day in span.world.days.items() if span.first <= number < span.last}
    totals = sum(days.values(), Counter[str]())
    ranked = sorted(totals, key=lambda country: (-totals[country], country.encode()))
    names = {country: country if place < _TOP else "(other)" for place, country in enumerate(ranked)}
    rows = []
    for part in span.stretches("day"):
        groups = Counter[str]()
        for country, sessions in days.get(part[0], {}).items():
            groups[names[country]] += sessions
        for name in sorted(set(names.values()), key=str.encode):
            rows.append(_row(span, part, groups[name], split=name))
    return rows


def events_by_hour(span: Span) -> list[Row]:
    calendar = span.world.calendar
    end = min(calendar.start(span.last), span.as_of)
    return [
        {
            "bucket_local": hour.local,
            "utc_offset_s": hour.offset_s,
            "split": None,
            "value": span.world.hours[hour],
            "numerator": None,
            "denominator": None,
            "is_complete": hour_end <= end,
        }
        for hour, hour_start, hour_end in calendar.hours(calendar.start(span.first), calendar.start(span.last))
        if hour_start < end
    ]


def _row(
    span: Span,
    part: tuple[int, int],
    value: Any,
    numbers: tuple[int | None, int | None] = (None, None),
    split: str | None = None,
) -> Row:
    return {
        "bucket_local": datetime.combine(span.world.calendar.day(part[0]), time()),
        "utc_offset_s": None,
        "split": split,
        "value": value,
        "numerator": numbers[0],
        "denominator": numbers[1],
        "is_complete": span.is_complete(part),
    }
