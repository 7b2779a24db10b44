"""`revenue`: how much was sold, and given back?

Orders count when they were placed, refunds when they were made, each by the value of its order. By currency, every
currency has a row; otherwise the amounts are in one. Amounts in different currencies are never added; an order without
a currency is in `XXX`. An order without a total counts as an order, but adds no revenue.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import value_sql
from clickstream.metrics.rules.result import Result, money, per_order
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("value", "text"),
    Column("currency", "text"),
    Column("orders", "int"),
    Column("orders_with_total", "int"),
    Column("revenue", "money"),
    Column("refunds", "money"),
    Column("net_revenue", "money"),
    Column("discount", "money"),
    Column("tax", "money"),
    Column("shipping", "money"),
    Column("aov", "double"),
    Column("units", "int"),
)
_DETAILS = ("discount", "tax", "shipping")
_CUSTOMER = """
    case
        when o.visitor is null then '(unknown)'
        when o.id in (select id from first_orders) then 'first'
        else 'repeat'
    end
"""
_VALUES = {
    "currency": "o.currency",
    "payment_method": value_sql("o.payment_method"),
    "coupon": value_sql("o.coupon"),
    "customer": _CUSTOMER,
}
BY = tuple(_VALUES)


def revenue(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Return one row per currency, payment method, coupon or kind of customer, most orders first.

    only: return these values alone.
    """
    by = scope.options["by"]
    if by == "currency" and "currency" in scope.options:
        why = "not used with by=currency, which shows every currency"
        raise QuestionError("invalid_option", "currency", why, "use another value of by")
    value = _VALUES[by]
    slots, params = page_slots(scope.question, only)
    slots |= {
        "value": value,
        "refund_value": "r.currency" if by == "currency" else f"case when o.id is null then '(none)' else {value} end",
        "shown": "true" if by == "currency" else "currency = $currency",
    }
    found = scope.fetch("revenue", slots, params).dicts()
    rows = []
    for row in found:
        if row["value"] is None:  # the only row of an empty page; it carries the totals
            continue
        sold, refunds = money(row["revenue"]), money(row["refunds"])
        figures = {
            **row,
            "currency": row["value"] if by == "currency" else scope.currency,
            "revenue": sold,
            "refunds": refunds,
            "net_revenue": sold - refunds,
            **{name: None if row[name] is None else money(row[name]) for name in _DETAILS},
            "aov": per_order(sold, row["orders_with_total"]),
        }
        rows.append(tuple(figures[column.name] for column in COLUMNS))
    rows_behind = {"orders": int(found[0]["total_orders"]), "refunds": int(found[0]["total_refunds"])}
    return Result(COLUMNS, rows, rows_behind, found[0]["total_rows"], keys=1)
