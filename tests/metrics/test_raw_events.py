"""The pages of raw events: on both engines those that `overview` counts, each once, whatever the length of a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engines import empty_warehouse
from tests.metrics.filling import event, fill
from tests.metrics.oracle import World, order_key
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import ANY_SHOPS, plain
from tests.metrics.worlds import Shop, without_filter
from tests.postgres import Cluster

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.visitors.event_key import EventKey, read_key
from clickstream.metrics.visitors.raw_events import count_newer, find_event, newest_events
from clickstream.warehouse.contract import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
UPDATE = """
update clickstream_events
set received_at = cast($received_at as timestamptz), raw_object = $raw_object, raw_line = $raw_line
where event_id = $event_id
"""
EXAMPLES = {"duckdb": 4, "postgres": 2}


@pytest.fixture(scope="session")
def stored_in(server: Cluster | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse of each engine for all tests here: `fill` empties it first."""
    with empty_warehouse(tmp_path_factory.mktemp("raw_events"), server) as warehouse:
        yield warehouse


def all_pages(warehouse: Warehouse, question: Question, search_s: float = 60) -> list[dict[str, Any]]:
    """Read page after page. Every page but the last is full, and says that there are more."""
    rows: list[dict[str, Any]] = []
    before = None
    with warehouse.reading() as cursor:
        while True:
            page = newest_events(cursor, question, before, search_s)
            assert len(page.rows) == question.limit or not page.has_older or page.searched_to
            rows += page.rows
            if not page.has_older or page.end_key is None:
                return rows
            before = read_key(page.end_key.write())


def test_the_events_are_those_that_count_on_both_engines(stored_in: Warehouse) -> None:
    @settings(plain, max_examples=EXAMPLES[stored_in.engine])
    @given(ANY_SHOPS, st.integers(1, 9))
    def check(shop: Shop, limit: int) -> None:
        rows = fill(stored_in, shop.events)
        for given_question in shop.questions:
            question = replace(without_filter(given_question, "segment"), limit=limit)
            world = World(rows, question)
            wanted = sorted(world.counted_events(range_of(question)), key=order_key, reverse=True)
            found = all_pages(stored_in, question)
            assert [row["event_id"] for row in found] == [row["event_id"] for row in wanted]
            assert [row["visitor_id"] for row in found] == [world.visitor(row) for row in wanted]
            with stored_in.reading() as cursor:
                for number, row in enumerate(found[:4]):
                    assert count_newer(cursor, question, EventKey.of(row), most=3) == min(number, 3)
                assert count_newer(cursor, question, None, most=1000) == len(wanted)

    check()


def test_events_without_clocks_or_raw_line_have_a_place_too(stored_in: Warehouse) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("received_at", "raw_object", "raw_line"))
    late = NOON + timedelta(seconds=1)
    fields: list[dict[str, Any]] = [
        {"received_at": NOON, "raw_object": "events/a", "raw_line": 1},
        {"received_at": NOON, "raw_object": "events/a", "raw_line": 2},
        {"received_at": NOON, "raw_object": "events/a", "raw_line": None},
        {"received_at": NOON, "raw_object": "events/ä", "raw_line": 1},
        {"received_at": NOON, "raw_object": None, "raw_line": 1},
        {"received_at": late, "raw_object": "events/a", "raw_line": 1},
        {**nothing, "event_id": UUID(int=1 << 100)},
        {**nothing, "event_id": UUID(int=1 << 127)},
    ]
    events = [event(NOON, **{name: value for name, value in each.items() if name == "event_id"}) for each in fields]
    fill(stored_in, list(reversed(events)))
    with stored_in.transaction() as cursor:
        for one, each in zip(events, fields, strict=True):
            cursor.execute(UPDATE, {**each, "event_id": one["event_id"]})
    wanted = [one["event_id"] for one in reversed(events)]
    for limit in (1, 3, 8, 100):
        assert [row["event_id"] for row in all_pages(stored_in, make_question(limit=limit))] == wanted


def test_a_page_reaches_back_over_silence(stored_in: Warehouse) -> None:
    moments = [NOON - timedelta(days=days) for days in (0, 1, 40, 400)]
    fill(stored_in, [event(moment) for moment in moments])
    question = make_question(from_date=NOON.date() - timedelta(days=500), to_date=NOON.date() + timedelta(days=900))
    assert [row["event_timestamp"] for row in all_pages(stored_in, question)] == moments
    outside = make_question(from_date=NOON.date() + timedelta(days=1), to_date=NOON.date() + timedelta(days=2))
    assert all_pages(stored_in, outside) == []


def test_a_search_that_takes_too_long_is_continued_by_the_next_page(stored_in: Warehouse) -> None:
    fill(stored_in, [event(NOON - timedelta(hours=hours)) for hours in (0, 1, 2, 5, 29)])
    question = make_question(from_date=NOON.date() - timedelta(days=2), limit=2)
    with stored_in.reading() as cursor:
        first = newest_events(cursor, question, search_s=0)
    assert (first.rows, first.has_older, first.searched_to) == ([], True, NOON + timedelta(hours=11))
    assert all_pages(stored_in, question, search_s=0) == all_pages(stored_in, replace(question, limit=9))


def test_one_event_is_found_with_all_its_columns(stored_in: Warehouse) -> None:
    one = event(NOON, page_path="/<b>", campaign="a, b")
    fill(stored_in, [one])
    with stored_in.reading() as cursor:
        row = find_event(cursor, NOON, one["event_id"])
        assert row is not None
        assert (row["page_path"], row["campaign"], row["properties"]) == ("/<b>", "a, b", None)
        assert find_event(cursor, NOON, UUID(int=0)) is None


@pytest.mark.parametrize(
    "text", ["", "no key", "ä", "W10", "bnVsbA", "WyJ5ZXN0ZXJkYXkiLG51bGwsbnVsbCxudWxsLG51bGxd", "A" * 10_000]
)
def test_a_text_that_is_not_a_key_is_rejected(text: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read_key(text)
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", "before")


def test_a_key_is_read_as_it_was_written() -> None:
    for key in (
        EventKey(NOON + timedelta(microseconds=1), None, None, None, UUID(int=7)),
        EventKey(NOON, NOON, 'events/ä "1".json', 3, UUID(int=1 << 127)),
    ):
        assert read_key(key.write()) == key
        assert key.write().isascii()
