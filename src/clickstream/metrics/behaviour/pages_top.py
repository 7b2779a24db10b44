"""`pages_top`: which pages are viewed most?

Page views in the range by path. A view is the entry or the exit of its session if it is the session's first or last
page view, in the range or not. The time on a page ends with the session's next page view, or with its last event.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.overview import SECOND_US
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("page_path", "text"),
    Column("page_views", "int"),
    Column("visitors", "int"),
    Column("sessions", "int"),
    Column("entries", "int"),
    Column("exits", "int"),
    Column("exit_rate", "rate"),
    Column("avg_time_s", "double"),
)


def pages_top(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Rank pages, most views first.

    only: return these pages alone, all on one page.
    """
    slots, params = page_slots(scope.question, only, key="t.text")
    found = scope.fetch("behaviour/pages_top", slots, params).dicts()
    rows = []
    for row in found:
        if row["page_path"] is None:  # the only row of an empty page; it carries the totals
            continue
        figures = {
            **row,
            "exit_rate": ratio(row["exits"], row["page_views"]),
            "avg_time_s": ratio(row["dwell_us"], row["timed_views"] * SECOND_US),
        }
        rows.append(tuple(figures[column.name] for column in COLUMNS))
    total = found[0]
    return Result(COLUMNS, rows, {"clickstream_events": int(total["total_views"])}, total["total_rows"], keys=1)
