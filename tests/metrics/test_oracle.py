"""Every metric agrees with the oracle on random small shops, in zones with unusual clock changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.metrics import oracle, oracle_products, oracle_sales
from tests.metrics.filled_mart import FilledMart
from tests.metrics.oracle import EVENT_FIELDS, SESSION_FIELDS, Event, World
from tests.metrics.oracle_time import MINUTE, Range, buckets_of, minutes_by_bucket, range_of
from tests.metrics.worlds import Shop, shops

from clickstream.metrics.acquisition import BY
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.revenue import BY as SOLD_BY
from clickstream.metrics.rules.filters import DEVICE_COLUMNS
from clickstream.metrics.time_series import METRIC_NAMES

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # it would hide the failure
SPLITS = (*EVENT_FIELDS, *SESSION_FIELDS)
FEW, MANY = 2, 20  # random shops per property in `make test`, and in `make test-slow`
ANY_SHOPS = shops()
plain = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # a random shop does not shrink
    suppress_health_check=[HealthCheck.too_slow],
)


def over_random_shops(
    *more: st.SearchStrategy[Any], of: st.SearchStrategy[Shop] = ANY_SHOPS
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a check for a few random shops, and for many as a slow test.

    more: strategies of further arguments. of: the shops to draw from, instead of all.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=("few", "many"))
        def test(mart: FilledMart, count: int) -> None:
            @settings(plain, max_examples=count)
            @given(st.tuples(of, *more))
            def run(drawn: tuple[Any, ...]) -> None:
                check(mart, *drawn)

            run()

        return test

    return decorate


@over_random_shops()
def test_overview_agrees_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world = World(rows, question)
        answer, span = ask(mart, "overview", question), range_of(question)
        (row,) = answer.dicts()
        currency = world.currency(span)
        expected = oracle.overview(world, span, currency)
        same(row, expected)
        assert answer.meta["hidden_bot_events"] == len(world.hidden_events(span))
        in_range = {order.currency for order in world.counted_orders(span)}
        assert answer.meta["other_currencies"] == sorted(in_range - {currency})
        if (other := other_range(question)) is not None:
            same_comparison(row, expected, oracle.overview(world.at(other), other, currency))


@over_random_shops()
def test_rankings_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question, by in zip(shop.questions, ("product", "category", "brand"), strict=True):
        world, span, other = World(rows, question), range_of(question), other_range(question)
        currency = world.currency(span)
        answer = ask(mart, "products", replace(question, options={"by": by}))
        same_table(
            answer,
            oracle_products.products(world, span, by, currency),
            oracle_products.products(world.at(other), other, by, currency) if other else None,
        )


@over_random_shops(st.sampled_from([("acquisition", by) for by in BY] + [("devices", by) for by in DEVICE_COLUMNS]))
def test_groups_of_sessions_agree_with_the_oracle(mart: FilledMart, shop: Shop, ranking: tuple[str, str]) -> None:
    rows, (metric, by) = mart.fill(shop.events), ranking
    for question, currency in zip(shop.questions, (None, "EUR", "USD"), strict=True):
        world, span, other = World(rows, question), range_of(question), other_range(question)
        options = {"by": by, **({"currency": currency} if currency else {})}
        shown = currency or world.currency(span)
        same_table(
            ask(mart, metric, replace(question, options=options)),
            oracle.acquisition(world, span, by, shown),
            oracle.acquisition(world.at(other), other, by, shown) if other else None,
        )


@over_random_shops()
def test_login_states_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world, span, other = World(rows, question), range_of(question), other_range(question)
        expected = oracle.login_states(world, span), oracle.login_states(world.at(other), other) if other else None
        same_table(ask(mart, "login_state", question), *expected)


@over_random_shops()
def test_money_agrees_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question, by in product(shop.questions, SOLD_BY):
        world, span, other = World(rows, question), range_of(question), other_range(question)
        currency = world.currency(span)
        same_table(
            ask(mart, "revenue", replace(question, options={"by": by})),
            oracle_sales.revenue(world, span, by, currency),
            oracle_sales.revenue(world.at(other), other, by, currency) if other else None,
        )


@over_random_shops(st.sampled_from(METRIC_NAMES))
def test_time_series_agree_with_the_oracle(mart: FilledMart, shop: Shop, metric: str) -> None:
    rows = mart.fill(shop.events)
    for question, unit in zip(shop.questions, ("hour", "day", "week"), strict=True):
        world, span = World(rows, question), range_of(question)
        currency = world.currency(span)
        answer = ask(mart, "time_series", replace(question, options={"metric": metric, "by": unit}))
        listed = buckets_of(unit, question.tz, span.start, span.end, span.whole_end)
        expected = [
            (bucket, is_complete, *oracle.figure(world, bucket_range(unit, question, span, bucket), metric, currency))
            for bucket, is_complete in listed.items()
        ]
        found = [
            (
                (row["bucket_local"], row["utc_offset_s"] or 0),
                row["is_complete"],
                *(row[name] for name in ("value", "numerator", "denominator")),
            )
            for row in answer.dicts()
        ]
        assert found == expected


@over_random_shops(st.sampled_from(METRIC_NAMES), st.sampled_from(SPLITS))
def test_split_series_agree_with_the_oracle(mart: FilledMart, shop: Shop, metric: str, split: str) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        answer = ask(mart, "time_series", replace(question, options={"metric": metric, "by": "month", "split": split}))
        found = [
            ((row["bucket_local"], 0), row["split"], row["value"], row["numerator"], row["denominator"])
            for row in answer.dicts()
        ]
        assert found == expected_split(rows, question, metric, split)


def expected_split(rows: Sequence[Event], question: Question, metric: str, split: str) -> list[tuple[object, ...]]:
    """Compute the five largest values and the rest, each as the same question with one more filter."""
    span = range_of(question)
    currency = World(rows, question).currency(span)
    field = EVENT_FIELDS.get(split, "page_path" if split == "landing_page" else split)
    values = {oracle.shown(row[field]) for row in rows} | {"(none)", "(direct)", "direct"}
    parts = {value: World(rows, with_filter(question, split, value)) for value in values}
    groups = {value for value, part in parts.items() if _has_counted(part, span, metric)}
    ranked = sorted(groups, key=lambda value: (-_size(parts[value], span, metric, currency), value.encode()))
    if len(ranked) > 5:
        ranked = ranked[:5]
        parts["(other)"] = World(rows, with_filter(question, split, *(f"!{value}" for value in ranked)))
        ranked.append("(other)")
    return [
        (bucket, value, *oracle.figure(parts[value], bucket_range("month", question, span, bucket), metric, currency))
        for bucket in buckets_of("month", question.tz, span.start, span.end, span.whole_end)
        for value in sorted(ranked, key=str.encode)
    ]


def _has_counted(part: World, span: Range, metric: str) -> bool:
    """Whether any rows count for the figure: orders, sessions, or events."""
    if metric in ("orders", "orders_without_session", "revenue"):
        return bool(part.counted_orders(span))
    if metric in ("refunds", "net_revenue"):
        return bool(part.counted_orders(span) or part.counted_refunds(span))
    is_of_sessions = "sessions" in metric or metric in ("bounces", "bounce_rate", "conversion_rate")
    return bool(part.counted_sessions(span) if is_of_sessions else part.counted_events(span))


def _size(part: World, span: Range, metric: str, currency: str | None) -> Any:
    """Return the number by which values are ranked: the figure, or sessions for a rate."""
    return oracle.overview(part, span, currency)["sessions" if metric.endswith("_rate") else metric]


def with_filter(question: Question, name: str, *values: str) -> Question:
    """Add one more filter to the question; values that it already excludes stay excluded."""
    current = question.filters.get(name, ())
    if not values[0].startswith("!") and current:
        values = values if oracle.passes(values[0], current, name == "page_path") else ("no such value",)
        current = ()
    return replace(question, filters={**question.filters, name: (*current, *values)})


def other_range(question: Question) -> Range | None:
    assert question.from_date is not None
    assert question.to_date is not None
    days = {"previous": (question.to_date - question.from_date).days, "year": 364}.get(question.compare)
    return None if days is None else range_of(question, days)


def bucket_range(unit: str, question: Question, span: Range, bucket: object) -> Range:
    """Return the part of the range in one bucket."""
    inside = minutes_by_bucket(unit, question.tz, span.start, span.end)[bucket]
    return Range(inside[0], min(span.end, inside[1] + MINUTE), span.whole_end)


def same(row: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    differences = {name: (row[name], value) for name, value in expected.items() if not is_close(row[name], value)}
    assert not differences, "column: (found, expected)"


def is_close(found: Any, expected: Any) -> bool:
    """Compare doubles at a relative 1e-9, everything else exactly."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9)
    return bool(found == expected) and type(found) is type(expected)


def same_comparison(row: Mapping[str, Any], now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    for name, value in now.items():
        if isinstance(value, str) or name in ("name", "category", "brand", "currency"):
            continue
        old = before.get(name)
        known = value is not None and old is not None
        if name.endswith(("rate", "share")) or ("_to_" in name and not name.endswith("_s")):
            change, column = (value - old if known else None), f"{name}_change_points"
        else:
            change, column = (float((value - old) / old) if known and old else None), f"{name}_change"
        same(row, {f"{name}_previous": old, column: change})


def same_table(
    answer: Answer, expected: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] | None, keys: int = 1
) -> None:
    """Compare a ranking. keys: the number of columns that identify a row."""
    names = [column.name for column in answer.columns[:keys]]

    def key(row: Mapping[str, Any]) -> tuple[object, ...]:
        return tuple(row[name] for name in names)

    rows = answer.dicts()
    assert list(map(key, rows)) == list(map(key, expected))
    assert answer.meta["total_rows"] == len(expected)
    old = {key(row): row for row in before or ()}
    zero = {"int": 0, "money": Decimal(0), "decimal": Decimal(0)}
    zeros = {column.name: zero.get(column.type) for column in answer.columns}
    for row, wanted in zip(rows, expected, strict=True):
        same(row, wanted)
        if before is not None:
            same_comparison(row, wanted, {**zeros, **old.get(key(row), {})})
