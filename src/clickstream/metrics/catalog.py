"""The catalog of metrics, and `ask`, which computes any of them.

In: a mart, a metric's name, a Question; for a metric that reads the warehouse, where it reads. Out: an Answer, computed
on one snapshot; its `meta` describes the data behind the numbers. An invalid question raises QuestionError with a
stable code; no parameter is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from clickstream.errors import QuestionError
from clickstream.mart.file import Mart
from clickstream.metrics.acquisition import BY as ACQUIRED_BY
from clickstream.metrics.acquisition import acquisition
from clickstream.metrics.behaviour.catalog import BEHAVIOUR
from clickstream.metrics.customers.catalog import CUSTOMERS
from clickstream.metrics.definition import CURRENCY, Metric, Option, RecordMetric, first_values
from clickstream.metrics.devices import devices
from clickstream.metrics.health.catalog import HEALTH
from clickstream.metrics.live.catalog import LIVE
from clickstream.metrics.login_state import login_state
from clickstream.metrics.overview import overview
from clickstream.metrics.products import products
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records, RecordScope
from clickstream.metrics.records.scope import last_load, no_records
from clickstream.metrics.revenue import BY as SOLD_BY
from clickstream.metrics.revenue import revenue
from clickstream.metrics.rules.currency import choose_currency
from clickstream.metrics.rules.filters import (
    DEVICE_COLUMNS,
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    check_filter,
    join_names,
    name_advice,
)
from clickstream.metrics.rules.period import MAX_DAYS, Period, chosen_period, compared_period
from clickstream.metrics.rules.result import Result, compared
from clickstream.metrics.rules.scope import Scope, make_scope, without_zone
from clickstream.metrics.time_series import METRIC_NAMES, UNITS, time_series

MAX_LIMIT = 10_000
COMPARISONS = ("previous", "year", "none")


METRICS: Mapping[str, Metric | RecordMetric] = {
    "overview": Metric(
        "Is it going well, and what changed?",
        "The key figures of the range in one row, with their change from the comparison period.",
        overview,
        {"currency": CURRENCY},
        lambda scope, _: overview(scope),
    ),
    "revenue": Metric(
        "How much was sold?",
        "Orders placed in the range and amounts refunded, by currency, payment method, coupon or customer.",
        revenue,
        {"by": Option(SOLD_BY, "one row per", "currency"), "currency": CURRENCY},
        lambda scope, now: revenue(scope, first_values(now)),
    ),
    "time_series": Metric(
        "How does a figure change over time?",
        "One figure of overview by hour, day, week or month, optionally split by one dimension.",
        time_series,
        {
            "metric": Option(METRIC_NAMES, "a figure of overview", "sessions"),
            "by": Option(UNITS, "length of a bucket; the default depends on the range"),
            "split": Option((*SESSION_COLUMNS, *EVENT_COLUMNS), "a dimension: its five largest values and the rest"),
            "currency": CURRENCY,
        },
    ),
    "products": Metric(
        "Which products sell, and where do shoppers drop out?",
        "Views, cart adds, sales and the sessions behind them, by product, category or brand.",
        products,
        {"by": Option(("product", "category", "brand"), "one row per", "product"), "currency": CURRENCY},
        lambda scope, now: products(scope, first_values(now)),
    ),
    "acquisition": Metric(
        "Which channels bring visitors who buy?",
        "Sessions that start in the range and the orders placed in them, by where they came from.",
        acquisition,
        {"by": Option(ACQUIRED_BY, "one row per", "channel"), "currency": CURRENCY},
        lambda scope, now: acquisition(scope, first_values(now)),
    ),
    "devices": Metric(
        "Which devices do visitors use, and where are they?",
        "Sessions that start in the range and the orders placed in them, by device, browser, system or country.",
        devices,
        {"by": Option(tuple(DEVICE_COLUMNS), "one row per", "device_type"), "currency": CURRENCY},
        lambda scope, now: devices(scope, first_values(now)),
    ),
    "login_state": Metric(
        "How do signed-in and anonymous visitors differ?",
        "Events, visitors, sessions and orders by login state: logged in, anonymous, or not known.",
        login_state,
        {},
        lambda scope, now: login_state(scope, first_values(now)),
    ),
    **BEHAVIOUR,
    **CUSTOMERS,
    **LIVE,
    **HEALTH,
}


def reads_warehouse(metric: str) -> bool:
    """Whether the metric reads the warehouse: it needs `records` and no mart."""
    return isinstance(METRICS.get(metric), RecordMetric)


def ask(
    mart: Mart | None,
    metric: str,
    question: Question,
    max_days: int | None = MAX_DAYS,
    records: Records | None = None,
) -> Answer:
    """Compute one metric for one question.

    mart: None only for a metric that reads the warehouse. max_days: longest range allowed; None = any. Raises
    QuestionError: unknown_metric, metric_not_available, unknown_option, invalid_option, unknown_filter,
    filter_not_applicable, invalid_filter, invalid_range, invalid_limit.
    """
    definition = METRICS.get(metric)
    if definition is None:
        raise QuestionError("unknown_metric", metric, "not a metric", name_advice(metric, tuple(METRICS)))
    options = _checked_options(metric, definition, question.options)
    _check_filters(metric, definition, question.filters)
    _check_page(question)
    if isinstance(definition, RecordMetric):
        return _ask_records(records, metric, definition, replace(question, options=options), max_days)
    if mart is None:
        raise QuestionError("metric_not_available", metric, "reads the mart, which is not open here")
    with mart.asking() as cursor:
        scope = make_scope(cursor, question, options, max_days)
        if definition.period:
            scope = scope.for_period(definition.period(question, options))
        currency = choose_currency(scope) if "currency" in definition.options else None
        scope = replace(scope, currency=currency.chosen if currency else None)
        result = definition.answer(scope)
        other = compared_period(question, scope.period) if definition.compare else None
        if other and definition.compare:
            result = compared(result, definition.compare(scope.for_period(other), result))
        meta = {
            "load": cursor.scalar("select load_id from mart"),
            **_meta(scope, result, other),
            "sample": {
                "mode": scope.sample.mode,
                "is_present": scope.sample.is_present,
                "is_hidden": scope.sample.is_hidden,
            },
            "hidden_bot_events": scope.hidden_bot_events(),
            **({"currency": currency.chosen, "other_currencies": list(currency.others)} if currency else {}),
        }
    return Answer(metric, result.columns, result.rows, meta)


def _ask_records(
    records: Records | None, metric: str, definition: RecordMetric, question: Question, max_days: int | None
) -> Answer:
    """Compute a metric from one snapshot of the warehouse. question: its options are checked."""
    if records is None:
        raise no_records(metric)
    if question.as_of.tzinfo is None:
        raise without_zone()
    options = question.options
    period = definition.period(question, options) if definition.period else chosen_period(question, max_days)
    with records.warehouse.reading() as cursor:
        scope = RecordScope(cursor, question, period, options, last_load(cursor), records.ledger)
        result = definition.answer(scope)
    return Answer(metric, result.columns, result.rows, {"load": scope.load, **_meta(scope, result, None)})


def _check_filters(metric: str, definition: Metric | RecordMetric, filters: Mapping[str, tuple[str, ...]]) -> None:
    for name, values in filters.items():
        if isinstance(definition, RecordMetric):
            check_filter(name, values)
            is_refused = name not in definition.filters
        else:
            is_refused = name in definition.refused
        if is_refused:
            raise QuestionError("filter_not_applicable", name, f"not a filter of {metric}", "remove this filter")


def _checked_options(metric: str, definition: Metric | RecordMetric, given: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        if name not in definition.options:
            names = tuple(definition.options)
            why = f"not an option of {metric}" + ("" if names else ", which has none")
            raise QuestionError("unknown_option", name, why, name_advice(name, names) if names else "")
    chosen = {name: given.get(name, option.default) for name, option in definition.options.items()}
    for name, value in chosen.items():
        option = definition.options[name]
        if value is not None and option.check is not None:
            chosen[name] = option.check(value)
        elif value is not None and value not in option.values:
            raise QuestionError("invalid_option", name, f"{value!r} (expected {join_names(option.values)})")
    return {name: value for name, value in chosen.items() if value is not None}


def _check_page(question: Question) -> None:
    if not 1 <= question.limit <= MAX_LIMIT:
        raise QuestionError("invalid_limit", "limit", f"{question.limit} (expected 1 to {MAX_LIMIT:,})")
    if question.offset < 0:
        raise QuestionError("invalid_limit", "offset", f"{question.offset} (expected 0 or more)")
    if question.compare not in COMPARISONS:
        raise QuestionError("invalid_option", "compare", f"{question.compare!r} (expected {join_names(COMPARISONS)})")


def _meta(scope: Scope | RecordScope, result: Result, other: Period | None) -> dict[str, Any]:
    question = scope.question
    return {
        "as_of": question.as_of.astimezone(UTC),
        "tz": question.tz.key,
        **_range(scope.period),
        "compare": {"mode": question.compare, **_range(other)} if other else None,
        "filters": {name: list(values) for name, values in question.filters.items() if name != "sample"},
        "options": dict(scope.options),
        "total_rows": result.total_rows,
        "rows_behind": dict(result.rows_behind),
        **result.extra,
    }


def _range(period: Period) -> dict[str, Any]:
    return {"from": period.from_date, "to": period.to_date, "start": period.start, "end": period.end}
