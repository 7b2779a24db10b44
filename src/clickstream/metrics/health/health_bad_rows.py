"""`health_bad_rows`: why were lines refused?

Rows are counted by the hour of their object; an hour counts if it overlaps the range.
"""

from __future__ import annotations

from clickstream.metrics.health.hours import hour_span
from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.result import Result

COLUMNS = (Column("reason", "text"), Column("rows", "int"), Column("objects", "int"), Column("last_seen_at", "ts"))


def health_bad_rows(scope: RecordScope) -> Result:
    """Rank the reasons, most rows first."""
    question, rows = scope.question, scope.fetch("health/health_bad_rows", params=hour_span(scope.period)).rows
    behind = {"bad_rows": sum(row[1] for row in rows)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 1)
