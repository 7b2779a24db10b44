"""A report: the answers that together summarise what happened.

In: a warehouse and a Question (its dates, zone, comparison and filters). Out: `Report`. Without dates it covers all
days with events, however many. Sample rows count unless the question excludes them: a report shows what is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from clickstream.metrics.catalog import ask
from clickstream.metrics.contents import data_span
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.rules.buckets import Unit
from clickstream.warehouse.contract import Warehouse

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
    """What happened in `[from_date, to_date)`. Of an empty warehouse, it has neither dates nor answers.

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


def build_report(warehouse: Warehouse, question: Question) -> Report:
    """Compute everything that a report shows. Raises QuestionError for invalid filters and ranges."""
    question = replace(question, filters={"sample": ("include",), **question.filters}, options={})
    if question.from_date is None and question.to_date is None:
        span = data_span(warehouse, question.tz, question.filters["sample"][0], question.as_of)
        if span is None:
            return Report(question)
        # The range covers all days, so no earlier days exist to compare it with.
        question = replace(question, from_date=span[0], to_date=span[1] + timedelta(days=1), compare="none")
    overview = ask(warehouse, "overview", question, max_days=None)
    plain = replace(question, compare="none", limit=TOP, offset=0)
    unit = _unit(overview.meta["from"], overview.meta["to"])
    return Report(
        question=question,
        from_date=overview.meta["from"],
        to_date=overview.meta["to"],
        overview=overview,
        unit=unit,
        series=_ask(warehouse, "time_series", plain, metric="events", by=unit),
        months=_months(warehouse, plain),
        revenues=_ask(warehouse, "revenue", plain),
        products=_ask(warehouse, "products", plain),
        categories=_ask(warehouse, "products", plain, by="category"),
        channels=_ask(warehouse, "acquisition", plain, by="channel"),
        countries=_ask(warehouse, "devices", plain, by="country"),
    )


def _ask(warehouse: Warehouse, name: str, question: Question, /, **options: str) -> Answer:
    return ask(warehouse, name, replace(question, options=options), max_days=None)


def _months(warehouse: Warehouse, question: Question) -> tuple[Month, ...]:
    """Return a few figures of each month of the range, in order."""
    months: dict[date, Month] = {}
    for figure in ("events", "sessions", "visitors", "views"):
        for row in _ask(warehouse, "time_series", question, metric=figure, by="month").dicts():
            month = row["bucket_local"].date()
            setattr(months.setdefault(month, Month(month, row["is_complete"])), figure, row["value"])
    return tuple(months.values())


def _unit(from_date: date, to_date: date) -> Unit:
    days = (to_date - from_date).days
    if days <= 2:
        return "hour"
    return "day" if days <= _MAX_POINTS else "week" if days <= 7 * _MAX_POINTS else "month"
