"""Funnels recomputed in plain Python: one pass over the events of each visitor or session, in event order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.metrics.oracle import EVENT_FIELDS, Event, World, divide, order_key, session_value, shown
from tests.metrics.oracle_orders import BROWSER, SERVER
from tests.metrics.oracle_time import Range

Matches = Callable[[Event], bool]


def carriers(world: World) -> set[object]:
    """Return the ids of the events that carry an order."""
    return {order.carrier["event_id"] for order in world.all_orders}


def matcher(world: World, kind: str, name: str | None = None, value: str = "") -> Matches:
    """Return what `EVENT` (and `EVENT[name = value]`), `page:value` or `purchase` matches."""
    if kind == "purchase":
        ids = carriers(world)
        return lambda row: row["event_id"] in ids

    def has_value(row: Event) -> bool:
        found = shown(row[EVENT_FIELDS[name]]) if name else ""
        return found.startswith(value[:-1]) if value.endswith("*") else found == value

    if kind == "page":
        return lambda row: row["is_page_view"] and has_value(row)
    return lambda row: row["event_name"] == kind and has_value(row)


def across_sessions(row: Event) -> tuple[object, ...]:
    """Return the sort key of event order over several sessions."""
    key = row["session_key"]
    return row["event_timestamp"], key is None, (key or "").encode(), order_key(row)


def passes_filters(world: World, row: Event) -> bool:
    return world.event_passes(row) and world.session_passes(world.session_of(row))


class Run:
    """How far one unit came."""

    def __init__(self, steps: int) -> None:
        self.reached: list[Event | None] = [None] * steps
        self.step_time: list[timedelta | None] = [None] * steps
        self.total: timedelta | None = None


def run_of(
    events: Sequence[Event], steps: Sequence[Matches], is_entry: Matches, window: timedelta, is_strict: bool
) -> Run:
    """Pass over one unit's events. A slot holds the entry and the time of the last event that filled this step."""
    slots: list[tuple[datetime, datetime] | None] = [None] * len(steps)
    run = Run(len(steps))
    for row in events:
        at: datetime = row["event_timestamp"]
        new: list[tuple[datetime, datetime] | None] = [None] * len(steps) if is_strict else list(slots)
        for k in reversed(range(len(steps))):
            if not steps[k](row):
                continue
            if k == 0:
                if not is_entry(row):
                    continue
                new[0], step_time = (at, at), None
            else:
                before = slots[k - 1]
                if before is None or at - before[0] > window:
                    continue
                new[k], step_time = (before[0], at), at - before[1]
            if run.reached[k] is None:
                run.reached[k], run.step_time[k] = row, step_time
                if k == len(steps) - 1:
                    filled = new[k]
                    assert filled is not None
                    run.total = at - filled[0]
        slots = new
    return run


@dataclass(frozen=True)
class Definition:
    """What a funnel looks for. named: event names that steps name."""

    steps: Sequence[Matches]
    named: set[str]
    window: timedelta
    is_strict: bool
    unit: str
    split: str | None


def funnel(
    world: World, span: Range, definition: Definition, until: datetime, groups: Sequence[str] | None = None
) -> dict[str | None, list[dict[str, Any]]]:
    """`funnel`: group -> its rows, the group with most entries first.

    until: steps from then on do not count. groups: those that keep their names.
    """
    steps, split, is_strict = definition.steps, definition.split, definition.is_strict
    ids = carriers(world)
    units: dict[str, list[Event]] = defaultdict(list)
    for row in sorted(world.events, key=across_sessions):
        key = world.visitor(row) if definition.unit == "visitor" else row["session_key"]
        is_ignored = is_strict and (
            (row["event_name"] in ("page_view", "click") and row["event_name"] not in definition.named)
            or (row["event_name"] in (BROWSER, SERVER) and row["event_id"] not in ids)
        )
        if key is not None and span.start <= row["event_timestamp"] < until and not is_ignored:
            units[key].append(row)

    def is_entry(row: Event) -> bool:
        return row["event_timestamp"] < span.end and passes_filters(world, row)

    runs: dict[str | None, list[Run]] = defaultdict(list)
    for events in units.values():
        run = run_of(events, steps, is_entry, definition.window, is_strict)
        if (first := run.reached[0]) is not None:
            runs[_split_value(world, first, split)].append(run)
    if split is not None:
        runs = _largest(runs, groups)
    ranked = sorted(runs, key=lambda name: (-len(runs[name]), (name or "").encode()))
    return {name: rows_of(runs[name], len(steps)) for name in ranked} or {None: rows_of([], len(steps))}


def _split_value(world: World, row: Event, split: str | None) -> str | None:
    if split is None:
        return None
    if split in EVENT_FIELDS:
        return shown(row[EVENT_FIELDS[split]])
    return shown(session_value(world.session_of(row), split))


def _largest(runs: Mapping[str | None, list[Run]], groups: Sequence[str] | None) -> dict[str | None, list[Run]]:
    names = [name for name in runs if name is not None and (groups is None or name in groups)]
    kept = sorted(names, key=lambda name: (-len(runs[name]), name.encode()))[:10]
    found: dict[str | None, list[Run]] = defaultdict(list)
    for name, group in runs.items():
        found[name if name in kept else "(other)"] += group
    return found


def rows_of(runs: Sequence[Run], steps: int) -> list[dict[str, Any]]:
    """Return a row for each step."""
    rows = []
    reached = [sum(run.reached[k] is not None for run in runs) for k in range(steps)]
    for k in range(steps):
        times = sorted(time / timedelta(seconds=1) for run in runs if (time := run.step_time[k]) is not None)
        totals = sorted(run.total / timedelta(seconds=1) for run in runs if run.total is not None)
        rows.append(
            {
                "step": k + 1,
                "reached": reached[k],
                "dropped": reached[k - 1] - reached[k] if k else None,
                "rate_previous": divide(reached[k], reached[k - 1]) if k else None,
                "rate_first": divide(reached[k], reached[0]),
                "median_step_s": ranked_value(times, 5),
                "p90_step_s": ranked_value(times, 9),
                "median_total_s": ranked_value(totals, 5) if k == steps - 1 else None,
            }
        )
    return rows


def ranked_value(ordered: Sequence[float], tenths: int) -> float | None:
    """Return the value with rank ceil(n x tenths / 10)."""
    return ordered[-(-len(ordered) * tenths // 10) - 1] if ordered else None
