"""`health_freshness`: how old is the data?

In: all events received before `as_of`, whatever the range. Out: one row; its times are NULL without events.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.local_time import micros
from clickstream.metrics.rules.result import Result

COLUMNS = (
    Column("last_received_at", "ts"),
    Column("last_loaded_at", "ts"),
    Column("last_event_at", "ts"),
    Column("lag_s", "double"),
    Column("load_number", "int"),
)


def health_freshness(scope: RecordScope) -> Result:
    """Return one row."""
    (found,) = scope.fetch("health/health_freshness").dicts()
    received_at = found["last_received_at"]
    lag_s = None if received_at is None else (micros(scope.question.as_of) - micros(received_at)) / 1_000_000
    row = (received_at, found["last_loaded_at"], found["last_event_at"], lag_s, scope.load)
    return Result(COLUMNS, [row], {}, 1)
