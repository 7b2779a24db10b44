"""`customers`: do buyers come back?

One row: the visitors with an order in the range, and whether they had ordered before. Filters choose the orders of the
range. What came before is asked of all orders, in any currency and whatever the filters.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money, ratio
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("customers", "int"),
    Column("first_time", "int"),
    Column("repeat_customers", "int"),
    Column("repeat_rate", "rate"),
    Column("orders_per_customer", "double"),
    Column("median_days_between_orders", "int"),
    Column("revenue_first", "money"),
    Column("revenue_repeat", "money"),
    Column("currency", "text"),
)


def customers(scope: Scope) -> Result:
    """Return the figures of one period."""
    row = scope.fetch("customers/customers").dicts()[0]
    figures = {
        **row,
        "repeat_rate": ratio(row["repeat_customers"], row["customers"]),
        "orders_per_customer": ratio(row["orders"], row["customers"]),
        "revenue_first": money(row["revenue_first"]),
        "revenue_repeat": money(row["revenue_repeat"]),
        "currency": scope.currency,
    }
    return Result(COLUMNS, [tuple(figures[column.name] for column in COLUMNS)], {"orders": row["orders"]}, 1)
