"""`products`: which products sell, and where do shoppers drop out?

Events in the range that name a product (or a category, or a brand), and the items of orders in the range. Session
figures count sessions that viewed it, that added it to the cart, that started a checkout after adding it, and that
placed an order with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money, ratio
from clickstream.metrics.rules.scope import Scope, page_slots
from clickstream.warehouse.dialects import fill

NAMES = (Column("name", "text"), Column("category", "text"), Column("brand", "text"))
FIGURES = (
    Column("views", "int"),
    Column("cart_adds", "int"),
    Column("units", "int"),
    Column("orders", "int"),
    Column("revenue", "money"),
    Column("view_sessions", "int"),
    Column("cart_sessions", "int"),
    Column("checkout_sessions", "int"),
    Column("order_sessions", "int"),
    Column("view_to_cart", "rate"),
    Column("cart_to_checkout", "rate"),
    Column("checkout_to_order", "rate"),
    Column("view_to_order", "rate"),
)
_BY = {"product": "product_id", "category": "category", "brand": "brand"}
_EVENTS = """
    select
        max(id) filter (text = 'product_view') as view,
        max(id) filter (text = 'add_to_cart_click') as add,
        max(id) filter (text = 'checkout_start') as checkout
    from texts
    where text in ('product_view', 'add_to_cart_click', 'checkout_start')
"""
"""The numbers of event names; NULL for one that no event has."""
_FROM_HITS = {"cut": "true", "whole": "false"}
"""Where events are filtered, each is read."""
_FROM_SESSIONS = {
    "whole": "q.first_quarter >= ($start + 899999999) // 900000000 and q.last_quarter < $end // 900000000",
    "cut": """(h.session is null or h.session in (
        select id
        from sessions
        where start_at < $end and end_at >= $start and (
            start_at // 900000000 < ($start + 899999999) // 900000000 or end_at // 900000000 >= $end // 900000000
        )
        {or_mixed}
    ))""",
}
"""Sessions in whole quarters of the range as the mart counted them, other sessions event by event."""
_OR_MIXED = "union all select session from mixed_sessions"
_Names = dict[str, tuple[str | None, ...]]


def products(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Rank products, categories or brands, most revenue first.

    only: return these values alone, all on one page, without names.
    """
    by = scope.options["by"]
    slots, params = page_slots(scope.question, only)
    column = _BY[by]
    sources = _FROM_HITS if scope.conditions.event else _FROM_SESSIONS
    cut = fill(sources["cut"], or_mixed=_OR_MIXED if scope.members else "")
    params |= scope.cursor.fetch(_EVENTS).dicts()[0]
    slots |= {**sources, "cut": cut, "value": f"p.{column}", "bits": f"q.{column}"}
    found = scope.fetch("products", slots, params).dicts()
    total, found = found[0], [row for row in found if row["value"] is not None]
    named = by == "product"
    names = product_names(scope, [row["value"] for row in found]) if named and only is None else {}
    nameless = (None,) * len(NAMES) if named else ()
    rows = [(row["value"], *names.get(row["value"], nameless), *_figures(row)) for row in found]
    events = scope.rows_behind("clickstream_events")["clickstream_events"]
    return Result(
        (Column("value", "text"), *(NAMES if named else ()), *FIGURES),
        rows,
        {"clickstream_events": int(total["valued_events"]), "order_items": int(total["items"])},
        total["total_rows"],
        keys=1,
        extra={"events_without_product": events - int(total["valued_events"])},
    )


def _figures(row: dict[str, Any]) -> tuple[Any, ...]:
    counts = {column.name: int(row[column.name]) for column in FIGURES if column.type == "int"}
    figures = {
        **counts,
        "revenue": money(row["revenue"]),
        "view_to_cart": ratio(row["view_cart_sessions"], counts["view_sessions"]),
        "cart_to_checkout": ratio(counts["checkout_sessions"], counts["cart_sessions"]),
        "checkout_to_order": ratio(row["checkout_order_sessions"], counts["checkout_sessions"]),
        "view_to_order": ratio(row["view_order_sessions"], counts["view_sessions"]),
    }
    return tuple(figures[column.name] for column in FIGURES)


def product_names(scope: Scope, ids: Sequence[str]) -> _Names:
    """Map each product id to its last known name, category and brand."""
    return {row[0]: tuple(row[1:]) for row in scope.fetch("products_named", params={"products": list(ids)}).rows}
