"""Every metric that can be asked, and `ask`, which answers them all.

In: a warehouse, a metric's name, a Question. Out: an Answer, computed on one snapshot, whose `meta` says what the
numbers rest on. What cannot be answered is a QuestionError with a stable code; nothing asked is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.devices import devices
from clickstream.metrics.overview import overview
from clickstream.metrics.products import products
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS, words
from clickstream.metrics.rules.period import MAX_DAYS, Period, compared_period
from clickstream.metrics.rules.result import Result, compared
from clickstream.metrics.rules.scope import Scope, make_scope
from clickstream.metrics.time_series import METRIC_NAMES, UNITS, time_series
from clickstream.warehouse.duckdb import DuckWarehouse

MAX_LIMIT = 10_000
COMPARISONS = ("previous", "year", "none")


@dataclass(frozen=True, slots=True)
class Option:
    """What one metric alone takes. `default` None: chosen by the range, or nothing."""

    values: tuple[str, ...]
    text: str
    default: str | None = None
    not_yet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its question in a line, what the numbers are, the options it takes.

    compare: gives the same rows for another period, from that period's scope and the rows of this one;
    None = the metric has no columns of comparison.
    """

    question: str
    text: str
    answer: Callable[[Scope], Result]
    options: Mapping[str, Option]
    compare: Callable[[Scope, Result], Result] | None = None


def _first_values(result: Result) -> list[str]:
    return [row[0] for row in result.rows]


METRICS: Mapping[str, Metric] = {
    "overview": Metric(
        "Is it going well, and what changed?",
        "The key figures of the range in one row, with the change against the other period.",
        overview,
        {},
        lambda scope, _: overview(scope),
    ),
    "time_series": Metric(
        "How does it move?",
        "One figure of overview by hour, day, week or month, split by one dimension if you like.",
        time_series,
        {
            "metric": Option(METRIC_NAMES, "the figure of overview", "sessions"),
            "by": Option(UNITS, "length of a bucket; by default it suits the range"),
            "split": Option((*SESSION_COLUMNS, *EVENT_COLUMNS), "one dimension: its five largest values, and the rest"),
        },
    ),
    "products": Metric(
        "What is looked at, and where is it lost?",
        "Views, adds to the cart and the sessions behind them, by product, category or brand.",
        products,
        {"by": Option(("product", "category", "brand"), "what a row is", "product")},
        lambda scope, now: products(scope, _first_values(now)),
    ),
    "devices": Metric(
        "On what, and from where?",
        "Sessions that start in range, by a value of their first event.",
        devices,
        {"by": Option(("country",), "what a row is", "country", not_yet=("device_type", "browser", "os"))},
        lambda scope, now: devices(scope, _first_values(now)),
    ),
}


def ask(warehouse: DuckWarehouse, metric: str, question: Question, max_days: int | None = MAX_DAYS) -> Answer:
    """Answer one question.

    max_days: longest range allowed; None = any. Raises QuestionError: unknown_metric, unknown_option,
    invalid_option, unknown_filter, filter_not_applicable, invalid_filter, invalid_range, invalid_limit.
    """
    definition = METRICS.get(metric)
    if definition is None:
        raise QuestionError("unknown_metric", metric, "there is no such metric", f"use one of {words(tuple(METRICS))}")
    options = _checked_options(metric, definition, question.options)
    _check_page(question)
    with warehouse.reading() as cursor:
        scope = make_scope(cursor, question, options, max_days)
        result = definition.answer(scope)
        other = compared_period(question, scope.period) if definition.compare else None
        if other and definition.compare:
            result = compared(result, definition.compare(scope.of(other), result))
        load = cursor.scalar("select max(load_id) from loads")
    return Answer(metric, result.columns, result.rows, _meta(scope, result, other, load or 0))


def _checked_options(metric: str, definition: Metric, given: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        if name not in definition.options:
            names = tuple(definition.options)
            raise QuestionError(
                "unknown_option", name, f"{metric} has no such option", f"use {words(names)}" if names else ""
            )
    chosen = {name: given.get(name, option.default) for name, option in definition.options.items()}
    for name, value in chosen.items():
        option = definition.options[name]
        if value is not None and value not in option.values:
            reason = "is not stored in the warehouse yet" if value in option.not_yet else "is not known"
            raise QuestionError("invalid_option", name, f"{value!r} {reason}", f"use {words(option.values)}")
    return {name: value for name, value in chosen.items() if value is not None}


def _check_page(question: Question) -> None:
    if not 1 <= question.limit <= MAX_LIMIT:
        raise QuestionError("invalid_limit", "limit", f"{question.limit} is not within 1 to {MAX_LIMIT:,}")
    if question.offset < 0:
        raise QuestionError("invalid_limit", "offset", f"{question.offset} is below 0")
    if question.compare not in COMPARISONS:
        raise QuestionError(
            "invalid_option", "compare", f"{question.compare!r} is not known", f"use {words(COMPARISONS)}"
        )


def _meta(scope: Scope, result: Result, other: Period | None, load: int) -> dict[str, Any]:
    question = scope.question
    return {
        "load": load,
        "as_of": question.as_of.astimezone(UTC),
        "tz": question.tz.key,
        **_range(scope.period),
        "compare": {"mode": question.compare, **_range(other)} if other else None,
        "filters": {name: list(values) for name, values in question.filters.items() if name != "sample"},
        "options": dict(scope.options),
        "sample": {
            "mode": scope.sample.mode,
            "is_present": scope.sample.is_present,
            "is_hidden": scope.sample.is_hidden,
        },
        "hidden_bot_events": 0,  # bots are not told apart yet, so none is hidden
        "total_rows": result.total_rows,
        "rows_behind": dict(result.rows_behind),
        **result.extra,
    }


def _range(period: Period) -> dict[str, Any]:
    return {"from": period.from_date, "to": period.to_date, "start": period.start, "end": period.end}
