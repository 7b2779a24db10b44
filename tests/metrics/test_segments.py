"""The filters `segment` and `visitor_id`, and `segment_size`: direct examples, and random rules against the oracle.

The oracle tests of the other metrics draw these filters too (worlds.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_segments
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import EVENT_FIELDS, SESSION_FIELDS, World
from tests.metrics.oracle_segments import draw_rule
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same, same_comparison
from tests.metrics.worlds import Shop, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@over_random_shops(st.randoms(use_true_random=False))
def test_segment_sizes_agree_with_the_oracle(mart: FilledMart, shop: Shop, chance: Any) -> None:
    rows = mart.fill(shop.events)
    for given in shop.questions:
        assert given.from_date is not None
        assert given.to_date is not None
        plain = without_filter(given, *EVENT_FIELDS, *SESSION_FIELDS, "segment")
        for _ in range(4):
            texts = [draw_rule(chance, given.from_date, given.to_date) for _ in range(chance.choice((1, 1, 2)))]
            segment = tuple(chance.choice(("", "", "!")) + text for text in texts)
            question = replace(plain, filters={**plain.filters, "segment": segment})
            world, span, other = World(rows, question), range_of(question), other_range(question)
            (row,) = ask(mart, "segment_size", question).dicts()
            expected = oracle_segments.segment_size(world, span)
            same(row, expected)
            overview = ask(mart, "overview", question).dicts()[0]
            same(overview, {"visitors": row["visitors"]})
            if other is not None:
                same_comparison(row, expected, oracle_segments.segment_size(world.at(other), other))


def test_a_range_after_as_of_knows_only_what_was_before_it(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-01 10:00")), event(at("2026-03-03 10:00"), client_id="later")])
    future = {"from_date": date(2026, 3, 5), "to_date": date(2026, 3, 6)}
    question = make_question({"segment": ("did(page_view)",)}, **future, as_of=at("2026-03-02 00:00"), compare="none")
    assert ask(mart, "segment_size", question).rows[0][:3] == (0, 1, 0)


def shoppers(mart: FilledMart) -> None:
    """Fill the mart: A buys twice and comes back, B puts in the cart, C looks, and D was here two days before."""
    mart.fill(
        [
            bought("o1", "30.00", client_id="A"),
            bought("o2", "80.50", NOON + 2 * HOUR, client_id="A", channel="email"),
            event(NOON, "add_to_cart_click", client_id="B", context_product_category="Lamps, old", country="DE"),
            event(NOON, "page_view", client_id="C", page_path="/p/1", user_login_state="logged_in"),
            event(NOON - 2 * DAY, "page_view", client_id="D", page_path="/p/(x)"),
            event(NOON, "search", client_id="D"),
            event(NOON, "page_view", client_id=None),
        ]
    )


def bought(order_id: str, total: str, moment: Any = NOON, **fields: object) -> dict[str, Any]:
    money = {"order_id": order_id, "order_total": Decimal(total), "order_currency": "EUR"}
    return event(moment, "checkout_complete", **money, **fields)


@pytest.mark.parametrize(
    ("segment", "visitors"),
    [
        ("did(purchase)", "A"),
        ("did(purchase, >= 2)", "A"),
        ("did(purchase, > 2)", ""),
        ("did(purchase, = 0)", "BCD"),
        ("not did(purchase)", "BCD"),
        ("did(purchase, < 1) and not did(add_to_cart_click)", "CD"),
        ("spent(EUR, > 100)", "A"),
        ("spent(eur, > 110.50)", ""),
        ("spent(USD, < 1)", "ABCD"),
        ('did(add_to_cart_click[category = "Lamps, old"])', "B"),
        ("did(page:/p/*)", "CD"),
        ('did(page:"/p/(x)")', "D"),
        ("did(page_view, range)", "C"),
        ("did(page_view, 3d)", "CD"),
        ("did(page_view, 2d)", "C"),
        ("did(page_view, 2026-02-28..2026-03-01)", "D"),
        ("sessions >= 2", "AD"),
        ("channel = email", ""),
        ("country = DE or login_state = logged_in", "BC"),
        ("country != DE", "ACD"),
        ("first_seen = range", "ABC"),
        ("first_seen < 2026-03-02", "D"),
        ("login_state = (none)", "ABD"),
        ("did(never_sent)", ""),
        ("not (did(never_sent) or did(search))", "ABC"),
    ],
)
def test_a_segment_has_the_visitors_that_match(mart: FilledMart, segment: str, visitors: str) -> None:
    shoppers(mart)
    for text, expected in ((segment, set(visitors)), (f"!{segment}", set("ABCD") - set(visitors))):
        found = ask(mart, "segment_size", make_question({"segment": (text,)})).dicts()[0]
        assert (found["visitors"], found["visitors_ever"], found["visitors_in_range"]) == (*[len(expected)] * 2, 4)
        for visitor in "ABCD":
            one = ask(mart, "overview", make_question({"segment": (text,), "visitor_id": (visitor,)})).dicts()[0]
            assert one["visitors"] == (visitor in expected), visitor


def test_several_segments_are_alternatives_and_excluded_ones_are_left_out(mart: FilledMart) -> None:
    shoppers(mart)

    def visitors(*segment: str) -> int:
        return int(ask(mart, "overview", make_question({"segment": segment})).dicts()[0]["visitors"])

    assert visitors("did(purchase)", "did(search)") == 2
    assert visitors("!did(purchase)", "!did(search)") == 2
    assert visitors("did(page_view)", "!did(search)") == 1


def test_a_segment_and_its_opposite_add_up_to_everything(mart: FilledMart) -> None:
    shoppers(mart)
    rule = "did(page_view)"
    names = ("events", "sessions", "visitors", "orders")
    inside, outside, everything = (
        ask(mart, "overview", make_question(filters)).dicts()[0]
        for filters in ({"segment": (rule,)}, {"segment": (f"!{rule}",)}, None)
    )
    assert [inside[name] + outside[name] for name in names] == [everything[name] for name in names]
    assert outside["events"] == 4  # with the event of no visitor


def test_a_segment_is_evaluated_again_for_the_comparison_period(mart: FilledMart) -> None:
    mart.fill(
        [
            event(NOON - DAY, "page_view", client_id="A"),
            bought("o1", "10", client_id="A"),
            bought("o2", "10", NOON - DAY, client_id="B"),
        ]
    )
    question = make_question({"segment": ("did(purchase)",)}, compare="previous")
    (row,) = ask(mart, "overview", question).dicts()
    assert (row["visitors"], row["visitors_previous"], row["events_previous"]) == (1, 1, 1)


def test_rows_count_by_their_own_visitor_when_two_people_share_a_session(mart: FilledMart) -> None:
    shared = {"client_id": "c", "session_id": "s", "context_product_id": "p1"}
    mart.fill(
        [
            event(NOON, "product_view", user_id="first", **shared, channel="email", page_url="https://shop.example/"),
            event(NOON + HOUR / 6, "add_to_cart_click", user_id="second", **shared),
            event(NOON + HOUR / 5, "checkout_start", user_id="second", **shared),
            bought("o1", "10", NOON + HOUR / 4, user_id="second", client_id="c", session_id="s"),
        ]
    )
    second = make_question({"visitor_id": ("second",), "channel": ("email",)})
    (row,) = ask(mart, "overview", second).dicts()
    assert [row[name] for name in ("visitors", "events", "orders", "sessions")] == [1, 3, 1, 0]
    products = ask(mart, "products", second).dicts()[0]
    assert [products[name] for name in ("views", "cart_adds", "view_sessions", "checkout_sessions")] == [0, 1, 0, 1]
    (row,) = ask(mart, "overview", make_question({"visitor_id": ("first",)})).dicts()
    assert [row[name] for name in ("visitors", "events", "orders", "sessions")] == [1, 1, 0, 1]
    assert row["order_sessions"] == 1  # the session counts whole


def test_days_of_a_rule_are_local(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-01 22:59"), client_id="A"), event(at("2026-03-01 23:00"), client_id="B")])
    question = make_question({"segment": ("did(page_view, 1d)",)}, tz=ZoneInfo("Europe/Berlin"))
    assert ask(mart, "segment_size", question).dicts()[0]["visitors_ever"] == 1
    later = replace(question, to_date=date(2026, 3, 1), from_date=date(2026, 2, 28))
    assert ask(mart, "segment_size", later).dicts()[0]["visitors_ever"] == 0


def test_bots_and_sample_rows_do_not_exist_for_a_rule(mart: FilledMart) -> None:
    mart.fill([event(NOON, "search", client_id="A", is_bot=True), event(NOON + HOUR, "page_view", client_id="A")])
    filters = {"segment": ("did(search)",)}
    assert ask(mart, "segment_size", make_question(filters)).dicts()[0]["visitors"] == 1
    people = make_question({**filters, "humans": ("true",)})
    assert ask(mart, "segment_size", people).dicts()[0]["visitors"] == 0


def test_an_empty_mart_has_no_visitors(mart: FilledMart) -> None:
    mart.fill([])
    answer = ask(mart, "segment_size", make_question({"segment": ("not did(purchase)",)}))
    assert answer.rows == [(0, 0, 0, None)]


def test_segment_size_rejects_filters_on_events(mart: FilledMart) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, "segment_size", make_question({"country": ("DE",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", "country")


def test_a_rule_with_every_condition_it_may_have_is_answered(mart: FilledMart) -> None:
    shoppers(mart)
    rule = " or ".join(f"did(page:/p/{number}, >= 1, {number + 1}d)" for number in range(20))
    assert ask(mart, "overview", make_question({"segment": (rule,)})).dicts()[0]["visitors"] == 1
