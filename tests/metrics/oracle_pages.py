"""Pages recomputed in plain Python: views of a page, and the pages where sessions begin and end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.metrics.oracle import Event, World, divide, duration_us, shown
from tests.metrics.oracle_orders import revenue_of
from tests.metrics.oracle_time import Range

SECOND = timedelta(seconds=1)


def pages_top(world: World, span: Range) -> list[dict[str, Any]]:
    """`pages_top`: page views in range by path."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for row in world.counted_events(span):
        if row["is_page_view"]:
            groups[shown(row["page_path"])].append(row)
    rows = [{"page_path": path, **_view_figures(world, views)} for path, views in groups.items()]
    return sorted(rows, key=lambda row: (-row["page_views"], row["page_path"].encode()))


def _view_figures(world: World, views: Sequence[Event]) -> dict[str, Any]:
    entries = exits = 0
    times: list[float] = []
    for view in views:
        if not view["session_key"]:
            continue
        session = world.session_of(view)
        pages = [row for row in session if row["is_page_view"]]
        entries += pages[0] is view
        exits += pages[-1] is view
        following = pages[pages.index(view) + 1 :][:1] or session[session.index(view) + 1 :][-1:]
        times += [(row["event_timestamp"] - view["event_timestamp"]) / SECOND for row in following]
    return {
        "page_views": len(views),
        "visitors": len({world.visitor(view) for view in views} - {None}),
        "sessions": len({view["session_key"] for view in views} - {None}),
        "entries": entries,
        "exits": exits,
        "exit_rate": divide(exits, len(views)),
        "avg_time_s": divide(sum(times), len(times)),
    }


def session_pages(world: World, span: Range, is_exit: bool, currency: str | None) -> list[dict[str, Any]]:
    """`pages_landing` and `pages_exit`: counted sessions by their first or last page view."""
    groups: dict[str, list[str]] = defaultdict(list)
    for key, session in world.counted_sessions(span).items():
        pages = [row["page_path"] for row in session if row["is_page_view"]] or [None]
        groups[shown(pages[-1 if is_exit else 0])].append(key)
    rows = []
    for path, keys in groups.items():
        sessions = [world.sessions[key] for key in keys]
        bounces = sum(not world.is_engaged(session) for session in sessions)
        ordered = sum(bool(world.orders_in(key)) for key in keys)
        money = revenue_of([order for key in keys for order in world.orders_in(key)], currency)
        rows.append(
            {
                "page_path": path,
                "sessions": len(keys),
                "visitors": len({world.session_visitor(session) for session in sessions} - {None}),
                "bounces": bounces,
                "bounce_rate": divide(bounces, len(keys)),
                "avg_session_s": divide(sum(map(duration_us, sessions)) / 1e6, len(keys)),
                "order_sessions": ordered,
                "conversion_rate": divide(ordered, len(keys)),
                "orders": money["orders"],
                "revenue": money["revenue"],
            }
        )
    return sorted(rows, key=lambda row: (-row["sessions"], row["page_path"].encode()))
