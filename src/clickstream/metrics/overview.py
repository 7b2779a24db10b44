"""`overview`: is it going well, and what changed?

One row for the range. Visitors, events, page views, products and views count events in the range; sessions count
where they start, with all their events and orders; orders count by `ordered_at`. Averages and `pages_per_session` are
those of the counted sessions. Refunds count when they were made. Amounts are in one currency.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money, per_order, ratio
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
    Column("order_sessions", "int"),
    Column("conversion_rate", "rate"),
    Column("visitor_conversion_rate", "rate"),
    Column("orders", "int"),
    Column("orders_without_session", "int"),
    Column("revenue", "money"),
    Column("refunds", "money"),
    Column("net_revenue", "money"),
    Column("aov", "double"),
    Column("currency", "text"),
)
SECOND_US = 1_000_000


def overview(scope: Scope) -> Result:
    """Return the key figures of one period."""
    row = scope.fetch("overview").dicts()[0]
    revenue, refunds = money(row.pop("revenue")), money(row.pop("refunds"))
    found = {name: None if value is None else int(value) for name, value in row.items()}
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
        "conversion_rate": ratio(found["order_sessions"], sessions),
        "visitor_conversion_rate": ratio(found["order_visitors"], visitors),
        "revenue": revenue,
        "refunds": refunds,
        "net_revenue": revenue - refunds,
        "aov": per_order(revenue, found["paid_orders"]),
        "currency": scope.currency,
    }
    rows_behind = {
        "clickstream_events": found["events"] or 0,
        "sessions": sessions,
        "orders": found["orders"] or 0,
        "refunds": found["refund_rows"] or 0,
    }
    return Result(COLUMNS, [tuple(figures[column.name] for column in COLUMNS)], rows_behind, total_rows=1)
