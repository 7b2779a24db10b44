"""`sessions_list`: the sessions behind a number, as many as the number says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import event
from tests.metrics.oracle import Event, World, duration_us, has, session_value, shown
from tests.metrics.oracle_orders import is_bot_session
from tests.metrics.oracle_time import Range, range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_oracle import over_random_shops, same
from tests.metrics.test_orders import bought
from tests.metrics.worlds import Shop

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question
from clickstream.metrics.visitors.sessions_list import write_between

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
FIGURES = {None: "sessions", "cart": "cart_sessions", "checkout": "checkout_sessions", "order": "order_sessions"}
STEPS = {"view": "product_view", "cart": "add_to_cart_click", "checkout": "checkout_start"}


def expected(world: World, span: Range, reached: str | None) -> list[dict[str, Any]]:
    """Return the sessions by the rules of docs/metrics, in the order of the answer."""
    rows = []
    for key, session in world.counted_sessions(span).items():
        steps = [step for step, name in STEPS.items() if has(session, name)]
        steps += ["order"] if world.orders_in(key) else []
        if reached is not None and reached not in steps:
            continue
        pages = [row["page_path"] for row in session if row["is_page_view"]]
        rows.append(
            {
                "visitor_id": world.session_visitor(session),
                "started_at": session[0]["event_timestamp"],
                "session_key": key,
                "duration_s": duration_us(session) / 1e6,
                "events": len(session),
                "page_views": len(pages),
                "entry_page": shown(pages[0] if pages else None),
                "exit_page": shown(pages[-1] if pages else None),
                **{name: shown(session_value(session, name)) for name in ("channel", "device_type", "country")},
                "is_engaged": world.is_engaged(session),
                "is_bot": is_bot_session(session),
                "is_sample": session[0]["is_sample"],
                "reached": steps[-1] if steps else None,
                "orders": len(world.orders_in(key)),
            }
        )
    return sorted(
        sorted(rows, key=lambda row: row["session_key"].encode()), key=lambda row: row["started_at"], reverse=True
    )


@over_random_shops(st.sampled_from((None, "view", "cart", "checkout", "order")))
def test_sessions_agree_with_the_oracle_and_are_as_many_as_overview_says(
    mart: FilledMart, shop: Shop, reached: str | None
) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        options = {"reached": reached} if reached else {}
        answer = ask(mart, "sessions_list", replace(question, options=options, limit=1000))
        wanted = expected(World(rows, question), range_of(question), reached)
        assert [row["session_key"] for row in answer.dicts()] == [row["session_key"] for row in wanted]
        for row, one in zip(answer.dicts(), wanted, strict=True):
            same(row, one)
        assert answer.meta["total_rows"] == answer.meta["rows_behind"]["sessions"] == len(wanted)
        if reached in FIGURES:
            (figures,) = ask(mart, "overview", question).dicts()
            assert answer.meta["total_rows"] == figures[FIGURES[reached]]


@over_random_shops(st.integers(0, 2**32))
def test_instants_that_cut_the_range_divide_its_sessions(mart: FilledMart, shop: Shop, seed: int) -> None:
    rows = mart.fill(shop.events)
    for question in shop.questions:
        span = range_of(question)
        starts = sorted({row["event_timestamp"] for row in rows}) or [span.start]
        cut = starts[seed % len(starts)]
        far = timedelta(days=3000)
        parts = [(cut - far, cut), (cut, cut + far)]
        found = [keys(mart, question, between=write_between(*part)) for part in parts]
        assert [*found[1], *found[0]] == keys(mart, question)
        assert found[0] == [row["session_key"] for row in expected(World(rows, question), part_of(span, cut), None)]


def part_of(span: Range, end: datetime) -> Range:
    return Range(span.start, max(span.start, min(span.end, end)), span.whole_end)


def keys(mart: FilledMart, question: Question, **options: str) -> list[str]:
    answer = ask(mart, "sessions_list", replace(question, options=options, limit=1000))
    assert answer.meta["total_rows"] == len(answer.rows)
    return [row[0] for row in answer.rows]


def visit(client: str, start: datetime, *names: str) -> list[Event]:
    return [event(start + timedelta(seconds=n), name, client_id=client) for n, name in enumerate(names)]


def test_the_furthest_step_is_shown_and_a_step_does_not_need_the_one_before(mart: FilledMart) -> None:
    mart.fill(
        [
            *visit("a", NOON, "page_view"),
            *visit("b", NOON + timedelta(hours=1), "product_view", "add_to_cart_click"),
            *visit("c", NOON + timedelta(hours=2), "checkout_start"),
            {**bought(), "client_id": "d", "event_timestamp": NOON + timedelta(hours=3)},
        ]
    )
    rows = ask(mart, "sessions_list", make_question()).dicts()
    assert [(row["visitor_id"], row["reached"]) for row in rows] == [
        ("d", "order"),
        ("c", "checkout"),
        ("b", "cart"),
        ("a", None),
    ]
    by_step = {
        step: [row[1] for row in ask(mart, "sessions_list", make_question(options={"reached": step})).rows]
        for step in ("view", "cart", "checkout", "order")
    }
    assert by_step == {"view": ["b"], "cart": ["b"], "checkout": ["c"], "order": ["d"]}


def test_sessions_are_paged_and_counted_beyond_the_page(mart: FilledMart) -> None:
    mart.fill([one for n in range(5) for one in visit(f"c{n}", NOON + timedelta(minutes=n), "click")])
    page = ask(mart, "sessions_list", make_question(limit=2, offset=2))
    assert [row[1] for row in page.rows] == ["c2", "c1"]
    assert page.meta["total_rows"] == 5
    beyond = ask(mart, "sessions_list", make_question(limit=2, offset=9))
    assert (beyond.rows, beyond.meta["total_rows"]) == ([], 5)


def test_the_instants_may_have_an_offset_or_none_and_stay_within_the_range(mart: FilledMart) -> None:
    mart.fill([*visit("a", NOON, "click"), *visit("b", NOON + timedelta(days=1), "click")])
    for text in ("2026-03-02T12:00..2026-03-09", "2026-03-02T13:00+01:00..2026-03-02T12:00:00.000001Z"):
        answer = ask(mart, "sessions_list", make_question(options={"between": text}))
        assert [row[1] for row in answer.rows] == ["a"], text
    outside = ask(mart, "sessions_list", make_question(options={"between": "2020-01-01..2020-01-02"}))
    assert (outside.rows, outside.meta["total_rows"]) == ([], 0)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("between", "yesterday..today"),
        ("between", "2026-03-02"),
        ("between", "2026-03-02..2026-03-03..2026-03-04"),
        ("between", "2026-03-03..2026-03-02"),
        ("between", "0001-01-01T00:00+10:00..2026-03-02"),
        ("reached", "cart,order"),
    ],
)
def test_an_invalid_option_is_rejected(mart: FilledMart, option: str, text: str) -> None:
    mart.fill([])
    with pytest.raises(QuestionError) as caught:
        ask(mart, "sessions_list", make_question(options={option: text}))
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", option)


def test_instants_are_written_in_utc() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert write_between(start, start + timedelta(microseconds=1)) == (
        "2026-03-01T12:00:00Z..2026-03-01T12:00:00.000001Z"
    )
