"""Figures of orders recomputed in plain Python: what was sold, to whom, with what, and what was given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.metrics.oracle import World, shown, whole
from tests.metrics.oracle_orders import Order, Refund, refunds_of, revenue_of
from tests.metrics.oracle_time import Range


def history(world: World) -> list[Order]:
    """All orders before the time of the question, in the order in which they were placed."""
    placed = [order for order in world.orders if order.ordered_at < world.as_of]
    return sorted(placed, key=lambda order: (order.ordered_at, order.order_id.encode()))


def first_orders(world: World) -> dict[str, Order]:
    """The first order ever of each visitor."""
    found: dict[str, Order] = {}
    for order in history(world):
        if (visitor := world.visitor(order.carrier)) is not None:
            found.setdefault(visitor, order)
    return found


def revenue(world: World, span: Range, by: str = "currency", currency: str | None = None) -> list[dict[str, Any]]:
    """`revenue`. currency: that of the amounts, where rows are not by currency."""
    firsts = {order.order_id for order in first_orders(world).values()}

    def value_of(order: Order) -> str:
        if by == "currency":
            return order.currency
        if by != "customer":
            return shown(order.details[by])
        if world.visitor(order.carrier) is None:
            return "(unknown)"
        return "first" if order.order_id in firsts else "repeat"

    def value_of_refund(refund: Refund) -> str:
        order = world.order_of(refund)
        if by == "currency":
            return refund.currency
        return value_of(order) if order else "(none)"

    orders, refunds = world.counted_orders(span), world.counted_refunds(span)
    rows = []
    for value in {*map(value_of, orders), *map(value_of_refund, refunds)}:
        group = [order for order in orders if value_of(order) == value]
        money = value if by == "currency" else currency
        sold = revenue_of(group, money)
        given_back = refunds_of((refund for refund in refunds if value_of_refund(refund) == value), money)
        rows.append(
            {
                "value": value,
                "currency": money,
                "orders_with_total": sum(order.total is not None and order.currency == money for order in group),
                **sold,
                "refunds": given_back,
                "net_revenue": sold["revenue"] - given_back,
                **{name: _sum(name, group, money) for name in ("discount", "tax", "shipping")},
                "units": whole(sum((order.units for order in group), Decimal(0))),
            }
        )
    return sorted(rows, key=lambda row: (-row["orders"], row["value"].encode()))


def _sum(detail: str, orders: list[Order], currency: str | None) -> Decimal | None:
    """None if no order has it."""
    amounts = [order.details[detail] for order in orders if order.currency == currency]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
