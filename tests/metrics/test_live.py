"""`live`, `live_minutes` and `live_top`: the last 30 minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from tests.metrics import oracle_live
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import EVENT_FIELDS, SESSION_FIELDS, World
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import over_random_shops, same
from tests.metrics.test_orders import bought
from tests.metrics.worlds import Shop, without_filter

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask
from clickstream.metrics.live.live_top import BY

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
METRICS = ("live", "live_minutes", "live_top")


@over_random_shops(st.integers(0, 2**16), st.integers(0, 31 * 60))
def test_live_metrics_agree_with_the_oracle(mart: FilledMart, shop: Shop, number: int, seconds: int) -> None:
    rows = mart.fill(shop.events)
    moments = [one["event_timestamp"] for one in shop.events] or [NOON]
    for index, given in enumerate(shop.questions):
        # Shortly after one of the events, so that there is something to see.
        as_of = moments[(number + index) % len(moments)] + seconds * SECOND
        question = replace(without_filter(given, *EVENT_FIELDS, *SESSION_FIELDS), as_of=as_of)
        world = World(rows, question)
        span = oracle_live.window(world)
        world = world.at(span)
        answer = ask(mart, "live", question)
        same(answer.dicts()[0], oracle_live.live(world, world.currency(span)))
        assert (answer.meta["start"], answer.meta["end"]) == (span.start, span.end)
        assert answer.meta["hidden_bot_events"] == len(world.hidden_events(span))
        assert ask(mart, "live_minutes", question).dicts() == oracle_live.live_minutes(world)
        by = BY[(number + index) % len(BY)]
        top, expected = ask(mart, "live_top", replace(question, options={"by": by})), oracle_live.live_top(world, by)
        assert (top.dicts(), top.meta["total_rows"]) == (expected[:10], len(expected))


def test_the_window_begins_with_a_whole_minute_and_ends_at_as_of(mart: FilledMart) -> None:
    as_of = NOON + 30 * MINUTE + 30 * SECOND
    edges = [
        NOON + MINUTE - SECOND,
        NOON + MINUTE,
        as_of - 5 * MINUTE - SECOND,
        as_of - 5 * MINUTE,
        as_of - SECOND,
        as_of,
    ]
    mart.fill([event(moment, client_id=f"c{number}") for number, moment in enumerate(edges)])
    (row,) = ask(mart, "live", make_question(as_of=as_of)).dicts()
    assert (row["visitors_30m"], row["visitors_5m"], row["page_views"]) == (4, 2, 4)
    minutes = ask(mart, "live_minutes", make_question(as_of=as_of)).dicts()
    assert [minutes[0]["minute"], minutes[-1]["minute"]] == [NOON + MINUTE, NOON + 30 * MINUTE]
    assert [row["events"] for row in minutes if row["events"]] == [1, 2, 1]
    assert len(minutes) == 30


def test_a_session_that_began_before_the_window_is_live_and_an_order_counts(mart: FilledMart) -> None:
    mart.fill([event(NOON - 20 * MINUTE), bought(total="20"), {**bought("o2"), "order_currency": "USD"}])
    (row,) = ask(mart, "live", make_question(as_of=NOON + MINUTE)).dicts()
    assert (row["sessions_30m"], row["orders"]) == (1, 2)
    assert str(row["revenue"]) == "20.0000"


def test_nothing_is_live_after_half_an_hour(mart: FilledMart) -> None:
    mart.fill([event(NOON)])
    late = make_question(as_of=NOON + 30 * MINUTE)
    assert ask(mart, "live", late).rows == [(0, 0, 0, 0, 0, 0)]
    assert [row[1:] for row in ask(mart, "live_minutes", late).rows] == [(0, 0)] * 30
    assert ask(mart, "live_top", late).rows == []


def test_the_top_has_ten_rows(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-02 12:00"), page_path=f"/{number:02}") for number in range(12)])
    answer = ask(mart, "live_top", make_question(as_of=NOON + MINUTE))
    assert [row[0] for row in answer.rows] == [f"/{number:02}" for number in range(10)]
    assert answer.meta["total_rows"] == 12


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", ["country", "event"])
def test_only_filters_of_the_population_apply_to_live_metrics(mart: FilledMart, metric: str, name: str) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, metric, make_question({name: ("x",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", name)
