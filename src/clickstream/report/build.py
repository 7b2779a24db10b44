"""A report: the answers that together summarise what happened.

In: the mart and a Question (its dates, zone, comparison and filters). Out: `Report`. Without dates it covers all
days with events, however many. Sample rows count unless the question excludes them: a report shows what is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from clickstream.mart.file import Mart
from clickstream.metrics.catalog import ask
from clickstream.metrics.contents import data_span
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.rules.buckets import Unit

TOP = 10
_MAX_POINTS = 72
"""As many points as fit on a line of the terminal."""


@dataclass(slots=True)
class Month:
    """A few figures of a month. month: its first day. is_complete: the range covers all of it."""

    month: date
    is_complete: bool
    events: int = 0
    sessions: int = 0
    visitors: int = 0
    views: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in `[from_date, to_date)`. Without events, it has neither dates nor answers.

    series: events by `unit`. months: in order. The rest are answers of the metric of that name.
    """

    question: Question
    from_date: date | None = None
    to_date: date | None = None
    overview: Answer | None = None
    unit: Unit = "day"
    series: Answer | None = None
    months: tuple[Month, ...] = ()
    revenues: Answer | None = None
    products: Answer | None = None
    categories: Answer | None = None
    channels: Answer | None = None
    countries: Answer | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """The one row of overview; empty if the warehouse is empty."""
        return self.overview.dicts()[0] if self.overview else {}

    @property
    def has_events(self) -> bool:
        return bool(self.figures.get("events"))

    @property
    def has_orders(self) -> bool:
        """Whether anything was ordered in the range, or in the range that it is compared with."""
        return bool(self.figures.get("orders") or self.figures.get("orders_previous"))


def build_report(mart: Mart, question: Question) -> Report:
    """Compute everything that a report shows. Raises QuestionError for invalid filters and ranges."""
    found = report_question(mart, question)
    if found is None:
        return Report(question)
    question = found
    overview = ask(mart, "overview", question, max_days=None)
    plain = replace(question, compare="none", limit=TOP, offset=0)
    unit = _unit(overview.meta["from"], overview.meta["to"])
    return Report(
        question=question,
        from_date=overview.meta["from"],
        to_date=overview.meta["to"],
        overview=overview,
        unit=unit,
        series=_ask(mart, "time_series", plain, metric="events", by=unit),
        months=_months(mart, plain),
        revenues=_ask(mart, "revenue", plain),
        products=_ask(mart, "products", plain),
        categories=_ask(mart, "products", plain, by="category"),
        channels=_ask(mart, "acquisition", plain, by="channel"),
        countries=_ask(mart, "devices", plain, by="country"),
    )


def report_question(mart: Mart, question: Question) -> Question | None:
    """Return the question with the days and the sample rows of a report; None if no days are given and none has events.

    Without days it covers all with events; no earlier days exist to compare them with.
    """
    question = replace(question, filters={"sample": ("include",), **question.filters}, options={})
    if question.from_date is not None or question.to_date is not None:
        return question
    span = data_span(mart, question.tz, question.filters["sample"][0], question.as_of)
    if span is None:
        return None
    return replace(question, from_date=span[0], to_date=span[1] + timedelta(days=1), compare="none")


def _ask(mart: Mart, name: str, question: Question, /, **options: str) -> Answer:
    return ask(mart, name, replace(question, options=options), max_days=None)


def _months(mart: Mart, question: Question) -> tuple[Month, ...]:
    """Return a few figures of each month of the range, in order."""
    months: dict[date, Month] = {}
    for figure in ("events", "sessions", "visitors", "views"):
        for row in _ask(mart, "time_series", question, metric=figure, by="month").dicts():
            month = row["bucket_local"].date()
            setattr(months.setdefault(month, Month(month, row["is_complete"])), figure, row["value"])
    return tuple(months.values())


def _unit(from_date: date, to_date: date) -> Unit:
    days = (to_date - from_date).days
    if days <= 2:
        return "hour"
    return "day" if days <= _MAX_POINTS else "week" if days <= 7 * _MAX_POINTS else "month"
