"""`abandonment` and `abandoned_products`: what becomes of filled carts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_carts
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import event
from tests.metrics.oracle import Event, World
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same, same_comparison, same_table
from tests.metrics.test_orders import bought, confirmed
from tests.metrics.worlds import Shop, full_of_carts, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


@over_random_shops(st.sampled_from((1, 2, 24, 72)))
def test_abandonment_agrees_with_the_oracle(mart: FilledMart, shop: Shop, hours: int) -> None:
    rows, idle = mart.fill(full_of_carts(shop.events)), hours * HOUR
    for given in shop.questions:
        question = replace(without_filter(given, "event"), options={"idle": f"{hours}h"})
        world, span, other = World(rows, question), range_of(question), other_range(question)
        (row,) = ask(mart, "abandonment", question).dicts()
        now = oracle_carts.abandonment(world, span, idle)
        same(row, now)
        if other:
            same_comparison(row, now, oracle_carts.abandonment(world.at(other), other, idle))
        same_table(
            ask(mart, "abandoned_products", question),
            oracle_carts.abandoned_products(world, span, idle),
            oracle_carts.abandoned_products(world.at(other), other, idle) if other else None,
        )


def added(hours: float = 0, name: str = "add_to_cart_click", product: str | None = "p1", **fields: Any) -> Event:
    """Return a cart event, `hours` after noon."""
    return event(NOON + hours * HOUR, name, context_product_id=product, **fields)


def removed(hours: float, product: str | None = "p1") -> Event:
    return added(hours, "remove_from_cart_click", product)


def figures(mart: FilledMart, idle: str = "72h", **fields: Any) -> dict[str, Any]:
    return ask(mart, "abandonment", make_question(options={"idle": idle}, **fields)).dicts()[0]


def states(mart: FilledMart, **fields: Any) -> dict[str, int]:
    row = figures(mart, **fields)
    return {name: row[name] for name in ("ordered", "abandoned", "emptied", "still_open", "unripe") if row[name]}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([added()], {"abandoned": 1}),
        ([added(), bought(minutes=90)], {"ordered": 1}),
        ([added(), removed(1)], {"emptied": 1}),
        ([added(), removed(1), added(2)], {"abandoned": 1}),
        ([added(), bought(minutes=60), added(2)], {"ordered": 1, "abandoned": 1}),
        ([added(), bought(minutes=72 * 60)], {"ordered": 1}),
        ([added(), {**added(72), "event_timestamp": NOON + 72 * HOUR + MICROSECOND}], {"abandoned": 1}),
        ([bought(minutes=-60), added(0, "checkout_start")], {}),
        ([added(-71), added(1)], {}),  # opened the day before the range
        ([added(session_id="s1"), bought(minutes=300, session_id="s2")], {"ordered": 1}),
        # At one instant, event order decides: across sessions the session's key, within one what was queued first.
        ([added(session_id="s1"), bought(session_id="s2")], {"ordered": 1}),
        ([added(session_id="s2"), bought(session_id="s1")], {"abandoned": 1}),
        ([added(), bought()], {"ordered": 1}),
        ([bought(), added()], {"abandoned": 1}),
        ([added(user_id="u1"), confirmed(minutes=60, user_id="u1")], {"ordered": 1}),
        ([added(), confirmed(minutes=60)], {"abandoned": 1}),  # whose order it is, is not known
    ],
)
def test_a_cart_ends_with_its_order_or_is_left(mart: FilledMart, events: list[Event], expected: dict[str, int]) -> None:
    mart.fill(events)
    assert states(mart) == expected


def test_only_carts_that_are_old_enough_are_judged(mart: FilledMart) -> None:
    mart.fill([added(), added(10)])
    opened = make_question().as_of
    assert opened > NOON
    assert states(mart, as_of=NOON + 72 * HOUR - MICROSECOND) == {"unripe": 1}
    assert states(mart, as_of=NOON + 72 * HOUR) == {"still_open": 1}
    assert states(mart, as_of=NOON + 82 * HOUR) == {"still_open": 1}
    assert states(mart, as_of=NOON + 82 * HOUR + MICROSECOND) == {"abandoned": 1}


def test_rates_leave_out_carts_that_were_emptied(mart: FilledMart) -> None:
    mart.fill(
        [
            *(added(client_id="a"), added(1, "checkout_start", client_id="a")),
            *(added(client_id="b"), {**removed(1), "client_id": "b"}, added(2, "checkout_start", client_id="b")),
            *(added(client_id="c"), added(1, "checkout_start", client_id="c"), bought(minutes=90, client_id="c")),
            added(client_id="d"),
        ]
    )
    row = figures(mart)
    assert (row["carts"], row["abandoned"], row["ordered"], row["emptied"]) == (4, 2, 1, 1)
    assert (row["abandonment_rate"], row["median_to_order_s"]) == (2 / 3, 5400.0)
    assert (row["checkout_abandoned"], row["checkout_carts"], row["checkout_abandonment_rate"]) == (1, 2, 1 / 2)


def test_filters_apply_to_the_event_that_opens_a_cart(mart: FilledMart) -> None:
    mart.fill([added(session_id="s1", country="DE"), bought(minutes=300, session_id="s2", country="US")])
    assert figures(mart, filters={"country": ("DE",)})["ordered"] == 1
    assert figures(mart, filters={"country": ("US",)})["carts"] == 0
    assert figures(mart, filters={"product_id": ("p1",)})["ordered"] == 1


def test_a_product_is_left_behind_if_it_was_added_more_often_than_removed(mart: FilledMart) -> None:
    mart.fill(
        [
            *(added(), added(1), removed(2), added(3, product="p2"), removed(4, "p2"), added(5, product=None)),
            *(added(6, client_id="b"), bought(minutes=400, client_id="b")),
        ]
    )
    answer = ask(mart, "abandoned_products", make_question())
    assert answer.rows == [("p1", None, 1, 2, 0.5)]
    assert answer.meta["total_rows"] == 1


def test_a_product_has_the_last_name_in_its_carts(mart: FilledMart) -> None:
    names = ("Old", "New", None)
    mart.fill([added(hours, context_product_name=name) for hours, name in enumerate(names)])
    assert ask(mart, "abandoned_products", make_question()).rows == [("p1", "New", 1, 1, 1.0)]


@pytest.mark.parametrize("idle", ["0h", "721h", "31d", "72", "h", "3w", ""])
def test_an_idle_time_out_of_range_is_rejected(mart: FilledMart, idle: str) -> None:
    mart.fill([])
    with pytest.raises(QuestionError) as caught:
        figures(mart, idle)
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", "idle")
