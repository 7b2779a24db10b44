"""`live`: what happens now?

The events of the last 30 minutes by the time they happened, so what a device sends late does not count as now.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("visitors_30m", "int"),
    Column("visitors_5m", "int"),
    Column("sessions_30m", "int"),
    Column("page_views", "int"),
    Column("orders", "int"),
    Column("revenue", "money"),
)


def live(scope: Scope) -> Result:
    """Return one row."""
    (found,) = scope.fetch("live/live").dicts()
    figures = {**found, "revenue": money(found["revenue"])}
    row = tuple(figures[column.name] for column in COLUMNS)
    return Result(COLUMNS, [row], {"clickstream_events": found["events"], "orders": found["orders"]}, 1)
