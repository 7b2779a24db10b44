"""Every metric that can be asked, and `ask`, which answers them all.

In: a warehouse, a metric's name, a Question. Out: an Answer, computed on one snapshot, whose `meta` says what the
numbers rest on. What cannot be answered is a QuestionError with a stable code; nothing asked is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.acquisition import BY as ACQUIRED_BY
from clickstream.metrics.acquisition import acquisition
from clickstream.metrics.devices import devices
from clickstream.metrics.login_state import login_state
from clickstream.metrics.overview import overview
from clickstream.metrics.products import products
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.revenue import revenue
from clickstream.metrics.rules.currency import check_currency, choose_currency
from clickstream.metrics.rules.filters import DEVICE_COLUMNS, EVENT_COLUMNS, SESSION_COLUMNS, words
from clickstream.metrics.rules.period import MAX_DAYS, Period, compared_period
from clickstream.metrics.rules.result import Result, compared
from clickstream.metrics.rules.scope import Scope, make_scope
from clickstream.metrics.time_series import METRIC_NAMES, UNITS, time_series
from clickstream.warehouse.contract import Warehouse

MAX_LIMIT = 10_000
COMPARISONS = ("previous", "year", "none")


@dataclass(frozen=True, slots=True)
class Option:
    """What one metric alone takes. `default` None: chosen by the range, or nothing.

    check: for an option whose values are not listed: reads one, or refuses it.
    """

    values: tuple[str, ...]
    text: str
    default: str | None = None
    check: Callable[[str], str] | None = None


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


_CURRENCY = Option((), "the currency that money is shown in; by default that of most orders", check=check_currency)

METRICS: Mapping[str, Metric] = {
    "overview": Metric(
        "Is it going well, and what changed?",
        "The key figures of the range in one row, with the change against the other period.",
        overview,
        {"currency": _CURRENCY},
        lambda scope, _: overview(scope),
    ),
    "revenue": Metric(
        "What money came in?",
        "Orders placed in range and what they brought, a row for each currency.",
        revenue,
        {},
        lambda scope, now: revenue(scope, _first_values(now)),
    ),
    "time_series": Metric(
        "How does it move?",
        "One figure of overview by hour, day, week or month, split by one dimension if you like.",
        time_series,
        {
            "metric": Option(METRIC_NAMES, "the figure of overview", "sessions"),
            "by": Option(UNITS, "length of a bucket; by default it suits the range"),
            "split": Option((*SESSION_COLUMNS, *EVENT_COLUMNS), "one dimension: its five largest values, and the rest"),
            "currency": _CURRENCY,
        },
    ),
    "products": Metric(
        "What sells, and where is it lost?",
        "Views, adds to the cart, sales and the sessions behind them, by product, category or brand.",
        products,
        {"by": Option(("product", "category", "brand"), "what a row is", "product"), "currency": _CURRENCY},
        lambda scope, now: products(scope, _first_values(now)),
    ),
    "acquisition": Metric(
        "Who brings visitors that buy?",
        "Sessions that start in range and the orders placed in them, by where they came from.",
        acquisition,
        {"by": Option(ACQUIRED_BY, "what a row is", "channel"), "currency": _CURRENCY},
        lambda scope, now: acquisition(scope, _first_values(now)),
    ),
    "devices": Metric(
        "On what, and from where?",
        "Sessions that start in range and the orders placed in them, by a value of their first event.",
        devices,
        {"by": Option(tuple(DEVICE_COLUMNS), "what a row is", "device_type"), "currency": _CURRENCY},
        lambda scope, now: devices(scope, _first_values(now)),
    ),
    "login_state": Metric(
        "Signed in or not?",
        "Events, visitors, sessions and orders of people who are signed in, who are not, and of whom it is not known.",
        login_state,
        {},
        lambda scope, now: login_state(scope, _first_values(now)),
    ),
}


def ask(warehouse: Warehouse, metric: str, question: Question, max_days: int | None = MAX_DAYS) -> Answer:
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
        currency = choose_currency(scope) if "currency" in definition.options else None
        scope = replace(scope, currency=currency.chosen if currency else None)
        result = definition.answer(scope)
        other = compared_period(question, scope.period) if definition.compare else None
        if other and definition.compare:
            result = compared(result, definition.compare(scope.of(other), result))
        meta = {
            "load": cursor.scalar("select max(load_id) from loads") or 0,
            **_meta(scope, result, other),
            "hidden_bot_events": scope.hidden_bot_events(),
            **({"currency": currency.chosen, "other_currencies": list(currency.others)} if currency else {}),
        }
    return Answer(metric, result.columns, result.rows, meta)


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
        if value is not None and option.check is not None:
            chosen[name] = option.check(value)
        elif value is not None and value not in option.values:
            raise QuestionError("invalid_option", name, f"{value!r} is not known", f"use {words(option.values)}")
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


def _meta(scope: Scope, result: Result, other: Period | None) -> dict[str, Any]:
    question = scope.question
    return {
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
        "total_rows": result.total_rows,
        "rows_behind": dict(result.rows_behind),
        **result.extra,
    }


def _range(period: Period) -> dict[str, Any]:
    return {"from": period.from_date, "to": period.to_date, "start": period.start, "end": period.end}
