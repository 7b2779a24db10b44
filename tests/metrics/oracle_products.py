"""`products` recomputed in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.metrics.oracle import EVENT_FIELDS, Event, World, divide, order_key, whole
from tests.metrics.oracle_orders import Order
from tests.metrics.oracle_time import Range


def products(world: World, span: Range, by: str, currency: str | None) -> list[dict[str, Any]]:
    """`products`, by `product`, `category` or `brand`."""
    field = EVENT_FIELDS["product_id" if by == "product" else by]
    groups: dict[str, list[Event]] = defaultdict(list)
    sold: dict[str, list[tuple[Order, dict[str, Any]]]] = defaultdict(list)
    for row in world.counted_events(span):
        if row[field]:
            groups[row[field]].append(row)
    for order in sorted(world.counted_orders(span), key=lambda order: (order.ordered_at, order.order_id.encode())):
        for item in order.items:
            if item[field.replace("context_", "")]:
                sold[item[field.replace("context_", "")]].append((order, item))
    rows = [
        {"value": value, **_product_figures(world, span, groups[value], sold[value], currency)}
        for value in {*groups, *sold}
    ]
    if by == "product":
        rows = [row | _last_names(groups[row["value"]], sold[row["value"]]) for row in rows]
    return sorted(rows, key=lambda row: (-row["revenue"], -row["units"], -row["views"], row["value"].encode()))


def _last_names(group: Sequence[Event], sold: Sequence[tuple[Order, dict[str, Any]]]) -> dict[str, str | None]:
    def last(name: str) -> str | None:
        seen = [row[f"context_product_{name}"] for row in group]
        named = [value for value in (*(item[f"product_{name}"] for _, item in sold), *seen) if value is not None]
        return named[-1] if named else None

    return {name: last(name) for name in ("name", "category", "brand")}


def _product_figures(
    world: World,
    span: Range,
    group: Sequence[Event],
    sold: Sequence[tuple[Order, dict[str, Any]]],
    currency: str | None,
) -> dict[str, Any]:
    views = [row for row in group if row["event_name"] == "product_view"]
    adds = [row for row in group if row["event_name"] == "add_to_cart_click"]
    viewed = {row["session_key"] for row in views} - {None}
    added = {row["session_key"] for row in adds} - {None}
    checked = {row["session_key"] for row in adds if row["session_key"] and _checks_out_after(world, span, row)}
    bought = {order.session_key for order, _ in sold} - {None}
    paid = [item for order, item in sold if order.currency == currency and item["price"] is not None]
    return {
        "views": len(views),
        "cart_adds": len(adds),
        "units": whole(sum((item["quantity"] for _, item in sold), Decimal(0))),
        "orders": len({order.order_id for order, _ in sold}),
        "revenue": sum((item["price"] * item["quantity"] for item in paid), Decimal(0)).quantize(
            Decimal("0.0001"), ROUND_HALF_UP
        ),
        "view_sessions": len(viewed),
        "cart_sessions": len(added),
        "checkout_sessions": len(checked),
        "order_sessions": len(bought),
        "view_to_cart": divide(len(viewed & added), len(viewed)),
        "cart_to_checkout": divide(len(checked), len(added)),
        "checkout_to_order": divide(len(checked & bought), len(checked)),
        "view_to_order": divide(len(viewed & bought), len(viewed)),
    }


def _checks_out_after(world: World, span: Range, add: Event) -> bool:
    return any(
        row["event_name"] == "checkout_start"
        and order_key(row) > order_key(add)
        and span.start <= row["event_timestamp"] < span.end
        for row in world.events
        if row["session_key"] == add["session_key"]
    )
