"""Figures of orders recomputed in plain Python: what was sold, to whom, with what, and what was given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from tests.metrics.oracle import World, divide, shown, whole
from tests.metrics.oracle_orders import Order, Refund, refunds_of, revenue_of
from tests.metrics.oracle_time import Range, bucket_of, start_of


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


def customers(world: World, span: Range, currency: str | None) -> dict[str, Any]:
    """`customers`."""
    before: dict[str, Order] = {}
    last: dict[str, Order] = {}
    for order in history(world):
        if (visitor := world.visitor(order.carrier)) is not None:
            if visitor in last:
                before[order.order_id] = last[visitor]
            last[visitor] = order
    bought = [
        order
        for order in world.counted_orders(span)
        if order.total is not None and order.currency == currency and world.visitor(order.carrier) is not None
    ]
    firsts = [order for order in bought if order.order_id not in before]
    repeats = [order for order in bought if order.order_id in before]
    buyers = {world.visitor(order.carrier) for order in bought}
    again = {world.visitor(order.carrier) for order in repeats}
    days = sorted((order.ordered_at - before[order.order_id].ordered_at) // timedelta(days=1) for order in repeats)
    return {
        "customers": len(buyers),
        "first_time": len({world.visitor(order.carrier) for order in firsts}),
        "repeat_customers": len(again),
        "repeat_rate": divide(len(again), len(buyers)),
        "orders_per_customer": divide(len(bought), len(buyers)),
        "median_days_between_orders": days[(len(days) + 1) // 2 - 1] if days else None,
        "revenue_first": revenue_of(firsts, currency)["revenue"],
        "revenue_repeat": revenue_of(repeats, currency)["revenue"],
        "currency": currency,
    }


def bought_together(world: World, span: Range) -> list[dict[str, Any]]:
    """`bought_together`, without names."""
    baskets = [{item["product_id"] for item in order.items} - {None} for order in world.counted_orders(span)]
    baskets = [basket for basket in baskets if 0 < len(basket) <= 100]
    counts = Counter(product for basket in baskets for product in basket)
    pairs = Counter(pair for basket in baskets for pair in combinations(sorted(basket, key=str.encode), 2))
    rows = [
        {
            "product_a": a,
            "product_b": b,
            "orders": count,
            "share_a": count / counts[a],
            "share_b": count / counts[b],
            "lift": count * len(baskets) / (counts[a] * counts[b]),
        }
        for (a, b), count in pairs.items()
        if count >= 3
    ]
    return sorted(rows, key=lambda row: (-row["orders"], row["product_a"].encode(), row["product_b"].encode()))


@dataclass(frozen=True)
class Followed:
    """How long customers are followed, and in which currency."""

    periods: int
    tz: ZoneInfo
    currency: str | None


def ltv(world: World, span: Range, followed: Followed) -> list[dict[str, Any]]:
    """`ltv`, for a range of whole months."""
    counted = {order.order_id for order in world.counted_orders(span)}
    cohorts: dict[date, set[str]] = {}
    for visitor, order in first_orders(world).items():
        if order.order_id in counted:
            cohorts.setdefault(_month(followed.tz, order.ordered_at), set()).add(visitor)
    rows = [row for cohort in sorted(cohorts) for row in _cohort_rows(world, cohort, cohorts[cohort], followed)]
    complete = [row for row in rows if row["is_complete"]]
    for period in sorted({row["period"] for row in complete}):
        group = [row for row in complete if row["period"] == period]
        sums = {name: sum(row[name] for row in group) for name in ("customers", "orders", "revenue", "net_revenue")}
        each = float(sums["revenue"] / sums["customers"])
        rows.append({"cohort": None, "period": period, **sums, "revenue_per_customer": each, "is_complete": True})
    return rows


def _cohort_rows(world: World, cohort: date, visitors: set[str], followed: Followed) -> Iterator[dict[str, Any]]:
    tz, currency = followed.tz, followed.currency
    for period in range(followed.periods + 1):
        start, end = start_of(tz, _later(cohort, period)), start_of(tz, _later(cohort, period + 1))
        if start >= world.as_of:
            return
        orders = [
            order
            for order in history(world)
            if order.ordered_at < end and order.currency == currency and world.visitor(order.carrier) in visitors
        ]
        refunds = [
            refund
            for refund in world.refunds
            if refund.refunded_at < min(end, world.as_of)
            and (order := world.order_of(refund))
            and world.visitor(order.carrier) in visitors
        ]
        revenue = revenue_of(orders, currency)["revenue"]
        yield {
            "cohort": cohort,
            "customers": len(visitors),
            "period": period,
            "orders": len(orders),
            "revenue": revenue,
            "net_revenue": revenue - refunds_of(refunds, currency),
            "revenue_per_customer": float(revenue / len(visitors)),
            "is_complete": end <= world.as_of,
        }


def _month(tz: ZoneInfo, moment: datetime) -> date:
    return bucket_of("month", tz, moment)[0].date()


def _later(month: date, months: int) -> date:
    for _ in range(months):
        month = (month + timedelta(days=31)).replace(day=1)
    return month
