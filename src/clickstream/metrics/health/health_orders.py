"""`health_orders`: does tracking see every sale?

In: orders of the range, as browser and server reported them. Out: a row for each local day with orders, the newest
first. An order that neither reported is not known here: `clickstream orders check` compares with the shop.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.buckets import bucket_sql
from clickstream.metrics.rules.local_time import instant
from clickstream.metrics.rules.result import Result, ratio

COLUMNS = (
    Column("day", "date"),
    Column("both", "int"),
    Column("browser_only", "int"),
    Column("server_only", "int"),
    Column("capture_rate", "rate"),
    Column("total_differs", "int"),
)


def health_orders(scope: RecordScope) -> Result:
    """Return days in descending order."""
    question = scope.question
    day, _ = bucket_sql("day", question.tz, scope.period, "moment")
    found = scope.fetch("health/health_orders", {"day": day}).rows
    rows = [
        (instant(local_us).date(), both, browser, server, ratio(both, both + server), differs)
        for local_us, both, browser, server, differs in found
    ]
    behind = {"orders": sum(sum(row[1:4]) for row in rows)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 1)
