"""The live metrics recomputed in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.metrics.oracle import SESSION_FIELDS, Event, World, session_value, shown
from tests.metrics.oracle_orders import revenue_of
from tests.metrics.oracle_time import Range

MINUTE = timedelta(minutes=1)


def window(world: World) -> Range:
    start = world.as_of.replace(second=0, microsecond=0) - 29 * MINUTE
    return Range(start, world.as_of, world.as_of)


def live(world: World, currency: str | None) -> dict[str, Any]:
    """`live`: one row."""
    span = window(world)
    events = world.counted_events(span)
    sold = revenue_of(world.counted_orders(span), currency)
    return {
        "visitors_30m": _visitors(world, events),
        "visitors_5m": _visitors(world, [row for row in events if row["event_timestamp"] >= world.as_of - 5 * MINUTE]),
        "sessions_30m": len({row["session_key"] for row in events} - {None}),
        "page_views": sum(row["is_page_view"] for row in events),
        "orders": sold["orders"],
        "revenue": sold["revenue"],
    }


def live_minutes(world: World) -> list[dict[str, Any]]:
    """`live_minutes`: 30 rows."""
    rows = []
    for number in range(30):
        minute = window(world).start + number * MINUTE
        events = [
            row for row in world.counted_events(window(world)) if minute <= row["event_timestamp"] < minute + MINUTE
        ]
        rows.append({"minute": minute, "events": len(events), "visitors": _visitors(world, events)})
    return rows


def live_top(world: World, by: str) -> list[dict[str, Any]]:
    """`live_top`: all rows."""
    groups: dict[str, list[Event]] = {}
    for row in world.counted_events(window(world)):
        session = world.session_of(row)
        value = session_value(session, by) if by in SESSION_FIELDS else row[by]
        groups.setdefault(shown(value), []).append(row)
    rows = [
        {
            "value": value,
            "events": len(group),
            "page_views": sum(row["is_page_view"] for row in group),
            "visitors": _visitors(world, group),
        }
        for value, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row["events"], row["value"].encode()))


def _visitors(world: World, events: Sequence[Event]) -> int:
    return len({world.visitor(row) for row in events} - {None})
