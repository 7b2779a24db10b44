"""`health_late`: what came late?

Sent late: the device was offline, or its events were imported. Loaded late: the loader was behind. In: events received
in the range. Out: a row for each hour or UTC day of receipt with events, the newest first.
"""

from __future__ import annotations

from clickstream.metrics.health.hours import UNITS
from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.local_time import instant
from clickstream.metrics.rules.result import Result

COLUMNS = (
    Column("hour", "ts"),
    Column("events", "int"),
    Column("late_sent", "int"),
    Column("late_loaded", "int"),
    Column("p90_sent_s", "double"),
    Column("p90_loaded_s", "double"),
)
LATE_SENT_US, LATE_LOADED_US = 3_600_000_000, 900_000_000


def health_late(scope: RecordScope) -> Result:
    """Return hours, or days, in descending order."""
    question, params = scope.question, {"late_sent": LATE_SENT_US, "late_loaded": LATE_LOADED_US}
    found = scope.fetch("health/health_late", {"unit": str(UNITS[scope.options["by"]])}, params).rows
    rows = [(instant(row[0]), *row[1:4], _seconds(row[4]), _seconds(row[5])) for row in found]
    behind = {"clickstream_events": sum(row[1] for row in rows)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 1)


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1_000_000
