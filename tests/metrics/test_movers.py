"""`movers`: random small shops with a low threshold, and the real threshold at its edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_movers
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import Event, World
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same
from tests.metrics.worlds import Shop

from clickstream.errors import QuestionError
from clickstream.metrics.behaviour import movers as module
from clickstream.metrics.behaviour.movers import METRIC_NAMES
from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import question_from_text


@over_random_shops(st.sampled_from(METRIC_NAMES), st.sampled_from([(1, 0), (2, 1)]))
def test_movers_agree_with_the_oracle(mart: FilledMart, shop: Shop, metric: str, rule: tuple[int, int]) -> None:
    rows = mart.fill(shop.events)
    for question in (replace(one, compare=way) for one in shop.questions for way in ("previous", "year")):
        world, span, other = World(rows, question), range_of(question), other_range(question)
        assert other is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "MIN_CHANGE", rule[0])
            patch.setattr(module, "DEVIATIONS", rule[1])
            answer = ask(mart, "movers", replace(question, options={"metric": metric}))
        limits = oracle_movers.Rule(*rule)
        expected = oracle_movers.movers(world, (span, other), metric, world.currency(span), limits)
        assert [row[:2] for row in answer.rows] == [(row["dimension"], row["value"]) for row in expected]
        for row, wanted in zip(answer.dicts(), expected, strict=True):
            same(row, wanted)
        assert answer.meta["total_rows"] == len(expected)
        assert answer.meta["compare"]["start"] == other.start


def visits(day: str, count: int, **fields: Any) -> Iterator[Event]:
    """Return single events of as many clients."""
    for number in range(count):
        yield event(at(f"{day} 12:00") + timedelta(seconds=number), client_id=f"{day} {number} {fields}", **fields)


def moved(mart: FilledMart, **question: Any) -> list[tuple[Any, ...]]:
    answer = ask(mart, "movers", make_question(compare="previous", **question))
    return [row[:5] for row in answer.rows if row[0] == "browser"]


@pytest.mark.parametrize(
    ("before", "now", "has_moved"),
    [
        (0, 9, False),  # fewer than 10
        (0, 10, True),
        (20, 43, False),  # 23 ** 2 = 529 < 9 * 63 = 567
        (20, 44, True),  # 24 ** 2 = 576 = 9 * 64
        (44, 20, True),
    ],
)
def test_a_value_moves_when_the_change_is_more_than_chance(
    mart: FilledMart, before: int, now: int, has_moved: bool
) -> None:
    mart.fill([*visits("2026-03-01", before, browser="A"), *visits("2026-03-02", now, browser="A")])
    assert bool(moved(mart)) == has_moved


def test_revenue_is_judged_by_its_orders(mart: FilledMart) -> None:
    def orders(day: str, count: int, total: int) -> Iterator[Event]:
        for number, one in enumerate(visits(day, count, browser="A")):
            money = {"order_total": Decimal(total), "order_currency": "EUR", "order_id": f"{day} {number}"}
            yield one | money | {"event_name": "checkout_complete"}

    options = {"metric": "revenue"}
    mart.fill([*orders("2026-03-01", 1, 10), *orders("2026-03-02", 1, 9000)])
    assert moved(mart, options=options) == []
    mart.fill([*orders("2026-03-02", 12, 5)])
    assert moved(mart, options=options) == [("browser", "A", Decimal(60), Decimal(0), Decimal(60))]
    mart.fill([*orders("2026-03-01", 20, 30), *orders("2026-03-02", 60, 10)])
    assert moved(mart, options=options) == [], "three times the orders, and the same revenue"


def test_three_values_of_a_dimension_are_shown_and_ten_rows_by_default(mart: FilledMart) -> None:
    mart.fill([one for number in range(5) for one in visits("2026-03-02", 20 + number, browser=f"b{number}", os="x")])
    assert [row[1] for row in moved(mart)] == ["b4", "b3", "b2"]
    now, tz = datetime(2026, 3, 3, tzinfo=UTC), ZoneInfo("UTC")
    assert question_from_text("movers", {}, now, tz).limit == 10
    assert question_from_text("products", {}, now, tz).limit == 100


def test_movers_without_a_comparison_are_rejected(mart: FilledMart) -> None:
    mart.fill([])
    with pytest.raises(QuestionError, match="expected previous or year"):
        ask(mart, "movers", make_question(compare="none"))


def test_nothing_moves_in_an_empty_warehouse(mart: FilledMart) -> None:
    mart.fill([])
    for metric in METRIC_NAMES:
        assert ask(mart, "movers", make_question(compare="previous", options={"metric": metric})).rows == []
