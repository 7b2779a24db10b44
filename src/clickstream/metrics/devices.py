"""`devices`: on what, and from where?

Sessions that start in range, by a value of their first event. Visitors are those of the sessions; a visitor with
sessions in two countries counts in both. `new_sessions` are first sessions of visitors who are new in the range.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.overview import SECOND_US
from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import SESSION_COLUMNS, value_sql
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_of

COLUMNS = (
    Column("value", "text"),
    Column("sessions", "int"),
    Column("visitors", "int"),
    Column("new_sessions", "int"),
    Column("engaged_sessions", "int"),
    Column("bounce_rate", "rate"),
    Column("avg_session_s", "double"),
    Column("cart_sessions", "int"),
)


def devices(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Sessions by country, most sessions first. `only`: just these values, all on one page."""
    slots, params = page_of(scope.question, only)
    slots["value"] = value_sql("s", SESSION_COLUMNS[scope.options["by"]])
    found = scope.fetch("devices", slots, params).dicts()
    rows = [
        (
            row["value"],
            row["sessions"],
            row["visitors"],
            row["new_sessions"],
            row["engaged_sessions"],
            ratio(row["sessions"] - row["engaged_sessions"], row["sessions"]),
            ratio(int(row["duration_us"]), row["sessions"] * SECOND_US),
            int(row["cart_sessions"]),
        )
        for row in found
        if row["value"] is not None
    ]
    total = found[0]
    return Result(COLUMNS, rows, {"sessions": int(total["total_sessions"])}, total["total_rows"], keys=1)
