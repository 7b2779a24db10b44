"""`paths` and `journeys`: what sessions went through, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_sequences
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import event
from tests.metrics.oracle import Event, World
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import over_random_shops, same_table
from tests.metrics.test_orders import bought
from tests.metrics.worlds import Shop, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SECOND = timedelta(seconds=1)
WAYS = st.sampled_from(
    (
        {"nodes": "pages"},
        {"nodes": "pages", "anchor": "/"},
        {"nodes": "pages", "anchor": "(none)", "direction": "before"},
        {"nodes": "events"},
        {"nodes": "events", "anchor": "product_view"},
        {"nodes": "events", "anchor": "purchase", "direction": "before"},
    )
)


@over_random_shops(WAYS, st.integers(2, 10), st.integers(1, 4))
def test_paths_and_journeys_agree_with_the_oracle(
    mart: FilledMart, shop: Shop, way: Mapping[str, str], steps: int, top: int
) -> None:
    rows = mart.fill(shop.events)
    options = {"direction": "after", **way, "steps": str(steps)}
    for given in shop.questions:
        question = replace(without_filter(given, "event"), limit=1000)
        world, span = World(rows, question), range_of(question)
        found = oracle_sequences.sequences(world, span, options)
        paths = ask(mart, "paths", replace(question, options={**options, "top": str(top)}))
        same_table(paths, oracle_sequences.paths(world, span, options, top), None, keys=3)
        journeys = ask(mart, "journeys", replace(question, options=options))
        same_table(journeys, oracle_sequences.journeys(world, span, options), None, keys=10)
        for answer in (paths, journeys):
            assert answer.meta["rows_behind"] == {"sessions": len(found)}
            assert answer.meta["sessions_left_out"] == len(world.counted_sessions(span)) - len(found)


def clicks(client: str, *pages: str) -> list[Event]:
    """Return the page views of one session, a second apart."""
    return [
        event(NOON + number * SECOND, client_id=client, page_path=page or None) for number, page in enumerate(pages)
    ]


def links(mart: FilledMart, **options: str) -> list[tuple[Any, ...]]:
    return ask(mart, "paths", make_question(options=options)).rows


def test_repeated_pages_are_one_node_and_a_short_session_ends_once(mart: FilledMart) -> None:
    mart.fill(clicks("a", "/", "/", "/p/1", "/p/1", "/", ""))
    assert links(mart) == [
        (1, "/", "/p/1", 1),
        (2, "/p/1", "/", 1),
        (3, "/", "(none)", 1),
        (4, "(none)", "(exit)", 1),
    ]
    assert links(mart, steps="2") == [(1, "/", "/p/1", 1)]


def test_small_nodes_of_a_step_become_one_that_the_flow_goes_through(mart: FilledMart) -> None:
    mart.fill([*clicks("a", "/", "/x", "/end"), *clicks("b", "/", "/y", "/end"), *clicks("c", "/", "/b", "/end")])
    assert links(mart, top="1", steps="3") == [
        (1, "/", "(other)", 2),
        (1, "/", "/b", 1),
        (2, "(other)", "/end", 2),
        (2, "/b", "/end", 1),
    ]


def test_what_leaves_a_node_is_what_enters_it(mart: FilledMart) -> None:
    ways = (("/", "/a", "/b"), ("/", "/b"), ("/c", "/a"), ("/", "/a", "/", "/d"), ("/d",))
    mart.fill([one for number, pages in enumerate(ways) for one in clicks(f"c{number}", *pages)])
    found = links(mart, top="2", steps="4")
    assert sum(sessions for step, *_, sessions in found if step == 1) == len(ways)
    for step in (2, 3):
        sources = {source for at, source, _, _ in found if at == step}
        for node in sources | {target for at, _, target, _ in found if at == step - 1} - {"(exit)"}:
            entering = sum(n for at, _, target, n in found if at == step - 1 and target == node)
            assert entering == sum(n for at, source, _, n in found if at == step and source == node)


def test_a_way_back_from_the_last_anchor_points_to_what_came_before(mart: FilledMart) -> None:
    mart.fill([*clicks("a", "/", "/p/1", "/cart", "/p/2", "/cart", "/x"), *clicks("b", "/cart"), *clicks("c", "/")])
    answer = ask(mart, "paths", make_question(options={"anchor": "/cart", "direction": "before", "steps": "3"}))
    assert answer.rows == [(1, "/cart", "(entry)", 1), (1, "/cart", "/p/2", 1), (2, "/p/2", "/cart", 1)]
    assert answer.meta["sessions_left_out"] == 1


def test_events_at_one_instant_are_in_event_order_and_only_the_carrier_is_a_purchase(mart: FilledMart) -> None:
    names = ("search", "checkout_complete", "share_click", "order_confirmed", "checkout_complete", "login_success")
    mart.fill([{**bought(), "event_name": name} | {"order_id": "o1"} for name in names])
    options = {"nodes": "events", "steps": "10"}
    (row,) = ask(mart, "journeys", make_question(options=options)).dicts()
    assert [row[f"step_{n}"] for n in range(1, 6)] == ["search", "purchase", "share_click", "login_success", None]
    assert (row["sessions"], row["share"], row["order_sessions"]) == (1, 1.0, 1)


def test_journeys_are_whole_ways_and_the_rarest_may_be_on_another_page(mart: FilledMart) -> None:
    mart.fill([*clicks("a", "/", "/a"), *clicks("b", "/", "/a"), *clicks("c", "/"), *clicks("d", "/", "/a", "/b")])
    answer = ask(mart, "journeys", make_question(options={"steps": "3"}, limit=1, offset=1))
    assert [answer.rows[0][:4], answer.meta["total_rows"]] == [("/", "/a", "/b", None), 3]
    assert ask(mart, "journeys", make_question(options={"steps": "2"})).rows[0][10] == 3


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"direction": "before"}, "direction"),
        ({"steps": "11"}, "steps"),
        ({"steps": "1"}, "steps"),
        ({"top": "21"}, "top"),
        ({"nodes": "clicks"}, "nodes"),
    ],
    ids=str,
)
def test_an_invalid_option_of_paths_is_rejected(mart: FilledMart, options: dict[str, str], parameter: str) -> None:
    mart.fill([])
    with pytest.raises(QuestionError) as caught:
        ask(mart, "paths", make_question(options=options))
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", parameter)


@pytest.mark.parametrize("metric", ["paths", "journeys"])
def test_paths_reject_a_filter_of_events_by_name(mart: FilledMart, metric: str) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, metric, make_question({"event": ("click",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", "event")
