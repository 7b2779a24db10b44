"""`rfm`: how many customers are in each group of `rfm_customers`?"""

from __future__ import annotations

from clickstream.metrics.customers.rfm_customers import GROUPS, scored_parts
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("group", "text"),
    Column("customers", "int"),
    Column("orders", "int"),
    Column("revenue", "money"),
)


def rfm(scope: Scope) -> Result:
    """Return a row for each group, always all six."""
    slots, params = scored_parts(scope)
    table = scope.fetch("customers/rfm", slots, params, after="customers/scored")
    found = {group: (int(customers), int(orders), money(revenue)) for group, customers, orders, revenue in table.rows}
    rows = [(group, *found.get(group, (0, 0, money(0)))) for group in GROUPS]
    return Result(COLUMNS, rows, {"orders": sum(row[2] for row in rows)}, len(rows), keys=1)
