"""`health_ledger`: is anything missing?

In: the ledger of the hours that overlap the range, which lists the raw store. Out: a row for each hour or UTC day with
lines, the newest first. Days whose objects or rows expired are left out: they cannot be compared.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.result import Result

COUNTS = ("accepted", "loaded", "duplicate", "bad", "erased", "pending", "balance")
COLUMNS = (Column("hour", "ts"), *(Column(name, "int") for name in COUNTS))


def health_ledger(scope: RecordScope) -> Result:
    """Add up the counts by hour, or by the day that contains the hour."""
    question, found = scope.question, scope.ledger()
    sums: dict[object, list[int]] = {}
    for hour in found.hours:
        start = hour.hour.replace(hour=0) if scope.options["by"] == "day" else hour.hour
        row = sums.setdefault(start, [0] * len(COUNTS))
        for index, name in enumerate(COUNTS):
            row[index] += getattr(hour, name)
    # An hour with a line too many must not balance one with a line missing.
    extra = {
        "unbalanced_hours": sum(hour.balance != 0 for hour in found.hours),
        "overdue_objects": len(found.overdue),
    }
    rows = [(start, *counts) for start, counts in sums.items()]
    behind = {"raw_lines": sum(hour.accepted for hour in found.hours)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 1, extra)
