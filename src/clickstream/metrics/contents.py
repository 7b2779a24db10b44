"""What the mart contains: the span of days with events, the last event, and the values of a dimension.

Dashboards use it to open on days with data and to fill their filter menus. Sample rows are treated as in a metric.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from clickstream.errors import QuestionError
from clickstream.mart.file import Mart
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS, is_humans_only, name_advice
from clickstream.metrics.rules.local_time import instant, local_date, micros
from clickstream.metrics.rules.scope import make_scope, read_sample
from clickstream.metrics.rules.split import Split
from clickstream.warehouse.dialects import fill


def data_span(
    mart: Mart, tz: ZoneInfo, sample: str = "auto", as_of: datetime | None = None
) -> tuple[date, date] | None:
    """Return the first and the last local day with events; both ends are included. None without events.

    as_of: events at or after it are ignored; None = count every event.
    """
    moment = as_of or datetime.max.replace(year=9000, tzinfo=UTC)
    with mart.asking() as cursor:
        rows = read_sample(cursor, Question(moment, tz, filters={"sample": (sample,)}))
        # Two plain aggregates: DuckDB computes them from the column's statistics where all rows count.
        counted = f"h.moment < $as_of {rows.condition('h')}"
        sql = fill("select min(h.moment), max(h.moment) from hits as h where {counted}", counted=counted)
        first, last = cursor.fetch(sql, {"as_of": micros(moment)}).rows[0]
    return None if first is None else (local_date(tz, instant(first)), local_date(tz, instant(last)))


def last_event_at(mart: Mart, question: Question) -> datetime | None:
    """Return the time of the last event before the question's `as_of`; None without events.

    Of the question's filters only `sample` and `humans` apply, and its range does not.
    """
    with mart.asking() as cursor:
        people = "and not h.is_bot" if is_humans_only(question.filters) else ""
        counted = f"h.moment < $as_of {read_sample(cursor, question).condition('h')} {people}"
        sql = fill("select max(h.moment) from hits as h where {counted}", counted=counted)
        last = cursor.fetch(sql, {"as_of": micros(question.as_of)}).rows[0][0]
    return None if last is None else instant(last)


def dimension_values(mart: Mart, dimension: str, question: Question, limit: int = 50) -> list[tuple[str, int]]:
    """Return the values of a dimension with their number of events in the question's range, most events first.

    Of the question's filters only `sample` applies: a menu must also offer the values that the others exclude.
    """
    names = (*EVENT_COLUMNS, *SESSION_COLUMNS)
    if dimension not in names:
        raise QuestionError("unknown_dimension", dimension, "not a dimension", name_advice(dimension, names))
    filters = {name: values for name, values in question.filters.items() if name == "sample"}
    with mart.asking() as cursor:
        scope = make_scope(cursor, replace(question, filters=filters), {}, max_days=None)
        found = scope.fetch("dimension_values", params={"limit": limit}, split=Split(dimension))
    return [(value, int(events)) for value, events in found.rows]
