"""`live_minutes`: how busy were the last 30 minutes?"""

from __future__ import annotations

from datetime import timedelta

from clickstream.metrics.live.window import MINUTES
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope

COLUMNS = (Column("minute", "ts"), Column("events", "int"), Column("visitors", "int"))


def live_minutes(scope: Scope) -> Result:
    """Return a row for each minute; the last one is not over."""
    found = scope.fetch("live/live_minutes", params={"minutes": MINUTES}).rows
    start = scope.period.start
    rows = [(start + timedelta(minutes=number), events, visitors) for number, events, visitors in found]
    return Result(COLUMNS, rows, {"clickstream_events": sum(row[1] for row in rows)}, len(rows), keys=1)
