"""`search_terms`: random small shops, and edge cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.metrics import oracle_searches
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import Event, World
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import make_question
from tests.metrics.test_customers import bought
from tests.metrics.test_oracle import other_range, over_random_shops, same_table
from tests.metrics.worlds import Shop

from clickstream.metrics.catalog import ask

MARCH: dict[str, Any] = {"from_date": date(2026, 3, 1), "to_date": date(2026, 4, 1), "as_of": at("2026-04-15 00:00")}


@over_random_shops()
def test_search_terms_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world, span, other = World(rows, question), range_of(question), other_range(question)
        answer = ask(mart, "search_terms", question)
        before = oracle_searches.search_terms(world.at(other), other) if other else None
        same_table(answer, oracle_searches.search_terms(world, span), before)
        searches = oracle_searches.searches(world, span)
        assert answer.meta["searches_without_term"] == sum(not row["search_term"] for row in searches)


def searched(moment: str, term: str | None, results: int | None = 3, **fields: Any) -> Event:
    return event(at(moment), "search", search_term=term, search_results=results, page_path="/search", **fields)


def test_what_a_session_did_after_a_search_belongs_to_that_term(mart: FilledMart) -> None:
    mart.fill(
        [
            searched("2026-03-04 12:00:00", "bag"),
            event(at("2026-03-04 12:00:01"), "product_view", page_path="/p/1"),
            searched("2026-03-04 12:00:02", "shoe", 0),
            searched("2026-03-04 12:00:03", None),
            bought("1", "c1", "2026-03-04 12:00:04"),
            searched("2026-03-04 12:00:05", "hat", None),
            event(at("2026-03-04 12:00:06"), page_path="/search"),
        ]
    )
    answer = ask(mart, "search_terms", make_question(**MARCH))
    names = ("term", "no_result_searches", "no_result_rate", "view_sessions", "order_sessions", "exit_sessions")
    assert [tuple(row[name] for name in names) for row in answer.dicts()] == [
        ("bag", 0, 0.0, 1, 0, 0),
        ("hat", 0, None, 0, 0, 1),
        ("shoe", 1, 1.0, 0, 1, 0),
    ]
    assert answer.meta["searches_without_term"] == 1


def test_a_search_is_judged_by_the_last_one_for_its_term(mart: FilledMart) -> None:
    mart.fill(
        [
            searched("2026-03-04 12:00:00", "bag"),
            event(at("2026-03-04 12:00:01"), "product_view", page_path="/p/1"),
            searched("2026-03-04 12:00:02", "bag"),
            event(at("2026-03-04 12:00:03"), page_path="/"),
        ]
    )
    (row,) = ask(mart, "search_terms", make_question(**MARCH)).dicts()
    assert (row["searches"], row["sessions"], row["view_sessions"], row["exit_sessions"]) == (2, 1, 0, 0)


@pytest.mark.parametrize(
    ("name", "page", "exits"), [("page_view", "/search", 1), ("page_view", "/", 0), ("click", "/search", 0)]
)
def test_a_session_exits_if_it_only_viewed_the_page_of_its_search(
    mart: FilledMart, name: str, page: str, exits: int
) -> None:
    mart.fill([searched("2026-03-04 12:00:00", "bag"), event(at("2026-03-04 12:00:01"), name, page_path=page)])
    (row,) = ask(mart, "search_terms", make_question(**MARCH)).dicts()
    assert row["exit_sessions"] == exits


@pytest.mark.parametrize("is_search_first", [True, False])
def test_event_order_decides_between_a_search_and_an_order_at_the_same_time(
    mart: FilledMart, is_search_first: bool
) -> None:
    moment = "2026-03-04 12:00:00"
    events = [searched(moment, "bag"), bought("1", "c1", moment)]
    for line, one in enumerate(events if is_search_first else reversed(events)):
        one["raw_line"] = line
    mart.fill(events)
    (row,) = ask(mart, "search_terms", make_question(**MARCH)).dicts()
    assert row["order_sessions"] == is_search_first


def test_an_empty_range_has_no_search_terms(mart: FilledMart) -> None:
    mart.fill([])
    assert ask(mart, "search_terms", make_question(**MARCH)).rows == []
