"""Pages agree with the oracle on random small shops, and with numbers counted by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.metrics import oracle_pages
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import event
from tests.metrics.oracle import World
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same_table
from tests.metrics.worlds import Shop

from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # it would hide the failure


@over_random_shops()
def test_page_views_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world, other = World(rows, question), other_range(question)
        same_table(
            ask(mart, "pages_top", question),
            oracle_pages.pages_top(world, range_of(question)),
            oracle_pages.pages_top(world.at(other), other) if other else None,
        )


@over_random_shops()
def test_first_and_last_pages_agree_with_the_oracle(mart: FilledMart, shop: Shop) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        world, span, other = World(rows, question), range_of(question), other_range(question)
        currency = world.currency(span)
        for metric, is_exit in (("pages_landing", False), ("pages_exit", True)):
            same_table(
                ask(mart, metric, question),
                oracle_pages.session_pages(world, span, is_exit, currency),
                oracle_pages.session_pages(world.at(other), other, is_exit, currency) if other else None,
            )


def test_time_on_a_page_ends_with_the_next_page_or_the_last_event(mart: FilledMart) -> None:
    def view(path: str, second: int, name: str = "page_view", **fields: object) -> dict[str, object]:
        return event(NOON + timedelta(seconds=second), name, page_path=path, **fields)

    mart.fill(
        [
            view("/a", 0),
            view("/b", 10),
            view("/b", 25, "click"),
            view("/b", 30, "click"),
            view("/a", 100, client_id="c2"),  # nothing follows: no time
        ]
    )
    rows = {row["page_path"]: row for row in ask(mart, "pages_top", make_question()).dicts()}
    assert (rows["/a"]["avg_time_s"], rows["/b"]["avg_time_s"]) == (10.0, 20.0)
    assert (rows["/a"]["entries"], rows["/a"]["exits"], rows["/a"]["exit_rate"]) == (2, 1, 0.5)


def test_pages_are_returned_one_page_at_a_time(mart: FilledMart) -> None:
    mart.fill([event(NOON, page_path=path) for path in ("/b", "/a", "/a", "/c", None)])
    answer = ask(mart, "pages_top", make_question(limit=2, offset=1))
    assert [row[:2] for row in answer.rows] == [("(none)", 1), ("/b", 1)]
    assert (answer.meta["total_rows"], answer.meta["rows_behind"]) == (4, {"clickstream_events": 5})
    assert ask(mart, "pages_top", make_question(limit=2, offset=9)).meta["total_rows"] == 4
