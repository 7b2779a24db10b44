"""`health_bots`: what is a bot?

In: events received in the range that have a reason (their user agent), or whose session has one (its
rate). Out: a row for each reason; `(any)` counts an event once that has several.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.result import Result

COLUMNS = (Column("reason", "text"), Column("events", "int"), Column("sessions", "int"), Column("visitors", "int"))
ANY = "(any)"


def health_bots(scope: RecordScope) -> Result:
    """Rank the reasons, most events first. No rows without bots."""
    question, rows = scope.question, scope.fetch("health/health_bots", params={"any": ANY}).rows
    behind = {"clickstream_events": sum(row[1] for row in rows if row[0] == ANY)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 1)
