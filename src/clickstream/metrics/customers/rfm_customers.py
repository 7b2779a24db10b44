"""`rfm_customers`: who are the good customers?

Customers by recency, frequency and monetary value of their orders: each is scored from 1 to 5 by the share of customers
who are worse, and the scores decide the customer's group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from clickstream.metrics.definition import Option, whole_number
from clickstream.metrics.question import Column, Question
from clickstream.metrics.rules.buckets import bucket_sql
from clickstream.metrics.rules.local_time import instant, micros
from clickstream.metrics.rules.period import Period, chosen_period
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("visitor_id", "text"),
    Column("last_order_at", "ts"),
    Column("recency_days", "int"),
    Column("orders", "int"),
    Column("revenue", "money"),
    Column("r", "int"),
    Column("f", "int"),
    Column("m", "int"),
    Column("group", "text"),
)
MIN_DAYS, MAX_DAYS = 30, 1095
DAYS = Option(
    (),
    f"number of days that end with the range, {MIN_DAYS} to {MAX_DAYS:,}",
    "365",
    check=whole_number("days", MIN_DAYS, MAX_DAYS),
)
GROUPS = ("champions", "loyal", "new", "promising", "at_risk", "lost")


def last_days(question: Question, options: Mapping[str, str]) -> Period:
    """Return the `days` local days that end with the question's last one."""
    to_date = chosen_period(replace(question, from_date=None)).to_date
    return chosen_period(replace(question, from_date=to_date - timedelta(days=int(options["days"])), to_date=to_date))


def scored_parts(scope: Scope) -> tuple[dict[str, str], dict[str, Any]]:
    """Return slots and parameters of scored.sql."""
    local_date, _ = bucket_sql("day", scope.question.tz, scope.period, "last_order_at")
    last_date = datetime.combine(scope.period.to_date - timedelta(days=1), datetime.min.time())
    return {"local_date": local_date}, {"last_date": micros(last_date)}


def rfm_customers(scope: Scope) -> Result:
    """List customers of one group or of all, those with the highest scores first."""
    slots, params = scored_parts(scope)
    params |= {"group": scope.options.get("group", "")}
    params |= {"limit": scope.question.limit, "offset": scope.question.offset}
    found = scope.fetch("customers/rfm_customers", slots, params, after="customers/scored").dicts()
    rows = [_row(row) for row in found if row["visitor_id"] is not None]
    return Result(COLUMNS, rows, {"orders": found[0]["all_orders"]}, found[0]["total_rows"], keys=1)


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    figures = {**row, "last_order_at": instant(row["last_order_at"]), "revenue": money(row["revenue"])}
    return tuple(figures[column.name] for column in COLUMNS)
