"""`revenue`: what money came in, in each currency?

Orders by the time they were placed. Amounts of two currencies are never added; an order without currency is in `XXX`.
Gross: the contract of events knows no refunds. An order without total counts as an order, not as revenue.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money, per_order
from clickstream.metrics.rules.scope import Scope, page_of

COLUMNS = (
    Column("currency", "text"),
    Column("orders", "int"),
    Column("orders_with_total", "int"),
    Column("revenue", "money"),
    Column("aov", "double"),
    Column("units", "int"),
)


def revenue(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Currencies, most orders first. `only`: just these."""
    slots, params = page_of(scope.question, only, "p.currency")
    found = scope.fetch("revenue", slots, params).dicts()
    rows = []
    for row in found:
        if row["currency"] is None:
            continue
        amount = money(row["revenue"])
        figures = {**row, "revenue": amount, "aov": per_order(amount, row["orders_with_total"])}
        rows.append(tuple(figures[column.name] for column in COLUMNS))
    return Result(COLUMNS, rows, {"orders": found[0]["total_orders"]}, found[0]["total_rows"], keys=1)
