"""`live_top`: where are the visitors of the last 30 minutes, and where do they come from?"""

from __future__ import annotations

from clickstream.metrics.question import Column
from clickstream.metrics.rules.filters import ACQUISITION_COLUMNS
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("value", "text"),
    Column("events", "int"),
    Column("page_views", "int"),
    Column("visitors", "int"),
)
BY = ("page_path", *ACQUISITION_COLUMNS)
MAX_ROWS = 10


def live_top(scope: Scope) -> Result:
    """Rank pages or origins by their events: at most ten rows."""
    by, question = scope.options["by"], scope.question
    is_page = by == "page_path"
    slots = {
        "value": "t.text" if is_page else f"s.{ACQUISITION_COLUMNS[by]}",
        "join_value": "left join texts as t on h.page = t.id"
        if is_page
        else "left join sessions as s on h.session = s.id",
    }
    params = {"limit": min(question.limit, MAX_ROWS), "offset": question.offset}
    found = scope.fetch("live/live_top", slots, params).dicts()
    rows = [tuple(row[column.name] for column in COLUMNS) for row in found if row["value"] is not None]
    return Result(COLUMNS, rows, {"clickstream_events": found[0]["all_events"]}, found[0]["total_rows"], keys=1)
