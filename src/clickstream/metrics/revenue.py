"""`revenue`: how much was sold, in each currency?

Orders count by the time they were placed. Amounts in different currencies are never added; an order without a
currency is in `XXX`. Revenue is gross: refunds are not subtracted. An order without a total counts as an order, but
adds no revenue.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money, per_order
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("currency", "text"),
    Column("orders", "int"),
    Column("orders_with_total", "int"),
    Column("revenue", "money"),
    Column("aov", "double"),
    Column("units", "int"),
)


def revenue(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Return one row per currency, most orders first. only: return these currencies alone."""
    slots, params = page_slots(scope.question, only, "p.currency")
    found = scope.fetch("revenue", slots, params).dicts()
    rows = []
    for row in found:
        if row["currency"] is None:
            continue
        amount = money(row["revenue"])
        figures = {**row, "revenue": amount, "aov": per_order(amount, row["orders_with_total"])}
        rows.append(tuple(figures[column.name] for column in COLUMNS))
    return Result(COLUMNS, rows, {"orders": int(found[0]["total_orders"])}, found[0]["total_rows"], keys=1)
