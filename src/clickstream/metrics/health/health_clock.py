"""`health_clock`: whose clocks are wrong?

In: events received in the range. Out: a row for each clock that dated events, and each band of the error of the
device's clock (sent - received), which includes the way of the event to the collector.
"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.filters import NONE
from clickstream.metrics.rules.result import Result

COLUMNS = (Column("source", "text"), Column("skew", "text"), Column("events", "int"))
BANDS = (
    "none",
    *(f"{sign}_{width}" for sign in ("behind", "ahead") for width in ("5s", "1min", "5min", "1h", "more")),
)
"""In the order of rows: without a time of sending; the device's clock behind by up to 5 s, …; ahead."""


def health_clock(scope: RecordScope) -> Result:
    """Return the combinations that occur, by source and band."""
    question, found = scope.question, scope.fetch("health/health_clock", params={"none": NONE}).rows
    rows = sorted(found, key=lambda row: (row[0].encode(), BANDS.index(row[1])))
    behind = {"clickstream_events": sum(row[2] for row in rows)}
    return Result(COLUMNS, rows[question.offset :][: question.limit], behind, len(rows), 2)
