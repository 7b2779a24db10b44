"""Customers, lifetime values and baskets: the examples of docs/metrics, and edge cases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event, item
from tests.metrics.oracle import Event
from tests.metrics.test_catalog import make_question
from tests.metrics.test_refunds import refunded

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask

MARCH: dict[str, Any] = {"from_date": date(2026, 3, 1), "to_date": date(2026, 4, 1), "as_of": at("2026-04-15 00:00")}


def bought(order_id: str, client: str, moment: str, total: int = 10, **fields: Any) -> Event:
    return event(
        at(moment),
        "checkout_complete",
        **{"client_id": client, "order_id": order_id, "order_total": Decimal(total), "order_currency": "EUR", **fields},
    )


def test_customers_of_the_example(mart: FilledMart) -> None:
    mart.fill(
        [
            bought("1", "A", "2026-03-04 12:00"),
            bought("2", "A", "2026-03-06 12:00", 20),
            bought("3", "B", "2026-02-10 12:00"),
            bought("4", "B", "2026-03-05 11:59", 40),
        ]
    )
    (row,) = ask(mart, "customers", make_question(**MARCH, compare="previous")).dicts()
    assert (row["customers"], row["first_time"], row["repeat_customers"]) == (2, 1, 2)
    assert (row["repeat_rate"], row["orders_per_customer"]) == (1.0, 1.5)
    assert row["median_days_between_orders"] == 2  # of 2 and 22
    assert (row["revenue_first"], row["revenue_repeat"]) == (Decimal(10), Decimal(60))
    assert (row["customers_previous"], row["repeat_customers_previous"]) == (1, 0)


def test_an_earlier_order_in_another_currency_makes_a_repeat_customer(mart: FilledMart) -> None:
    mart.fill(
        [
            bought("1", "A", "2026-03-04 12:00", order_currency="USD"),
            bought("2", "A", "2026-03-04 13:00"),
            bought("3", "B", "2026-03-05 12:00"),
        ]
    )
    (row,) = ask(mart, "customers", make_question(**MARCH)).dicts()
    assert (row["currency"], row["customers"], row["first_time"], row["repeat_customers"]) == ("EUR", 2, 1, 1)


def example_of_ltv() -> list[Event]:
    return [
        bought("1", "A", "2026-01-04 12:00"),
        bought("2", "B", "2026-01-31 23:59"),
        bought("3", "A", "2026-03-05 12:00", 30),
        refunded("2", total="10") | {"event_timestamp": at("2026-03-20 12:00")},
    ]


def values(mart: FilledMart, **question: Any) -> list[tuple[Any, ...]]:
    rows = ask(mart, "ltv", make_question(**question)).dicts()
    names = ("cohort", "customers", "period", "revenue", "net_revenue", "is_complete")
    return [tuple(row[name] for name in names) for row in rows]


def test_lifetime_values_of_the_example(mart: FilledMart) -> None:
    mart.fill(example_of_ltv())
    january = {"from_date": date(2026, 1, 10), "to_date": date(2026, 1, 20), "options": {"periods": "6"}}
    cells = [(20, 20, True), (20, 20, True), (50, 40, True), (50, 40, False)]
    rows = [(2, period, *cell) for period, cell in enumerate(cells)]
    assert values(mart, **january, as_of=at("2026-04-15 00:00")) == [
        *((date(2026, 1, 1), *row) for row in rows),
        *((None, *row) for row in rows[:3]),
    ]


def test_a_refund_dated_before_its_order_counts_from_the_first_month_on(mart: FilledMart) -> None:
    early = refunded("1", total="4") | {"event_timestamp": at("2025-12-20 12:00")}
    mart.fill([bought("1", "A", "2026-01-04 12:00"), early])
    winter = {"from_date": date(2025, 11, 10), "to_date": date(2026, 1, 20), "options": {"periods": "1"}}
    assert [row[4] for row in values(mart, **winter)] == [Decimal(6)] * 4


def test_lifetime_values_of_humans_ignore_refunds_of_bots(mart: FilledMart) -> None:
    robot = bought("2", "A", "2026-01-05 12:00", is_bot=True)
    given_back = refunded("2", total="10") | {"event_timestamp": at("2026-01-20 12:00")}
    mart.fill([bought("1", "A", "2026-01-04 12:00"), robot, given_back])
    january = {"from_date": date(2026, 1, 10), "to_date": date(2026, 1, 20), "options": {"periods": "1"}}
    rows = values(mart, **january, as_of=at("2026-03-15 00:00"), filters={"humans": ("true",)})
    assert [row[3:5] for row in rows] == [(Decimal(10), Decimal(10))] * len(rows)
    assert rows


def test_lifetime_values_of_thirteen_months_are_the_default(mart: FilledMart) -> None:
    mart.fill([bought("0", "C", "2025-03-31 23:59"), *example_of_ltv()])
    question = make_question(from_date=None, to_date=None, as_of=at("2026-04-15 00:00"))
    answer = ask(mart, "ltv", question)
    assert (answer.meta["from"], answer.meta["to"]) == (date(2025, 4, 1), date(2026, 5, 1))
    assert {row["cohort"] for row in answer.dicts()} == {date(2026, 1, 1), None}


@pytest.mark.parametrize("periods", ["0", "37", "-1", "1.5", "many", "²"])
def test_a_number_of_months_that_is_not_possible_is_rejected(mart: FilledMart, periods: str) -> None:
    mart.fill([])
    with pytest.raises(QuestionError, match="expected 1 to 36"):
        ask(mart, "ltv", make_question(options={"periods": periods}))


def basket(number: int, *products: str) -> Event:
    items = [item(product, "1", product_name=product.title()) for product in products]
    return bought(str(number), f"c{number}", "2026-03-05 12:00", items=items)


def test_baskets_of_the_example(mart: FilledMart) -> None:
    both, one = [("mouse", "pad", "mouse")] * 3, [("mouse",), ("pad",), ("pad", "lamp")]
    products = [*both, *one, *[("lamp",)] * 4]
    huge = [f"p{number}" for number in range(101)]
    mart.fill([basket(n, *names) for n, names in enumerate([*products, huge, huge, huge])])
    answer = ask(mart, "bought_together", make_question(**MARCH))
    assert answer.rows == [("mouse", "pad", "Mouse", "Pad", 3, 0.75, 0.6, 1.5)]
    assert (answer.meta["large_orders"], answer.meta["total_rows"]) == (3, 1)
    assert answer.meta["rows_behind"] == {"orders": 10}


def test_an_empty_range_has_no_customers(mart: FilledMart) -> None:
    mart.fill([])
    (row,) = ask(mart, "customers", make_question(**MARCH)).dicts()
    assert (row["customers"], row["repeat_rate"], row["revenue_first"]) == (0, None, Decimal(0))
    for metric in ("ltv", "bought_together"):
        assert ask(mart, metric, make_question(**MARCH)).rows == []
