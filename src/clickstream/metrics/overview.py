"""`overview`: is it going well, and what changed?

One row for the range. Visitors, events, page views, products and views are counted by rows in range; sessions by
their start, with all their events. Averages and `pages_per_session` are those of the counted sessions.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("visitors", "int"),
    Column("new_visitors", "int"),
    Column("returning_visitors", "int"),
    Column("sessions", "int"),
    Column("engaged_sessions", "int"),
    Column("bounces", "int"),
    Column("bounce_rate", "rate"),
    Column("page_views", "int"),
    Column("events", "int"),
    Column("products", "int"),
    Column("views", "int"),
    Column("events_per_session", "double"),
    Column("pages_per_session", "double"),
    Column("avg_session_s", "double"),
    Column("median_session_s", "double"),
    Column("cart_sessions", "int"),
    Column("checkout_sessions", "int"),
)
SECOND_US = 1_000_000


def overview(scope: Scope) -> Result:
    """The key figures of one period."""
    found = {name: None if value is None else int(value) for name, value in scope.fetch("overview").dicts()[0].items()}
    sessions, engaged, visitors, new = (
        found[name] or 0 for name in ("sessions", "engaged_sessions", "visitors", "new_visitors")
    )
    figures = {
        **found,
        "returning_visitors": visitors - new,
        "bounces": sessions - engaged,
        "bounce_rate": ratio(sessions - engaged, sessions),
        "events_per_session": ratio(found["session_events"], sessions),
        "pages_per_session": ratio(found["session_page_views"], sessions),
        "avg_session_s": ratio(found["duration_us"], sessions * SECOND_US),
        "median_session_s": ratio(found["median_us"], SECOND_US),
    }
    row = tuple(figures[column.name] for column in COLUMNS)
    return Result(COLUMNS, [row], {"clickstream_events": found["events"] or 0, "sessions": sessions}, total_rows=1)
