"""`attribution`: orders divided among the sessions that led to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_attribution
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import event
from tests.metrics.oracle import Event, World
from tests.metrics.oracle_attribution import MODELS
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same_table
from tests.metrics.test_orders import bought, confirmed
from tests.metrics.worlds import Shop, full_of_orders, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask
from clickstream.metrics.customers.attribution import BY

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
DAY = timedelta(days=1)


@over_random_shops(st.sampled_from(BY), st.sampled_from(("all", *MODELS)), st.sampled_from((1, 2, 30)))
def test_attribution_agrees_with_the_oracle(mart: FilledMart, shop: Shop, by: str, model: str, lookback: int) -> None:
    rows = mart.fill(full_of_orders(shop.events))
    for given in shop.questions:
        question = without_filter(given, "event")
        world, span, other = World(rows, question), range_of(question), other_range(question)
        currency = world.currency(span)
        options = {"by": by, "model": model, "lookback": str(lookback)}
        answer = ask(mart, "attribution", replace(question, limit=1000, options=options))
        now = oracle_attribution.attribution(world, span, options, currency)
        before = oracle_attribution.attribution(world.at(other), other, options, currency) if other else None
        same_table(answer, now, before, keys=2)
        orders = len(world.counted_orders(span))
        assert answer.meta["rows_behind"]["orders"] == orders
        for one in {
            row["model"] for row in answer.dicts()
        }:  # whatever is rounded, the credits of a model add up to the orders
            assert sum(row["credit"] for row in answer.dicts() if row["model"] == one) == orders


def credit(mart: FilledMart, model: str, **options: str) -> dict[str, Decimal]:
    answer = ask(mart, "attribution", make_question(options={"model": model, **options}))
    return {row["value"]: row["credit"] for row in answer.dicts()}


def visit(channel: str, days: float, **fields: Any) -> Event:
    """Return the only event of a session, `days` before noon."""
    return event(NOON - days * DAY, channel=channel, page_url="https://shop.example/", **fields)


@pytest.mark.parametrize(
    ("model", "shares"),
    [
        ("first", ["1", "0", "0", "0"]),
        ("last", ["0", "0", "0", "1"]),
        ("linear", ["0.25", "0.25", "0.25", "0.25"]),
        ("position", ["0.4", "0.1", "0.1", "0.4"]),
        ("time_decay", ["0.066666", "0.133333", "0.266666", "0.533335"]),  # what rounding leaves is the last one's
    ],
)
def test_a_model_divides_an_order_among_its_touches(mart: FilledMart, model: str, shares: list[str]) -> None:
    visits = [visit(name, days) for name, days in (("a", 21), ("b", 14), ("c", 7))]
    mart.fill([*visits, bought(channel="d", page_url="https://shop.example/")])
    assert credit(mart, model) == dict(zip("abcd", map(Decimal, shares), strict=True))


def test_direct_visits_earn_only_where_there_is_nothing_else(mart: FilledMart) -> None:
    alone = [visit("direct", 2, client_id="c2"), bought("o2", client_id="c2")]
    mart.fill([visit("email", 3), visit("direct", 2), bought(), *alone])
    assert credit(mart, "linear") == {"email": 1, "direct": 1}
    (direct, email) = ask(mart, "attribution", make_question(options={"model": "last"})).dicts()
    assert (direct["value"], direct["touches"], direct["orders_touched"]) == ("direct", 4, 2)
    assert (email["value"], email["touches"], email["orders_touched"]) == ("email", 1, 1)


@pytest.mark.parametrize(("later", "value"), [(timedelta(), "email"), (timedelta(microseconds=-1), "(unobserved)")])
def test_a_session_is_in_reach_from_exactly_the_lookback_on(mart: FilledMart, later: timedelta, value: str) -> None:
    session = {**visit("email", 1, user_id="u1")}
    session["event_timestamp"] += later
    mart.fill([session, confirmed(user_id="u1")])
    assert credit(mart, "first", lookback="1") == {value: 1}


def test_an_order_without_a_visitor_is_unobserved(mart: FilledMart) -> None:
    mart.fill([visit("email", 1), confirmed()])
    assert credit(mart, "linear") == {"(unobserved)": 1}


def test_filters_select_orders_and_never_touches(mart: FilledMart) -> None:
    mart.fill([visit("email", 1, country="US"), bought(country="DE", channel="b", page_url="https://shop.example/")])
    answer = ask(mart, "attribution", make_question({"country": ("DE",)}, options={"model": "first"}))
    assert [(row["value"], row["credit"]) for row in answer.dicts()] == [("email", 1), ("b", 0)]
    assert ask(mart, "attribution", make_question({"country": ("US",)})).rows == []


def test_amounts_have_ten_decimal_places(mart: FilledMart) -> None:
    days = {"a": 2, "b": 1}
    mart.fill([*(visit(name, day) for name, day in days.items()), bought(total="0.0001", channel="c", page_url="x")])
    rows = ask(mart, "attribution", make_question(options={"model": "linear"})).dicts()
    assert [str(row["revenue_credit"]) for row in rows] == ["0.0000333334", "0.0000333333", "0.0000333333"]
    assert [str(row["credit"]) for row in rows] == ["0.333334", "0.333333", "0.333333"]


@pytest.mark.parametrize("lookback", ["0", "91", "x", "1.5", "-1", "²"])
def test_a_lookback_out_of_range_is_rejected(mart: FilledMart, lookback: str) -> None:
    with pytest.raises(QuestionError, match="lookback") as caught:
        ask(mart, "attribution", make_question(options={"lookback": lookback}))
    assert caught.value.code == "invalid_option"


def test_a_filter_of_events_by_name_is_rejected(mart: FilledMart) -> None:
    with pytest.raises(QuestionError, match="event") as caught:
        ask(mart, "attribution", make_question({"event": ("click",)}))
    assert caught.value.code == "filter_not_applicable"
