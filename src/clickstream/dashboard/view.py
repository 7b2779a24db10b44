"""The view of a page as written in its address: the query string is the state of the dashboard.

In: any query string. Out: a `View`, and from a view its canonical query string. Unknown names and invalid values are
ignored and never an error: old links must keep working. Days in the address are `[from, to)`; a form may send `last`
(the last day shown) instead of `to`. Filter values have the syntax of metrics/rules/filter_values.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal, cast
from urllib.parse import parse_qsl, urlencode
from zoneinfo import available_timezones

from clickstream.metrics.question import Compare
from clickstream.metrics.rules.filter_values import FilterValue, read_value, split_values
from clickstream.metrics.rules.period import FIRST_YEAR, LAST_YEAR

PAGES = {
    "overview": "Overview",
    "live": "Live",
    "acquisition": "Acquisition",
    "behaviour": "Behaviour",
    "products": "Products",
    "funnel": "Funnel",
    "retention": "Retention",
    "customers": "Customers",
    "visitors": "Visitors",
    "data-health": "Data health",
    "raw-events": "Raw events",
}
FILTERS = {
    "event": "Event",
    "channel": "Channel",
    "source": "Source",
    "medium": "Medium",
    "campaign": "Campaign",
    "referrer_domain": "Referrer",
    "device_type": "Device",
    "browser": "Browser",
    "os": "OS",
    "country": "Country",
    "page_path": "Page",
    "landing_page": "Landing page",
    "login_state": "Sign-in",
    "category": "Category",
    "product_id": "Product",
    "brand": "Brand",
}
"""Dimensions: their values are listed in the filter menu, and rows are split by them."""
ALL_FILTERS = {"segment": "Segment", "visitor_id": "Visitor", **FILTERS}
PERIODS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "365d": "Last 365 days",
    "all": "All days with data",
}
PERIOD_KEYS = {"today": "t", "7d": "7", "30d": "3", "90d": "9"}
COMPARES: dict[Compare, str] = {"previous": "Previous period", "year": "Previous year", "none": "No comparison"}
OPTIONS = (
    *("metric", "by", "sort", "rows"),
    *("nodes", "anchor", "direction"),
    *("credit", "lookback", "group"),
    *("steps", "order", "unit", "window", "split", "start", "return"),
    *("visitor", "between", "reached", "before", "open"),
)
EXPLAINED = ("explain", "at", "value")
MAX_DAYS = 1830  # the longest range of a metric

Sample = Literal["auto", "include", "only"]


@dataclass(frozen=True, slots=True)
class Days:
    """Local days, `[first, end)`."""

    first: date
    end: date

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Explained:
    """What the Explain panel shows. panel: an output, "" = it is closed. at: the start of a bucket. value: of a row."""

    panel: str = ""
    at: str = ""
    value: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        return list(zip(EXPLAINED, (self.panel, self.at, self.value), strict=True)) if self.panel else []


@dataclass(frozen=True, slots=True)
class View:
    """The page, its days, zone, comparison, filters and options.

    period, days: both empty = the days with data. tz: "" = the default zone. humans: exclude bots.
    filters: names and values as written in the address.
    """

    page: str = "overview"
    period: str = ""
    days: Days | None = None
    tz: str = ""
    compare: Compare = "previous"
    sample: Sample = "auto"
    humans: bool = False
    filters: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    explained: Explained = Explained()

    @classmethod
    def parse(cls, query: str) -> View:
        """Read a query string, with or without its question mark."""
        pairs = parse_qsl(query.removeprefix("?"))
        params = dict(reversed(pairs))  # the first of two equal names counts
        days = _days(params)
        period = params.get("period", "")
        return cls(
            page=_one_of(params.get("page"), PAGES, "overview"),
            period=period if period in PERIODS and days is None else "",
            days=days,
            tz=_zone(params.get("tz", "")),
            compare=cast(Compare, _one_of(params.get("compare"), COMPARES, "previous")),
            sample=cast(Sample, _one_of(params.get("sample"), ("auto", "include", "only"), "auto")),
            humans=params.get("humans") == "true",
            filters=_filters(pairs),
            options=tuple((name, params[name]) for name in OPTIONS if params.get(name)),
            explained=Explained(*(params.get(name, "") for name in EXPLAINED)),
        )

    def query(self) -> str:
        """Return the canonical query string, with its question mark and without default values."""
        days = [("from", self.days.first.isoformat()), ("to", self.days.end.isoformat())] if self.days else []
        pairs = [
            ("page", self.page if self.page != "overview" else ""),
            ("period", self.period),
            *days,
            ("tz", self.tz),
            ("compare", self.compare if self.compare != "previous" else ""),
            ("sample", self.sample if self.sample != "auto" else ""),
            ("humans", "true" if self.humans else ""),
            *self.filters,
            *self.options,
            *self.explained.pairs(),
        ]
        return "?" + urlencode([(name, value) for name, value in pairs if value])

    def option(self, name: str, allowed: Mapping[str, object] | tuple[str, ...], default: str) -> str:
        """Return an option of the page, or `default` if the address has no allowed value."""
        return _one_of(dict(self.options).get(name), allowed, default)

    def with_option(self, **options: str) -> View:
        """Return the view with other options; "" removes one."""
        new = {**dict(self.options), **options}
        return replace(self, options=tuple((name, new[name]) for name in OPTIONS if new.get(name)))

    def has_filter(self, name: str, text: str) -> bool:
        """Whether rows with exactly this text pass because of a filter."""
        return (name, FilterValue(text).write()) in self.filters

    def toggle(self, name: str, text: str) -> View:
        """Return the view with a filter for exactly this text added, or removed if it is active."""
        pair = (name, FilterValue(text).write())
        return self.without_filter(*pair) if pair in self.filters else replace(self, filters=(*self.filters, pair))

    def without_filter(self, name: str, value: str) -> View:
        """Return the view without one of its filters."""
        return replace(self, filters=tuple(pair for pair in self.filters if pair != (name, value)))

    def filter_values(self) -> dict[str, tuple[str, ...]]:
        """Return the filters of a question, including those for sample data and bots."""
        names = dict.fromkeys(name for name, _ in self.filters)
        chosen = {name: tuple(value for key, value in self.filters if key == name) for name in names}
        if self.humans:
            chosen["humans"] = ("true",)
        return chosen if self.sample == "auto" else {**chosen, "sample": (self.sample,)}


def resolve_days(view: View, today: date, span: Days | None) -> Days:
    """Return the days of a view. Default: the last 30 days if they have data, else all days with data.

    span: from the first day with data to the day after the last one; None without data.
    """
    if view.days is not None:
        return view.days
    tomorrow = today + timedelta(days=1)
    last_30 = Days(tomorrow - timedelta(days=30), tomorrow)
    if view.period == "yesterday":
        return Days(today - timedelta(days=1), today)
    if view.period not in ("", "all"):
        length = 1 if view.period == "today" else int(view.period.removesuffix("d"))
        return Days(tomorrow - timedelta(days=length), tomorrow)
    if span is None or (view.period == "" and span.end > last_30.first and span.first < last_30.end):
        return last_30
    return Days(max(span.first, span.end - timedelta(days=MAX_DAYS)), span.end)


def neighbour(days: Days, step: int, today: date) -> Days | None:
    """Return the period of the same length before (`step` -1) or after (1); None if it begins after today."""
    length = (days.end - days.first) * step
    try:
        found = Days(days.first + length, days.end + length)
    except OverflowError:
        return None
    return found if found.first <= today else None


def _filters(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Read the filters of an address, each written the same way however the address writes it."""
    read = (
        (name, read_value(name, text))
        for name, texts in pairs
        if name in ALL_FILTERS
        for text in split_values(texts, name)
    )
    return tuple(dict.fromkeys((name, value.write()) for name, value in read if value.is_usable))


def _days(params: Mapping[str, str]) -> Days | None:
    try:
        first = date.fromisoformat(params.get("from", ""))
        if "last" in params:
            end = date.fromisoformat(params["last"]) + timedelta(days=1)
        else:
            end = date.fromisoformat(params["to"])
    except (KeyError, ValueError, OverflowError):
        return None
    is_known = first.year >= FIRST_YEAR and end.year <= LAST_YEAR
    return Days(first, end) if is_known and 0 < (end - first).days <= MAX_DAYS else None


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones. Cached: it reads a folder of 600 files."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    return name if name and name in zones() else ""


def _one_of(
    value: str | None, allowed: Mapping[str, object] | Mapping[Compare, str] | tuple[str, ...], default: str
) -> str:
    return value if value is not None and value in allowed else default
