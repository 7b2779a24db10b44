"""Text to Question: the command line and the HTTP API both read their parameters here.

In: names and texts, as in `from=2026-03-01`, `country=DE,!US`. Out: a Question. A name that is not a parameter of the
metric raises QuestionError: no parameter is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import COMPARISONS, METRICS
from clickstream.metrics.question import Compare, Question
from clickstream.metrics.rules.filter_values import split_values
from clickstream.metrics.rules.filters import check_filter, filter_names, join_names, name_advice
from clickstream.metrics.rules.period import FIRST_YEAR, LAST_YEAR
from clickstream.metrics.segments.members import read_visitor_filters
from clickstream.time_zone import is_zone, zone_advice

PARAMETERS = ("from", "to", "tz", "as_of", "compare", "limit", "offset")

Texts = Mapping[str, str | Sequence[str]]


def question_from_text(metric: str, options: Texts, clock_now: datetime, settings_tz: ZoneInfo) -> Question:
    """Read the parameters, filters and options of one metric.

    options: name -> text, or several texts. A filter takes several values, separated by commas, in each of its texts;
    their syntax: rules/filter_values.py. clock_now: the default of `as_of`.
    """
    if metric not in METRICS:
        raise QuestionError("unknown_metric", metric, "not a metric", name_advice(metric, tuple(METRICS)))
    definition = METRICS[metric]
    known = definition.options
    for name in options:
        if name not in (*PARAMETERS, *known, *filter_names()):
            advice = name_advice(name, (*PARAMETERS, *known, *filter_names()))
            raise QuestionError("unknown_parameter", name, f"not a parameter or filter of {metric}", advice)
    texts = {name: _single(name, options[name]) for name in options if name in PARAMETERS or name in known}
    filters = {name: _values(name, options[name]) for name in options if name not in texts}
    for name, values in filters.items():
        check_filter(name, values)
    read_visitor_filters(filters)
    compare = texts.get("compare", "previous")
    if compare not in COMPARISONS:
        raise QuestionError("invalid_option", "compare", f"{compare!r} (expected {join_names(COMPARISONS)})")
    return Question(
        as_of=_instant(texts["as_of"]) if "as_of" in texts else clock_now,
        tz=_zone(texts["tz"]) if "tz" in texts else settings_tz,
        from_date=_date("from", texts.get("from")),
        to_date=_date("to", texts.get("to")),
        compare=cast(Compare, compare),
        filters=filters,
        options={name: texts[name] for name in known if name in texts},
        limit=_number("limit", texts.get("limit", str(definition.limit))),
        offset=_number("offset", texts.get("offset", "0")),
    )


def _single(name: str, given: str | Sequence[str]) -> str:
    if isinstance(given, str):
        return given
    if len(given) != 1:
        raise QuestionError("invalid_option", name, f"{len(given)} values (expected one)")
    return given[0]


def _values(name: str, given: str | Sequence[str]) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else given
    return tuple(value for text in texts for value in split_values(text, name))


def _date(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError("invalid_range", name, f"{text!r} (expected a date such as 2026-03-01)") from None


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        why = f"{text!r} (expected a time such as 2026-03-01T12:00:00Z)"
        raise QuestionError("invalid_range", "as_of", why) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:  # a conversion to UTC beyond the years of Python would fail
        why = f"{text!r} (expected a year from {FIRST_YEAR} to {LAST_YEAR})"
        raise QuestionError("invalid_range", "as_of", why)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _zone(text: str) -> ZoneInfo:
    if not is_zone(text):
        raise QuestionError("invalid_zone", "tz", f"unknown time zone {text!r}", zone_advice(text))
    return ZoneInfo(text)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise QuestionError("invalid_limit", name, f"{text!r} (expected a whole number)")
    return int(text)
