"""`rfm` and `rfm_customers` recomputed in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.metrics.oracle import World
from tests.metrics.oracle_orders import Order
from tests.metrics.oracle_time import Range, bucket_of, start_of

from clickstream.metrics.question import Question

GROUPS = ("champions", "loyal", "new", "promising", "at_risk", "lost")


def days_before(question: Question, days: int, to_date: date) -> Range:
    """The `days` days before `to_date`, cut at `as_of`."""
    start, whole_end = start_of(question.tz, to_date - timedelta(days=days)), start_of(question.tz, to_date)
    return Range(start, max(start, min(whole_end, question.as_of)), whole_end)


def rfm_customers(
    world: World, span: Range, question: Question, last_date: date, currency: str | None
) -> list[dict[str, Any]]:
    """`rfm_customers`: a row for each customer."""
    orders: dict[str, list[Order]] = defaultdict(list)
    for order in world.counted_orders(span):
        visitor = world.visitor(order.carrier)
        if visitor is not None and order.total is not None and order.currency == currency:
            orders[visitor].append(order)
    rows: list[dict[str, Any]] = []
    for visitor, group in orders.items():
        last = max(order.ordered_at for order in group)
        local, _ = bucket_of("day", question.tz, last)
        revenue = sum((order.total for order in group if order.total is not None), Decimal(0))
        recency = (last_date - local.date()).days
        rows.append({"visitor_id": visitor, "last_order_at": last, "recency_days": recency, "orders": len(group)})
        rows[-1]["revenue"] = revenue
    for row in rows:
        row["r"] = 1 + 5 * sum(other["recency_days"] > row["recency_days"] for other in rows) // len(rows)
        row["f"] = 1 + 5 * sum(other["orders"] < row["orders"] for other in rows) // len(rows)
        row["m"] = 1 + 5 * sum(other["revenue"] < row["revenue"] for other in rows) // len(rows)
        row["group"] = _group(row["r"], row["f"], row["orders"])
    return sorted(rows, key=lambda row: (-row["r"] - row["f"] - row["m"], -row["revenue"], row["visitor_id"].encode()))


def _group(r: int, f: int, orders: int) -> str:
    if r >= 4 and f >= 4:
        return "champions"
    if r >= 3 and f >= 3:
        return "loyal"
    if r >= 4 and orders == 1:
        return "new"
    if r >= 3:
        return "promising"
    return "at_risk" if f >= 3 else "lost"


def rfm(customers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`rfm`: always six rows."""
    return [
        {
            "group": group,
            "customers": sum(row["group"] == group for row in customers),
            "orders": sum(row["orders"] for row in customers if row["group"] == group),
            "revenue": sum((row["revenue"] for row in customers if row["group"] == group), Decimal(0)),
        }
        for group in GROUPS
    ]
