"""What there is to ask about: the days that hold events, and the values of a dimension.

For a dashboard that opens on days with data, and for its filter menus. Sample rows are treated as in a metric.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS, words
from clickstream.metrics.rules.local_time import local_date
from clickstream.metrics.rules.scope import make_scope, read_sample
from clickstream.metrics.rules.split import Split
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.dialects import fill


def data_span(
    warehouse: Warehouse, tz: ZoneInfo, sample: str = "auto", as_of: datetime | None = None
) -> tuple[date, date] | None:
    """First and last local day with events, both included. None when there is no event.

    as_of: no event at or after it counts; None = every event.
    """
    moment = as_of or datetime.max.replace(year=9000, tzinfo=UTC)
    with warehouse.reading() as cursor:
        rows = read_sample(cursor, Question(moment, tz, filters={"sample": (sample,)}))
        counted = f"event_timestamp < $as_of {rows.condition}"
        # Two plain aggregates, answered from the statistics of the column where all rows count.
        first, last = cursor.fetch(
            fill(
                "select min(event_timestamp), max(event_timestamp) from clickstream_events where {counted}",
                counted=counted,
            ),
            {"as_of": moment},
        ).rows[0]
    return None if first is None else (local_date(tz, first), local_date(tz, last))


def dimension_values(
    warehouse: Warehouse, dimension: str, question: Question, limit: int = 50
) -> list[tuple[str, int]]:
    """Values of a dimension with their events in the question's range, most events first.

    Of the question's filters only `sample` acts: a menu must offer what the other filters hide.
    """
    names = (*EVENT_COLUMNS, *SESSION_COLUMNS)
    if dimension not in names:
        raise QuestionError("unknown_dimension", dimension, "there is no such dimension", f"use one of {words(names)}")
    filters = {name: values for name, values in question.filters.items() if name == "sample"}
    with warehouse.reading() as cursor:
        scope = make_scope(cursor, replace(question, filters=filters), {}, max_days=None)
        found = scope.fetch("dimension_values", params={"limit": limit}, split=Split(dimension))
    return [(value, events) for value, events in found.rows]
