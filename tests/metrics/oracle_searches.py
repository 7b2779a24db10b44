"""`search_terms` recomputed in plain Python: each session is read event by event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tests.metrics.oracle import Event, World, divide
from tests.metrics.oracle_time import Range

PAGE_EVENTS = ("page_view", "home_view", "category_view")


def search_terms(world: World, span: Range) -> list[dict[str, Any]]:
    """A row for each term."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for row in searches(world, span):
        if row["search_term"]:
            groups[row["search_term"]].append(row)
    rows = [{"term": term, **_figures(world, term, group)} for term, group in groups.items()]
    return sorted(rows, key=lambda row: (-row["searches"], row["term"].encode()))


def searches(world: World, span: Range) -> list[Event]:
    return [row for row in world.counted_events(span) if row["event_name"] == "search"]


def _figures(world: World, term: str, group: Sequence[Event]) -> dict[str, Any]:
    without_result = sum(row["search_results"] == 0 for row in group)
    known = sum(row["search_results"] is not None for row in group)
    keys = {row["session_key"] for row in group} - {None}
    return {
        "searches": len(group),
        "visitors": len({world.visitor(row) for row in group} - {None}),
        "sessions": len(keys),
        "no_result_searches": without_result,
        "no_result_rate": divide(without_result, known),
        "view_sessions": sum(_viewed(world, key, term) for key in keys),
        "exit_sessions": sum(_exited(world, key, term) for key in keys),
        "order_sessions": sum(_ordered(world, key, term) for key in keys),
    }


def _last_search(session: Sequence[Event], term: str) -> int:
    return max(number for number, row in enumerate(session) if row["search_term"] == term)


def _events_after(session: Sequence[Event], term: str) -> Sequence[Event]:
    """What followed the last search for the term, up to the next search for another term."""
    after = session[_last_search(session, term) + 1 :]
    end = next((number for number, row in enumerate(after) if row["search_term"]), len(after))
    return after[:end]


def _viewed(world: World, key: str, term: str) -> bool:
    return any(row["event_name"] == "product_view" for row in _events_after(world.all_sessions[key], term))


def _exited(world: World, key: str, term: str) -> bool:
    session = world.all_sessions[key]
    last = _last_search(session, term)
    return all(
        row["event_name"] in PAGE_EVENTS and row["page_path"] == session[last]["page_path"]
        for row in session[last + 1 :]
    )


def _ordered(world: World, key: str, term: str) -> bool:
    carriers = {order.carrier["event_id"] for order in world.orders_in(key)}
    return any(row["event_id"] in carriers for row in _events_after(world.all_sessions[key], term))
