"""Funnels agree with the oracle on random small shops, and with numbers counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_steps
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import EVENT_FIELDS, SESSION_FIELDS, Event, World
from tests.metrics.oracle_steps import Definition
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same, same_comparison
from tests.metrics.worlds import Shop, busy_shops

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # it would hide the failure
# A step as text, and what the oracle needs to match it: kind, attribute, value.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("page_view", ("page_view",)),
    ("product_view", ("product_view",)),
    ("product_view", ("product_view",)),
    ("add_to_cart_click", ("add_to_cart_click",)),
    ("checkout_start", ("checkout_start",)),
    ("checkout_complete", ("checkout_complete",)),
    ("purchase", ("purchase",)),
    ("purchase", ("purchase",)),
    ("product_view[category=Laptops]", ("product_view", "category", "Laptops")),
    ('click[ login_state = "(none)" ]', ("click", "login_state", "(none)")),
    ("page:/p/*", ("page", "page_path", "/p/*")),
    ("page:/", ("page", "page_path", "/")),
    ("never", ("never",)),
)
WINDOWS = {"1min": timedelta(minutes=1), "90min": timedelta(minutes=90), "1d": timedelta(days=1)} | {
    "14d": timedelta(days=14)
}
SPLITS = (None, None, *EVENT_FIELDS, *SESSION_FIELDS)


@over_random_shops(st.integers(0, 2**32), of=busy_shops())
def test_every_step_agrees_with_the_oracle(mart: FilledMart, shop: Shop, seed: int) -> None:
    rows, chance = mart.fill(shop.events), Random(seed)
    for question in shop.questions:
        for _ in range(4):
            filters = {name: values for name, values in question.filters.items() if name != "event"}
            _check(mart, rows, replace(question, filters=filters), chance)


def _check(mart: FilledMart, rows: Sequence[Event], question: Question, chance: Random) -> None:
    steps = chance.choices(STEPS, k=chance.choice((2, 2, 3, 4)))
    window, order, unit = (
        chance.choice(list(WINDOWS)),
        chance.choice(("loose", "strict")),
        chance.choice(("visitor", "session")),
    )
    split = chance.choice(SPLITS)
    options = {"steps": ", ".join(text for text, _ in steps), "window": window, "order": order, "unit": unit}
    answer = ask(mart, "funnel", replace(question, options={**options, **({"split": split} if split else {})}))
    world, span, other = World(rows, question), range_of(question), other_range(question)
    matchers = [oracle_steps.matcher(world, *match) for _, match in steps]
    named = {"page_view" if match[0] == "page" else match[0] for _, match in steps}
    wanted = Definition(matchers, named, WINDOWS[window], order == "strict", unit, split)
    expected = oracle_steps.funnel(world, span, wanted, question.as_of)
    found = answer.dicts()
    assert [(row["split"], row["step"]) for row in found] == [
        (name, row["step"]) for name, group in expected.items() for row in group
    ]
    assert {row["is_complete"] for row in found} == {span.end + WINDOWS[window] <= question.as_of}
    before = {}
    if other is not None:
        until = _days_earlier(question, span.start, other.start)
        names = [name for name in expected if name is not None]
        before = oracle_steps.funnel(world.at(other), other, wanted, until, names)
    for row in found:
        now = expected[row["split"]][row["step"] - 1]
        same(row, now)
        if other is not None:
            old = before.get(row["split"]) or oracle_steps.rows_of([], len(steps))
            _same_comparison(row, now, old[row["step"] - 1])


def _same_comparison(row: dict[str, Any], now: dict[str, Any], old: dict[str, Any]) -> None:
    rates = ("rate_previous", "rate_first")
    same_comparison(row, {name: value for name, value in now.items() if name not in ("step", *rates)}, old)
    for name in rates:
        change = None if now[name] is None or old[name] is None else now[name] - old[name]
        same(row, {f"{name}_previous": old[name], f"{name}_change_points": change})


def _days_earlier(question: Question, start: datetime, other_start: datetime) -> datetime:
    """Return the local time of `as_of` as many days earlier as the other range starts."""
    days = {"previous": (question.to_date - question.from_date).days, "year": 364}[question.compare]  # type: ignore[operator]
    assert other_start < start
    local = question.as_of.astimezone(question.tz).replace(tzinfo=None) - timedelta(days=days)
    return local.replace(tzinfo=question.tz, fold=0).astimezone(NOON.tzinfo)


def test_ranks_of_median_and_p90_are_rounded_up(mart: FilledMart) -> None:
    sizes = (1, 2, 9, 10, 11, 19, 20, 21, 30)  # one country of each size
    events = []
    for size in sizes:
        for number in range(size):
            visitor = {"client_id": f"c{size}-{number}", "country": str(size)}
            events += [event(NOON, "a", **visitor), event(NOON + timedelta(seconds=number + 1), "b", **visitor)]
    mart.fill(events)
    rows = ask(mart, "funnel", make_question(options={"steps": "a,b", "split": "country"})).dicts()[1::2]
    found = {int(row["split"]): (row["median_step_s"], row["p90_step_s"]) for row in rows}
    assert found == {size: (float(-(-size // 2)), float(-(-9 * size // 10))) for size in sizes}


def test_a_step_after_the_range_counts_within_the_window(mart: FilledMart) -> None:
    entry = at("2026-03-02 23:00")
    mart.fill([event(entry, "product_view"), event(entry + timedelta(days=2), "add_to_cart_click")])

    def reached(window: str) -> list[int]:
        options = {"steps": "product_view,add_to_cart_click", "window": window}
        return [row["reached"] for row in ask(mart, "funnel", make_question(options=options)).dicts()]

    assert reached("2d") == [1, 1]
    assert reached("47h") == [1, 0]


def test_the_same_step_twice_needs_two_events(mart: FilledMart) -> None:
    mart.fill([event(NOON, "product_view"), event(NOON, "product_view", client_id="c2")])
    options = {"steps": "product_view,product_view"}
    assert [row["reached"] for row in ask(mart, "funnel", make_question(options=options)).dicts()] == [2, 0]
    mart.fill([event(NOON, "product_view"), event(NOON, "product_view")])
    assert [row["reached"] for row in ask(mart, "funnel", make_question(options=options)).dicts()] == [1, 1]


def test_a_page_reloaded_after_an_order_is_not_a_purchase(mart: FilledMart) -> None:
    order = {"order_id": "o1", "order_currency": "EUR"}
    mart.fill(
        [
            event(NOON, "checkout_complete", **order),
            event(NOON + timedelta(seconds=5), "add_to_cart_click"),
            event(NOON + timedelta(seconds=9), "checkout_complete", **order),
        ]
    )

    def reached(steps: str) -> list[int]:
        return [row["reached"] for row in ask(mart, "funnel", make_question(options={"steps": steps})).dicts()]

    assert reached("add_to_cart_click,checkout_complete") == [1, 1]
    assert reached("add_to_cart_click,purchase") == [1, 0]
    assert reached("purchase,add_to_cart_click") == [1, 1]


def test_an_order_known_only_to_the_server_is_a_purchase_of_its_visitor(mart: FilledMart) -> None:
    order = {"order_id": "o1", "client_id": None, "user_id": "u1"}
    mart.fill([event(NOON, "product_view", user_id="u1"), event(NOON, "order_confirmed", **order)])
    options = {"steps": "product_view,purchase"}
    assert [row["reached"] for row in ask(mart, "funnel", make_question(options=options)).dicts()] == [1, 1]
    by_session = make_question(options={**options, "unit": "session"})
    assert [row["reached"] for row in ask(mart, "funnel", by_session).dicts()] == [1, 0]


def test_events_of_two_sessions_at_one_time_are_ordered_by_session_key(mart: FilledMart) -> None:
    # A person with two clients: the order of the clients decides, also against the order in which events were received.
    def fill(first: str, second: str) -> list[int]:
        mart.fill(
            [
                event(NOON, "a", client_id=first, user_id="u1", received_at=NOON + timedelta(seconds=3)),
                event(NOON, "b", client_id=second, user_id="u1", received_at=NOON + timedelta(seconds=2)),
            ]
        )
        return [row["reached"] for row in ask(mart, "funnel", make_question(options={"steps": "a,b"})).dicts()]

    assert (fill("c1", "c2"), fill("c2", "c1")) == ([1, 1], [1, 0])


def test_an_earlier_period_has_as_much_time_to_convert(mart: FilledMart) -> None:
    # Asked at noon of the next day: the day before had a step at 13:00 of its next day, which would be unfair to count.
    day = timedelta(days=1)
    mart.fill([event(NOON - day, "a"), event(NOON + timedelta(hours=1), "b")])
    options = {"steps": "a,b"}
    question = make_question(options=options, compare="previous", from_date=date(2026, 3, 2), as_of=NOON + day)
    assert ask(mart, "funnel", question).dicts()[1]["reached_previous"] == 0
    later = replace(question, as_of=NOON + day + timedelta(hours=2))
    assert ask(mart, "funnel", later).dicts()[1]["reached_previous"] == 1


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"steps": "product_view"}, "steps"),
        ({"steps": ",".join(["a"] * 11)}, "steps"),
        ({"steps": "a,,b"}, "steps"),
        ({"steps": "a,b[colour=red]"}, "steps"),
        ({"steps": "a,b[category=Lap*]"}, "steps"),
        ({"steps": "a,b[category=Laptops"}, "steps"),
        ({"steps": "add to cart,b"}, "steps"),
        ({"window": "0d"}, "window"),
        ({"window": "91d"}, "window"),
        ({"window": "2 weeks"}, "window"),
        ({"order": "any"}, "order"),
    ],
    ids=str,
)
def test_an_invalid_funnel_is_rejected(mart: FilledMart, options: dict[str, str], parameter: str) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, "funnel", make_question(options=options))
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", parameter)


def test_a_filter_by_event_does_not_apply_to_a_funnel(mart: FilledMart) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, "funnel", make_question({"event": ("click",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", "event")
