"""`visitor_timeline`: the events of one visitor, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines import empty_warehouse
from tests.metrics.filling import at, event, fill
from tests.metrics.oracle import Event, World, order_key, passes, session_value, shown
from tests.metrics.oracle_orders import is_bot_session
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import ANY_SHOPS, plain
from tests.metrics.test_orders import bought
from tests.metrics.worlds import Shop
from tests.postgres import Cluster

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records
from clickstream.warehouse.contract import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
EXAMPLES = {"duckdb": 2, "postgres": 4}
EVER = Question(as_of=at("2027-01-01 00:00"), tz=ZoneInfo("UTC"))


@pytest.fixture(scope="session")
def stored_in(server: Cluster | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse of each engine for all tests here: `fill` empties it first."""
    with empty_warehouse(tmp_path_factory.mktemp("timeline"), server) as warehouse:
        yield warehouse


def timeline(warehouse: Warehouse, question: Question, visitor: str, **options: str) -> Answer:
    asked = replace(question, options={"visitor_id": visitor, **options})
    return ask(None, "visitor_timeline", asked, records=Records(warehouse))


def whole_timeline(warehouse: Warehouse, question: Question, visitor: str) -> list[dict[str, Any]]:
    """Read page after page."""
    rows: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = timeline(warehouse, question, visitor, **more)
        rows += answer.dicts()
        if len(rows) == answer.meta["total_rows"]:
            return rows
        assert len(answer.rows) == question.limit
        more = {"before": rows[-1]["key"]}


def visitors_of(world: World, rows: Sequence[Event]) -> set[str]:
    return {visitor for row in rows if (visitor := world.visitor(row)) is not None}


@pytest.mark.quick_on("duckdb")
def test_the_timelines_of_all_visitors_are_all_events_with_a_visitor(stored_in: Warehouse) -> None:
    @settings(plain, max_examples=EXAMPLES[stored_in.engine])
    @given(ANY_SHOPS, st.integers(2, 40), st.sampled_from(((), ("product_view", "click"), ("!page_view",))))
    def check(shop: Shop, limit: int, names: tuple[str, ...]) -> None:
        rows = fill(stored_in, shop.events)
        filters = {"event": names} if names else {}
        for given_question in shop.questions[:2]:
            question = replace(given_question, limit=limit, filters=filters)
            span = range_of(question)
            world = World(rows, replace(question, filters={"sample": ("include",)}))
            for visitor in [*visitors_of(world, rows), "unknown"]:
                wanted = [
                    row
                    for row in sorted(rows, key=order_key, reverse=True)
                    if world.visitor(row) == visitor
                    and span.start <= row["event_timestamp"] < span.end
                    and passes(row["event_name"], names, False)
                ]
                found = whole_timeline(stored_in, question, visitor)
                assert [row["event_id"] for row in found] == [str(row["event_id"]) for row in wanted]
                for row, one in zip(found, wanted, strict=True):
                    session = world.sessions.get(one["session_key"] or "", [])
                    is_bot = is_bot_session(session) if session else one["is_bot"]
                    assert (row["session_key"], row["is_bot"]) == (one["session_key"], is_bot)
                    assert (row["event"], row["page_path"]) == (one["event_name"], one["page_path"])
                    assert (row["raw_object"], row["raw_line"]) == (one["raw_object"], one["raw_line"])

    check()


@pytest.mark.quick_on("duckdb")
def test_what_is_known_of_a_visitor_agrees_with_the_oracle(stored_in: Warehouse) -> None:
    @settings(plain, max_examples=EXAMPLES[stored_in.engine])
    @given(ANY_SHOPS)
    def check(shop: Shop) -> None:
        rows = fill(stored_in, shop.events)
        question = shop.questions[0]
        world = World(rows, replace(question, filters={"sample": ("include",)}))
        for visitor in visitors_of(world, rows):
            known = timeline(stored_in, replace(question, filters={}), visitor).meta["visitor"]
            assert known["first_seen_at"] == world.first_events[visitor]["event_timestamp"]
            sessions = sorted(
                (session[0]["event_timestamp"], key, session)
                for key, session in world.sessions.items()
                if world.session_visitor(session) == visitor and session[0]["event_timestamp"] < question.as_of
            )
            assert known["sessions"] == len(sessions)
            assert known["bot_sessions"] == sum(is_bot_session(session) for *_, session in sessions)
            assert known["first_channel"] == (shown(session_value(sessions[0][2], "channel")) if sessions else None)
            orders = [
                order
                for order in world.orders
                if world.visitor(order.carrier) == visitor and order.ordered_at < question.as_of
            ]
            assert known["orders"] == len(orders)
            sales = {
                currency: sum((o.total for o in orders if o.currency == currency and o.total is not None), Decimal(0))
                for currency in {order.currency for order in orders}
            }
            assert {row["currency"]: row["revenue"] for row in known["sales"]} == sales

    check()


def test_the_past_of_a_browser_belongs_to_its_first_user(stored_in: Warehouse) -> None:
    fill(
        stored_in,
        [
            event(NOON, "page_view", client_id="b"),
            event(NOON + timedelta(minutes=1), "login_success", client_id="b", user_id="ann"),
            event(NOON + timedelta(minutes=2), "click", client_id="b", user_id="bob"),
            event(NOON + timedelta(minutes=3), "search", client_id="b"),
            event(NOON + timedelta(hours=9), "wishlist_toggle", client_id="other", user_id="ann"),
            event(NOON + timedelta(hours=9), "share_click", client_id=None, session_id=None, user_id="ann"),
        ],
    )
    names = {
        visitor: [row["event"] for row in timeline(stored_in, EVER, visitor).dicts()]
        for visitor in ("ann", "bob", "b", "other")
    }
    assert names == {
        "ann": ["share_click", "wishlist_toggle", "search", "login_success", "page_view"],
        "bob": ["click"],
        "b": [],
        "other": [],
    }


def test_the_range_and_the_time_of_the_question_cut_the_events_but_not_what_is_known(stored_in: Warehouse) -> None:
    days = [NOON + timedelta(days=n) for n in range(3)]
    fill(stored_in, [*(event(day, client_id="v", channel="email", page_url="/") for day in days), bought()])
    one_day = timeline(stored_in, make_question(), "v")
    assert ([row["event_at"] for row in one_day.dicts()], one_day.meta["total_rows"]) == ([NOON], 1)
    assert one_day.meta["visitor"]["sessions"] == 3
    earlier = timeline(stored_in, replace(EVER, as_of=days[2]), "v")
    assert [row["event_at"] for row in earlier.dicts()] == [days[1], days[0]]
    assert (earlier.meta["visitor"]["sessions"], earlier.meta["visitor"]["first_channel"]) == (2, "email")


@pytest.mark.parametrize(
    ("question", "options", "code", "parameter"),
    [
        (EVER, {}, "invalid_option", "visitor_id"),
        (EVER, {"visitor_id": ""}, "invalid_option", "visitor_id"),
        (EVER, {"visitor_id": "v", "before": "yesterday"}, "invalid_option", "before"),
        (replace(EVER, filters={"country": ("DE",)}), {"visitor_id": "v"}, "filter_not_applicable", "country"),
        (replace(EVER, filters={"humans": ("true",)}), {"visitor_id": "v"}, "filter_not_applicable", "humans"),
    ],
)
def test_an_invalid_question_is_rejected(
    stored_in: Warehouse, question: Question, options: dict[str, str], code: str, parameter: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(None, "visitor_timeline", replace(question, options=options), records=Records(stored_in))
    assert (caught.value.code, caught.value.parameter) == (code, parameter)


def test_an_id_of_any_text_is_looked_for_as_it_is(stored_in: Warehouse) -> None:
    strange = "<script>\u202e'; drop table sessions; --"
    fill(stored_in, [event(NOON, client_id=strange), event(NOON, client_id="b")])
    assert timeline(stored_in, EVER, strange).meta["total_rows"] == 1
    assert timeline(stored_in, EVER, "\0\ud800").meta["total_rows"] == 0
