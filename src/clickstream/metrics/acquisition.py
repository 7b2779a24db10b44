"""`acquisition`: which channels bring visitors who buy?

Sessions that start in the range, grouped by where they came from, or by whether they are the first session of a new
visitor. A visitor with sessions from two channels counts in both. Revenue is that of the orders placed in these
sessions; an order without a session is in no group.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.overview import SECOND_US
from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import ACQUISITION_COLUMNS
from clickstream.metrics.rules.result import Result, money, per_order, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("value", "text"),
    Column("sessions", "int"),
    Column("visitors", "int"),
    Column("new_sessions", "int"),
    Column("engaged_sessions", "int"),
    Column("bounce_rate", "rate"),
    Column("avg_session_s", "double"),
    Column("cart_sessions", "int"),
    Column("order_sessions", "int"),
    Column("conversion_rate", "rate"),
    Column("orders", "int"),
    Column("revenue", "money"),
    Column("aov", "double"),
)
BY = (*ACQUISITION_COLUMNS, "new_returning")
_SUMS = ("sessions", "new_sessions", "engaged_sessions", "cart_sessions", "order_sessions", "orders", "paid_orders")


def acquisition(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Group sessions by channel, source, medium…, most sessions first.

    only: return these values alone, all on one page.
    """
    by = scope.options["by"]
    if by == "new_returning":
        return sessions_by(scope, "case when f.id is null then 'returning' else 'new' end", only)
    return sessions_by(scope, f"s.{ACQUISITION_COLUMNS[by]}", only)


def sessions_by(scope: Scope, value: str, only: Sequence[str] | None, columns: Sequence[Column] = COLUMNS) -> Result:
    """Group the counted sessions by an SQL expression.

    value: may use `s` (the session) and `f` (not null when the session is the first of a new visitor).
    columns: the figures to return; the first column is the value.
    """
    slots, params = page_slots(scope.question, only)
    found = scope.fetch("acquisition", {**slots, "value": value}, params).dicts()
    rows = []
    for row in found:
        if row["value"] is None:  # the only row of an empty page; it carries the totals
            continue
        counts = {name: int(row[name] or 0) for name in _SUMS}  # each engine has its own type for sums
        sessions, revenue = counts["sessions"], money(row["revenue"])
        figures = {
            **row,
            **counts,
            "bounces": sessions - counts["engaged_sessions"],
            "bounce_rate": ratio(sessions - counts["engaged_sessions"], sessions),
            "avg_session_s": ratio(int(row["duration_us"]), sessions * SECOND_US),
            "conversion_rate": ratio(counts["order_sessions"], sessions),
            "revenue": revenue,
            "aov": per_order(revenue, counts["paid_orders"]),
        }
        rows.append((row["value"], *(figures[column.name] for column in columns[1:])))
    total = found[0]
    return Result(tuple(columns), rows, {"sessions": int(total["total_sessions"])}, total["total_rows"], keys=1)
