"""The worked example of docs/metrics: a week of three visitors, counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event

from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question

# visitor, sent session, time in March 2026, event, page, channel of its address; event 11 carries order O1
EXAMPLE = (
    ("A", "s1", "02 10:00:00", "page_view", "/", "paid_search"),
    ("A", "s1", "02 10:01:00", "page_view", "/p/1", None),
    ("A", "s1", "02 10:01:00", "product_view", "/p/1", None),
    ("A", "s1", "02 10:40:00", "add_to_cart_click", "/p/1", "direct"),
    ("A", "s1", "02 10:41:00", "checkout_start", "/checkout", None),
    ("B", "s2", "02 23:50:00", "page_view", "/", "organic_search"),
    ("B", "s2", "03 00:05:00", "page_view", "/p/1", None),
    ("B", "s2", "03 00:05:01", "product_view", "/p/1", None),
    ("C", "s3", "03 09:00:00", "page_view", "/", "direct"),
    ("A", "s4", "04 12:00:00", "search", "/checkout", "email"),
    ("A", "s4", "04 12:02:00", "checkout_complete", "/checkout", None),
    ("B", "s5", "10 08:00:00", "add_to_cart_click", "/p/1", "direct"),
)
WEEK = Question(
    as_of=datetime(2026, 4, 1, tzinfo=UTC),
    tz=ZoneInfo("UTC"),
    from_date=date(2026, 3, 1),
    to_date=date(2026, 3, 8),
)


def _order(name: str) -> dict[str, object]:
    is_order = name == "checkout_complete"
    return {"order_id": "O1", "order_total": Decimal(100), "order_currency": "EUR"} if is_order else {}


@pytest.fixture
def example(mart: FilledMart) -> FilledMart:
    mart.fill(
        [
            event(
                at(f"2026-03-{time}"),
                name,
                client_id=who,
                session_id=session,
                page_path=page,
                page_url="https://shop.example/" if channel else None,
                channel=channel,
                **_order(name),
            )
            for who, session, time, name, page, channel in EXAMPLE
        ],
    )
    return mart


def test_overview_of_the_worked_example(example: FilledMart) -> None:
    (row,) = ask(example, "overview", WEEK).dicts()

    expected = {
        "visitors": 3,
        "new_visitors": 3,
        "returning_visitors": 0,
        "sessions": 5,
        "engaged_sessions": 4,
        "bounces": 1,
        "bounce_rate": 0.2,
        "page_views": 5,
        "events": 11,
        "products": 0,
        "views": 2,
        "events_per_session": 2.2,
        "pages_per_session": 1.0,
        "avg_session_s": 228.2,
        "median_session_s": 60.0,
        "cart_sessions": 1,
        "checkout_sessions": 1,
        "order_sessions": 1,
        "conversion_rate": 1 / 5,
        "visitor_conversion_rate": 1 / 3,
        "orders": 1,
        "orders_without_session": 0,
        "aov": 100.0,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert (row["revenue"], row["currency"]) == (Decimal(100), "EUR")
    assert row["events_previous"] == 0
    assert row["events_change"] is None


@pytest.mark.parametrize(
    ("metric", "by_day"),
    [
        ("sessions", [0, 3, 1, 1, 0, 0, 0]),
        ("visitors", [0, 2, 2, 1, 0, 0, 0]),
        ("events", [0, 6, 3, 2, 0, 0, 0]),
        ("orders", [0, 0, 0, 1, 0, 0, 0]),
        ("revenue", [0, 0, 0, 100, 0, 0, 0]),
    ],
)
def test_days_of_the_worked_example(example: FilledMart, metric: str, by_day: list[int]) -> None:
    answer = ask(example, "time_series", _question(metric=metric))
    assert [row["value"] for row in answer.dicts()] == by_day


def test_a_day_without_sessions_has_no_bounce_rate(example: FilledMart) -> None:
    rows = ask(example, "time_series", _question(metric="bounce_rate")).dicts()
    assert [(row["value"], row["numerator"], row["denominator"]) for row in rows[:4]] == [
        (None, 0, 0),
        (0.0, 0, 3),
        (1.0, 1, 1),
        (0.0, 0, 1),
    ]


def test_pages_of_the_worked_example(example: FilledMart) -> None:
    views = [row[:6] for row in ask(example, "pages_top", _question()).rows]
    assert views == [("/", 3, 3, 3, 3, 1), ("/p/1", 2, 2, 2, 0, 2)]
    times = [row["avg_time_s"] for row in ask(example, "pages_top", _question()).dicts()]
    assert times == [(60 + 900) / 2, (0 + 1) / 2]  # the view of C, with nothing after it, has no time
    first = [row[:4] for row in ask(example, "pages_landing", _question()).rows]
    assert first == [("/", 3, 3, 1), ("(none)", 2, 1, 0)]
    last = [
        (row["page_path"], row["sessions"], row["orders"]) for row in ask(example, "pages_exit", _question()).dicts()
    ]
    assert last == [("(none)", 2, 1), ("/p/1", 2, 0), ("/", 1, 0)]


@pytest.mark.parametrize(
    ("model", "search", "email"),
    [
        ("first", "1", "0"),
        ("last", "0", "1"),
        ("linear", "0.5", "0.5"),
        ("position", "0.5", "0.5"),
        ("time_decay", "0.450650", "0.549350"),
    ],
)
def test_attribution_of_the_worked_example(example: FilledMart, model: str, search: str, email: str) -> None:
    rows = ask(example, "attribution", _question(model=model)).dicts()
    assert {row["value"]: (row["touches"], row["credit"], row["revenue_credit"]) for row in rows} == {
        "paid_search": (1, Decimal(search), 100 * Decimal(search)),
        "email": (1, Decimal(email), 100 * Decimal(email)),
        "direct": (1, 0, 0),
    }


def test_paths_of_the_worked_example(example: FilledMart) -> None:
    answer = ask(example, "paths", _question(nodes="pages"))
    assert answer.rows == [(1, "/", "/p/1", 2), (1, "/", "(exit)", 1), (2, "/p/1", "(exit)", 2)]
    assert answer.meta["sessions_left_out"] == 2
    ways = ask(example, "journeys", _question(nodes="pages")).rows
    assert [(*way[:3], *way[-3:]) for way in ways] == [("/", "/p/1", None, 2, 2 / 3, 0), ("/", None, None, 1, 1 / 3, 0)]


@pytest.mark.parametrize(("idle", "ordered", "rate"), [("72h", 1, 0.0), ("24h", 0, 1.0)])
def test_abandonment_of_the_worked_example(example: FilledMart, idle: str, ordered: int, rate: float) -> None:
    (row,) = ask(example, "abandonment", _question(idle=idle)).dicts()
    assert (row["carts"], row["ordered"], row["abandoned"], row["abandonment_rate"]) == (1, ordered, 1 - ordered, rate)


@pytest.mark.parametrize(
    ("options", "reached"),
    [({}, [2, 2, 1, 1]), ({"window": "1d"}, [2, 1, 1, 0]), ({"order": "strict"}, [2, 2, 1, 0])],
    ids=["default", "one day", "strict"],
)
def test_funnel_of_the_worked_example(example: FilledMart, options: dict[str, str], reached: list[int]) -> None:
    rows = ask(example, "funnel", _question(**options)).dicts()
    assert [row["reached"] for row in rows] == reached
    if not options:
        assert [row["dropped"] for row in rows] == [None, 0, 1, 0]
        assert [row["median_step_s"] for row in rows] == [None, 2340.0, 60.0, 177_660.0]
        assert [row["median_total_s"] for row in rows] == [None, None, None, 180_060.0]
        assert {row["is_complete"] for row in rows} == {True}


def test_retention_of_the_worked_example(example: FilledMart) -> None:
    rows = [row for row in ask(example, "retention", _question(by="day")).rows if row[0]]
    returned = {(row[0].day, row[1], row[2]): row[3] for row in rows if row[3]}
    assert returned == {(2, 2, 0): 2, (2, 2, 1): 1, (2, 2, 2): 1, (2, 2, 8): 1, (3, 1, 0): 1}
    assert len(rows) == 2 * 15


def _question(**options: str) -> Question:
    return Question(WEEK.as_of, WEEK.tz, WEEK.from_date, WEEK.to_date, options=options)
