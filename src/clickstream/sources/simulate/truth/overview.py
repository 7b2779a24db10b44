"""`overview` as it truly is, and its comparison with another range."""

from __future__ import annotations

from typing import Any

from clickstream.sources.simulate.truth.orders import main_currency, money, sums
from clickstream.sources.simulate.truth.sums import ratio, total
from clickstream.sources.simulate.truth.world import World

Row = dict[str, Any]


def overview(world: World, first: int, last: int, currency: str | None = None) -> Row:
    """One row for the local days `[first, last)`. currency: the one to show money in, default that of most orders."""
    days = world.between(first, last)
    start, end = world.calendar.start(first), world.calendar.start(last)
    people = world.identity.visitors({pair for day in days for pair in day.pairs})
    new = {visitor for visitor in people if start <= world.identity.new_at.get(visitor, -1) < end}
    done = total(day.sums for day in days)
    orders = world.orders(first, last)
    currency = currency or main_currency(orders)
    revenue, aov = sums(orders, currency)
    # What only a server without the browser's ids has told is nobody's conversion.
    buyers = world.identity.visitors({told.pair for told in orders if told.has_session})
    return {
        "visitors": len(people),
        "new_visitors": len(new),
        "returning_visitors": len(people) - len(new),
        "sessions": done.sessions,
        "engaged_sessions": done.engaged,
        "bounces": done.sessions - done.engaged,
        "bounce_rate": ratio(done.sessions - done.engaged, done.sessions),
        "page_views": sum(day.page_views for day in days),
        "events": sum(day.events for day in days),
        "products": len({product for day in days for product in day.products}),
        "views": sum(day.views for day in days),
        "events_per_session": ratio(done.events, done.sessions),
        "pages_per_session": ratio(done.page_views, done.sessions),
        "avg_session_s": done.average_s(),
        "median_session_s": done.median_s(),
        "cart_sessions": done.carts,
        "checkout_sessions": done.checkouts,
        "order_sessions": done.ordering,
        "conversion_rate": ratio(done.ordering, done.sessions),
        "visitor_conversion_rate": ratio(len(buyers), len(people)),
        "orders": len(orders),
        "orders_without_session": sum(not told.has_session for told in orders),
        "revenue": money(revenue),
        "aov": aov,
        "currency": currency,
    }


def compared(now: Row, before: Row) -> Row:
    """`now` with `x_previous` and `x_change` (for rates `x_change_points`) of each number."""
    row = dict(now)
    for name, value in now.items():
        if name == "currency":
            continue
        old, is_rate = before[name], name.endswith("_rate")
        change = None
        if value is not None and old is not None and (is_rate or old):
            change = value - old if is_rate else float((value - old) / old)
        row[f"{name}_previous"] = old
        row[f"{name}_change_points" if is_rate else f"{name}_change"] = change
    return row
