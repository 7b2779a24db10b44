"""What the address of a page says, and nothing else: the query string is the state of the dashboard.

In: a query string that anybody may have typed. Out: a `View`, and from a view its canonical query string.
Words that are not understood are left out, never an error: an old link must open. Days in the address are
`[from, to)`, as everywhere; a form may send `last` (the last day shown) in place of `to`.
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

PAGES = {"overview": "Overview", "products": "Products"}
FILTERS = {
    "event": "Event",
    "channel": "Channel",
    "source": "Source",
    "campaign": "Campaign",
    "device_type": "Device",
    "browser": "Browser",
    "os": "System",
    "country": "Country",
    "landing_page": "Landing page",
    "category": "Category",
    "product_id": "Product",
    "brand": "Brand",
}
PERIODS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "365d": "Last 365 days",
    "all": "All days with data",
}
COMPARES: dict[Compare, str] = {"previous": "Previous period", "year": "Year before", "none": "No comparison"}
OPTIONS = ("metric", "by", "sort", "rows")
MAX_DAYS = 1830  # the longest range a metric answers

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
class View:
    """What is looked at. `period` and `days` empty: the days that have data. `tz` empty: the warehouse's zone.

    humans: bots are left out.
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

    @classmethod
    def parse(cls, query: str) -> View:
        """Read a query string, with or without its question mark."""
        pairs = parse_qsl(query.removeprefix("?"))
        word = dict(reversed(pairs))  # the first of two equal names counts
        days = _days(word)
        period = word.get("period", "")
        return cls(
            page=_one_of(word.get("page"), PAGES, "overview"),
            period=period if period in PERIODS and days is None else "",
            days=days,
            tz=_zone(word.get("tz", "")),
            compare=cast(Compare, _one_of(word.get("compare"), COMPARES, "previous")),
            sample=cast(Sample, _one_of(word.get("sample"), ("auto", "include", "only"), "auto")),
            humans=word.get("humans") == "true",
            filters=tuple(dict.fromkeys((name, value) for name, value in pairs if name in FILTERS and value)),
            options=tuple((name, word[name]) for name in OPTIONS if word.get(name)),
        )

    def query(self) -> str:
        """The canonical query string, with its question mark; what is at its default is not in it."""
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
        ]
        return "?" + urlencode([(name, value) for name, value in pairs if value])

    def option(self, name: str, allowed: Mapping[str, object] | tuple[str, ...], default: str) -> str:
        """An option of the page, or `default` when the address names none that is allowed."""
        return _one_of(dict(self.options).get(name), allowed, default)

    def with_option(self, **words: str) -> View:
        kept = {**dict(self.options), **words}
        return replace(self, options=tuple((name, kept[name]) for name in OPTIONS if kept.get(name)))

    def toggle(self, name: str, value: str) -> View:
        """The same view with one value of a filter added, or removed when it is on."""
        pair = (name, value)
        on = pair in self.filters
        return replace(self, filters=tuple(p for p in self.filters if p != pair) if on else (*self.filters, pair))

    def filter_values(self) -> dict[str, tuple[str, ...]]:
        """Filters as a question takes them, those for the sample and for bots among them."""
        names = dict.fromkeys(name for name, _ in self.filters)
        chosen = {name: tuple(value for key, value in self.filters if key == name) for name in names}
        if self.humans:
            chosen["humans"] = ("true",)
        return chosen if self.sample == "auto" else {**chosen, "sample": (self.sample,)}


def resolve_days(view: View, today: date, span: Days | None) -> Days:
    """The days that a view means. Without any in its address: the last 30 when they have data, else all with data.

    span: first day with data and the day after the last, None when there is none.
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


def _days(word: Mapping[str, str]) -> Days | None:
    try:
        first = date.fromisoformat(word.get("from", ""))
        end = date.fromisoformat(word["last"]) + timedelta(days=1) if "last" in word else date.fromisoformat(word["to"])
    except (KeyError, ValueError, OverflowError):
        return None
    return Days(first, end) if first < end <= first + timedelta(days=MAX_DAYS) else None


@cache
def zones() -> frozenset[str]:
    """All time zones. Looked up once: it reads a folder of 600 files."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    return name if name and name in zones() else ""


def _one_of(
    word: str | None, allowed: Mapping[str, object] | Mapping[Compare, str] | tuple[str, ...], default: str
) -> str:
    return word if word is not None and word in allowed else default
