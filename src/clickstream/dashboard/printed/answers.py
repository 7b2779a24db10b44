"""The answers that the printed report consists of.

In: the mart, a Question with its days, where the warehouse is read. Out: `PrintedAnswers`. A section whose metric does
not have a filter of the question is left out with the reason; anything else that fails, fails the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clickstream.errors import ClickstreamError, QuestionError
from clickstream.mart.file import Mart
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records
from clickstream.metrics.rules.buckets import default_unit
from clickstream.warehouse.notes import Note, list_notes

ROWS = 10
COHORTS = 12
PERIODS = {"day": "13", "week": "11", "month": "11"}
"""Cells of a cohort after the first: as many as fit across a page."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure over time, and over the comparison period; None without one."""

    figure: str
    now: Answer
    earlier: Answer | None


@dataclass(frozen=True, slots=True)
class PrintedAnswers:
    """Everything on the page. notes: those of the days of the report. freshness: None if it could not be read."""

    question: Question
    overview: Answer
    trends: Sequence[Trend]
    channels: Answer
    products: Answer
    funnel: Answer | QuestionError
    retention: Answer | QuestionError
    freshness: Answer | None
    notes: Sequence[Note]


def ask_all(mart: Mart, question: Question, records: Records) -> PrintedAnswers:
    """Compute everything that the page shows. Raises QuestionError for invalid filters and ranges."""

    def answer(metric: str, other: Question = question, /, **options: str) -> Answer:
        return ask(mart, metric, replace(other, options=options, offset=0), max_days=None, records=records)

    def applicable(metric: str, **options: str) -> Answer | QuestionError:
        try:
            return answer(metric, **options)
        except QuestionError as error:
            if error.code != "filter_not_applicable":
                raise
            return error

    overview = answer("overview")
    first, end = overview.meta["from"], overview.meta["to"]
    unit = default_unit((end - first).days)
    earlier = _earlier(question, overview)

    def trend(figure: str) -> Trend:
        before = answer("time_series", earlier, metric=figure, by=unit) if earlier else None
        return Trend(figure, answer("time_series", metric=figure, by=unit), before)

    has_orders = overview.dicts()[0]["orders"] > 0
    question = replace(question, limit=ROWS)
    days = (end - first).days
    by = "day" if days <= 14 else "week" if days <= 26 * 7 else "month"
    return PrintedAnswers(
        question=question,
        overview=overview,
        trends=[trend(figure) for figure in ("sessions", *(("revenue",) if has_orders else ()))],
        channels=answer("acquisition", question, by="channel"),
        products=answer("products", question),
        funnel=applicable("funnel"),
        retention=applicable("retention", by=by, periods=PERIODS[by]),
        freshness=_freshness(mart, question, records),
        notes=[note for note in list_notes(records.warehouse) if first <= note.day < end],
    )


def _earlier(question: Question, overview: Answer) -> Question | None:
    other = overview.meta["compare"]
    if other is None:
        return None
    return replace(question, from_date=other["from"], to_date=other["to"], compare="none")


def _freshness(mart: Mart, question: Question, records: Records) -> Answer | None:
    """Return how old the data is; it has no filters. None if the warehouse cannot be read."""
    try:
        return ask(mart, "health_freshness", Question(question.as_of, question.tz), records=records)
    except ClickstreamError:
        return None
