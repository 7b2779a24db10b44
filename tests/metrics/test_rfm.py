"""`rfm` and `rfm_customers`: customers by recency, frequency and value of their orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_rfm
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at
from tests.metrics.oracle import EVENT_FIELDS, Event, World
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same_table
from tests.metrics.test_orders import bought
from tests.metrics.worlds import Shop, full_of_orders, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
DAY = timedelta(days=1)
COMPARED = {"previous": None, "year": 364}


@over_random_shops(st.sampled_from((30, 365, 1095)))
def test_rfm_agrees_with_the_oracle(mart: FilledMart, shop: Shop, days: int) -> None:
    rows = mart.fill(full_of_orders(shop.events))
    for given in shop.questions:
        question = replace(without_filter(given, *EVENT_FIELDS), options={"days": str(days)})
        assert question.to_date is not None
        span = oracle_rfm.days_before(question, days, question.to_date)
        world, last = World(rows, question, span), question.to_date - DAY
        currency = world.currency(span)
        customers = oracle_rfm.rfm_customers(world, span, question, last, currency)
        answer = ask(mart, "rfm_customers", question)
        same_table(answer, customers, None)
        assert answer.meta["rows_behind"] == {"orders": sum(row["orders"] for row in customers)}
        group = customers[0]["group"] if customers else "lost"
        of_group = replace(question, options={**question.options, "group": group})
        same_table(ask(mart, "rfm_customers", of_group), [row for row in customers if row["group"] == group], None)
        before = None
        if question.compare != "none":
            other = replace(question, from_date=question.to_date - days * DAY)
            back = (COMPARED[question.compare] or days) * DAY
            earlier = other_range(other)
            assert earlier is not None
            before = oracle_rfm.rfm(
                oracle_rfm.rfm_customers(world.at(earlier), earlier, question, last - back, currency)
            )
        same_table(ask(mart, "rfm", question), oracle_rfm.rfm(customers), before)


def customers(*orders: int) -> list[Event]:
    """Return the orders of customers, all at noon: how many each of them has."""
    return [
        bought(f"{number}-{one}", total="10", client_id=f"c{number}", session_id=f"s{one}")
        for number, count in enumerate(orders)
        for one in range(count)
    ]


def test_equal_values_have_equal_scores(mart: FilledMart) -> None:
    mart.fill(customers(*[1] * 8, 2, 5))
    rows = ask(mart, "rfm_customers", make_question()).dicts()
    assert [(row["orders"], row["f"], row["m"], row["r"]) for row in rows] == [
        (5, 5, 5, 1),
        (2, 5, 5, 1),
        *[(1, 1, 1, 1)] * 8,
    ]
    assert {row["group"] for row in rows} == {
        "at_risk",
        "lost",
    }  # all are equally recent, so none is better than others


def test_a_customer_falls_into_the_first_group_that_fits(mart: FilledMart) -> None:
    # name: (days since the last order, orders); ten customers, so two of them are a fifth
    shop = {"a": (0, 9), "b": (0, 2), "c": (1, 1), "d": (1, 9), "e": (5, 6), "f": (5, 1), "g": (8, 9), "h": (9, 1)}
    shop |= {"i": (10, 6), "j": (11, 3)}
    mart.fill(
        [
            {**bought(f"{name}{number}", client_id=name), "event_timestamp": NOON - (days + number) * DAY}
            for name, (days, orders) in shop.items()
            for number in range(orders)
        ]
    )
    rows = {row["visitor_id"]: row for row in ask(mart, "rfm_customers", make_question()).dicts()}
    assert {name: (row["r"], row["f"], row["group"]) for name, row in rows.items()} == {
        "a": (5, 4, "champions"),
        "b": (5, 2, "promising"),  # recent and not frequent, with more than one order
        "c": (4, 1, "new"),
        "d": (4, 4, "champions"),
        "e": (3, 3, "loyal"),
        "f": (3, 1, "promising"),
        "g": (2, 4, "at_risk"),
        "h": (2, 1, "lost"),
        "i": (1, 3, "at_risk"),
        "j": (1, 3, "at_risk"),
    }


def test_recency_is_in_local_days_up_to_the_last_day_of_the_range(mart: FilledMart) -> None:
    midnight = at("2026-03-01 23:00")  # in Berlin
    moments = {"c1": midnight, "c2": midnight - timedelta(microseconds=1)}
    mart.fill([{**bought(name, client_id=name), "event_timestamp": moment} for name, moment in moments.items()])
    berlin = make_question(tz=ZoneInfo("Europe/Berlin"))
    found = {row["visitor_id"]: row["recency_days"] for row in ask(mart, "rfm_customers", berlin).dicts()}
    assert found == {"c1": 0, "c2": 1}
    assert ask(mart, "rfm_customers", berlin).meta["from"] == date(2025, 3, 3)


def test_orders_without_a_total_or_in_another_currency_make_no_customer(mart: FilledMart) -> None:
    others = [bought("b", client_id="b", total=None), bought("c", client_id="c", order_currency="USD")]
    mart.fill([bought("a", client_id="a"), bought("a2", client_id="a"), *others])
    assert [row["visitor_id"] for row in ask(mart, "rfm_customers", make_question()).dicts()] == ["a"]
    assert sum(row["customers"] for row in ask(mart, "rfm", make_question()).dicts()) == 1


def test_orders_before_the_days_do_not_count(mart: FilledMart) -> None:
    mart.fill([{**bought(), "event_timestamp": NOON - 30 * DAY}])
    assert ask(mart, "rfm_customers", make_question(options={"days": "30"})).rows == []
    assert len(ask(mart, "rfm_customers", make_question(options={"days": "31"})).rows) == 1


@pytest.mark.parametrize("metric", ["rfm", "rfm_customers"])
@pytest.mark.parametrize("name", EVENT_FIELDS)
def test_rfm_rejects_filters_of_events(mart: FilledMart, metric: str, name: str) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, metric, make_question({name: ("x",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", name)


@pytest.mark.parametrize("days", ["29", "1096"])
def test_a_number_of_days_out_of_range_is_rejected(mart: FilledMart, days: str) -> None:
    with pytest.raises(QuestionError, match="days"):
        ask(mart, "rfm", make_question(options={"days": days}))
