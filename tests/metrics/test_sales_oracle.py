"""Metrics of customers and baskets agree with the oracle on random small shops."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st
from tests.metrics import oracle_sales
from tests.metrics.filled_mart import FilledMart
from tests.metrics.oracle import World
from tests.metrics.oracle_time import Range, range_of, start_of
from tests.metrics.test_oracle import other_range, over_random_shops, same, same_comparison
from tests.metrics.worlds import Shop

from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question


@over_random_shops()
def test_customers_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world, span, other = World(rows, question), range_of(question), other_range(question)
        currency = world.currency(span)
        (row,) = ask(mart, "customers", question).dicts()
        expected = oracle_sales.customers(world, span, currency)
        same(row, expected)
        if other is not None:
            same_comparison(row, expected, oracle_sales.customers(world.at(other), other, currency))


@over_random_shops(st.sampled_from(["1", "12", "36"]))
def test_lifetime_values_agree_with_the_oracle(mart: FilledMart, shop: Shop, periods: str) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        for case in (question, with_months_before(question, 14)):
            world, span = World(rows, case, months_of(case)), months_of(case)
            answer = ask(mart, "ltv", replace(case, options={"periods": periods}))
            followed = oracle_sales.Followed(int(periods), case.tz, world.currency(span))
            expected = oracle_sales.ltv(world, span, followed)
            assert [(row["cohort"], row["period"]) for row in answer.dicts()] == [
                (row["cohort"], row["period"]) for row in expected
            ]
            for row, wanted in zip(answer.dicts(), expected, strict=True):
                same(row, wanted)


def with_months_before(question: Question, months: int) -> Question:
    assert question.from_date is not None
    return replace(question, from_date=question.from_date - timedelta(days=30 * months))


def months_of(question: Question) -> Range:
    """The months that the range touches, cut at `as_of`."""
    assert question.from_date is not None
    assert question.to_date is not None
    last = question.to_date - timedelta(days=1)
    start = start_of(question.tz, question.from_date.replace(day=1))
    whole_end = start_of(question.tz, date(last.year + last.month // 12, last.month % 12 + 1, 1))
    return Range(start, max(start, min(whole_end, question.as_of)), whole_end)


@over_random_shops()
def test_baskets_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        expected = oracle_sales.bought_together(World(rows, question), range_of(question))
        answer = ask(mart, "bought_together", question)
        assert [row[:2] for row in answer.rows] == [(row["product_a"], row["product_b"]) for row in expected]
        for row, wanted in zip(answer.dicts(), expected, strict=True):
            same(row, wanted)
