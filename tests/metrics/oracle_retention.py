"""Retention recomputed in plain Python: each visitor's events are read in event order."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.metrics.oracle import Event, World, divide
from tests.metrics.oracle_steps import Matches, across_sessions, passes_filters
from tests.metrics.oracle_time import Range, bucket_of, start_of

DAY = timedelta(days=1)


def retention(
    world: World, span: Range, tz: ZoneInfo, *, unit: str, periods: int, start: Matches | None, back: Matches | None
) -> list[dict[str, Any]]:
    """`retention`: cohorts and cells, then the curve. start, back: None = any event."""
    if span.whole_end <= span.start:
        return []
    first = bucket_of(unit, tz, span.start)[0].date()
    last = bucket_of(unit, tz, span.whole_end - timedelta(microseconds=1))[0].date()
    listed = _buckets(unit, tz, first, last + (periods + 2) * timedelta(days=32))
    after = next(start for name, start in listed if name > last)
    begins = next(start for name, start in listed if name >= first)
    world = world.at(Range(begins, max(begins, min(after, world.as_of)), after))  # segments: whole buckets
    numbers = {name: number for number, (name, _) in enumerate(listed)}
    visitors: dict[str, list[Event]] = defaultdict(list)
    for row in sorted(world.events, key=across_sessions):
        if (visitor := world.visitor(row)) is not None and row["event_timestamp"] < world.as_of:
            visitors[visitor].append(row)
    sizes: dict[int, int] = defaultdict(int)
    cells: dict[tuple[int, int], set[str]] = defaultdict(set)
    for visitor, events in visitors.items():
        begun = next((n for n, row in enumerate(events) if start is None or start(row)), None)
        if begun is None or (start is None and world.first_events[visitor]["is_first_visit"] is False):
            continue
        cohort = bucket_of(unit, tz, events[begun]["event_timestamp"])[0].date()
        if not first <= cohort <= last or not passes_filters(world, events[begun]):
            continue
        sizes[numbers[cohort]] += 1
        for row in events[begun:]:
            bucket = numbers.get(bucket_of(unit, tz, row["event_timestamp"])[0].date())
            if bucket is not None and (back is None or back(row)):
                cells[numbers[cohort], bucket - numbers[cohort]].add(visitor)
    return _rows(world.as_of, listed, sizes, cells, periods)


def _rows(
    as_of: datetime,
    listed: list[tuple[date, datetime]],
    sizes: dict[int, int],
    cells: dict[tuple[int, int], set[str]],
    periods: int,
) -> list[dict[str, Any]]:
    rows = []
    curve: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for cohort in sorted(sizes):
        for period in range(periods + 1):
            if listed[cohort + period][1] >= as_of:
                break
            size, count, is_over = sizes[cohort], len(cells[cohort, period]), listed[cohort + period + 1][1] <= as_of
            rows.append(_row(listed[cohort][0], period, size, count, is_over))
            if is_over:
                curve[period].append((size, count))
    for period, parts in sorted(curve.items()):
        rows.append(_row(None, period, sum(size for size, _ in parts), sum(count for _, count in parts), True))
    return rows


def _row(cohort: date | None, period: int, size: int, count: int, is_over: bool) -> dict[str, Any]:
    numbers = {"size": size, "period": period, "returned": count, "rate": divide(count, size)}
    return {"cohort": cohort, **numbers, "is_complete": is_over}


def _buckets(unit: str, tz: ZoneInfo, first: date, last: date) -> list[tuple[date, datetime]]:
    """Return the buckets that have a day: (first day, first instant)."""
    found: dict[date, datetime] = {}
    day = first
    while day <= last:
        if start_of(tz, day) < start_of(tz, day + DAY):
            found.setdefault(bucket_of(unit, tz, start_of(tz, day))[0].date(), start_of(tz, day))
        day += DAY
    return list(found.items())
