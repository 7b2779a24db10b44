"""The truth adds up: the worked example of the metrics, told as a story, gives its known numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from clickstream.sources.simulate.calendar import Calendar, micros
from clickstream.sources.simulate.story import DIRECT, Device, Item, Landing, Order, Product, Session, StoryEvent, Visit
from clickstream.sources.simulate.truth.overview import compared, overview
from clickstream.sources.simulate.truth.products import Products
from clickstream.sources.simulate.truth.sessions_by import SessionsBy
from clickstream.sources.simulate.truth.time_series import Span, by_days, events_by_hour
from clickstream.sources.simulate.truth.world import Record, World

UTC_ZONE = ZoneInfo("UTC")
PRODUCT = Product("1", "One", "One (new)", "things", "Zed", Decimal("95.10"))
ORDER = Order("O1", "EUR", [Item(PRODUCT, 1)], Decimal(100), Decimal(100))


def at(text: str) -> int:
    return micros(datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))


def session(client: str, sent_id: str, landing: Landing, *events: tuple[str, str, str, bool]) -> Session:
    """events: time in March, name, path, whether it is a page view."""
    device = Device(client, "Firefox", "desktop", "DE")
    told = Session(device, sent_id, landing)
    for time, name, path, is_view in events:
        event = StoryEvent(name, at(time), path, is_page_view=is_view)
        event.product = PRODUCT if name in ("product_view", "add_to_cart_click") else None
        event.order = ORDER if name == "checkout_complete" else None
        told.events.append(event)
    return told


EXAMPLE = [
    session(
        *("A", "s1", Landing("paid_search")),
        ("02 10:00:00", "page_view", "/", True),
        ("02 10:01:00", "page_view", "/p/1", True),
        ("02 10:01:00", "product_view", "/p/1", False),
    ),
    session(
        *("A", "s1", DIRECT),
        ("02 10:40:00", "add_to_cart_click", "/p/1", False),
        ("02 10:41:00", "checkout_start", "/checkout", False),
    ),
    session(
        *("B", "s2", Landing("organic_search")),
        ("02 23:50:00", "page_view", "/", True),
        ("03 00:05:00", "page_view", "/p/1", True),
        ("03 00:05:01", "product_view", "/p/1", False),
    ),
    session("C", "s3", DIRECT, ("03 09:00:00", "page_view", "/", True)),
    session(
        *("A", "s4", Landing("email")),
        ("04 12:00:00", "search", "/checkout", False),
        ("04 12:02:00", "checkout_complete", "/checkout", False),
    ),
    session("B", "s5", DIRECT, ("10 08:00:00", "add_to_cart_click", "/p/1", False)),
]
CALENDAR = Calendar(UTC_ZONE, date(2026, 3, 1), 7)


@pytest.fixture
def world() -> World:
    record = Record("USD")
    found = World(CALENDAR, record)
    for number, told in enumerate(EXAMPLE):
        visit = Visit(number, [told])
        found.take(visit, record.take(visit))
    return found


def test_overview_gives_the_numbers_of_the_worked_example(world: World) -> None:
    found = overview(world, 0, 7)
    expected = {
        "visitors": 3, "new_visitors": 3, "sessions": 5, "bounces": 1, "bounce_rate": 0.2, "page_views": 5,
        "events": 11, "views": 2, "products": 1, "avg_session_s": 228.2, "median_session_s": 60.0,
        "conversion_rate": 0.2, "visitor_conversion_rate": 1 / 3, "orders": 1, "revenue": Decimal(100),
        "currency": "EUR", "cart_sessions": 1, "checkout_sessions": 1, "order_sessions": 1,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_days_of_the_worked_example(world: World) -> None:
    span = Span(world, 0, 7, at("30 00:00:00"))
    assert [row["value"] for row in by_days(span, "sessions", "day")] == [0, 3, 1, 1, 0, 0, 0]
    assert [row["value"] for row in by_days(span, "visitors", "day")] == [0, 2, 2, 1, 0, 0, 0]
    weeks = by_days(span, "events", "week")
    assert [(row["bucket_local"].day, row["value"], row["is_complete"]) for row in weeks] == [
        (23, 0, False),
        (2, 11, False),
    ]
    hours = [row for row in events_by_hour(span) if row["value"]]
    assert [(row["bucket_local"].day, row["bucket_local"].hour, row["value"]) for row in hours] == [
        *((2, 10, 5), (2, 23, 1), (3, 0, 2), (3, 9, 1), (4, 12, 2)),
    ]


def test_products_and_channels_of_the_worked_example(world: World) -> None:
    start, end = CALENDAR.start(0), CALENDAR.start(7)
    products, channels = Products("product", start, end, lambda one, _: one.name), SessionsBy("channel", start, end)
    record = Record("USD")
    for number, told in enumerate(EXAMPLE):
        visit = Visit(number, [told])
        placed = record.take(visit)
        products.take(visit, placed)
        channels.take(visit, placed)
    (row,) = products.rows(record.orders)
    assert (row["views"], row["cart_adds"], row["units"], row["revenue"]) == (2, 1, 1, Decimal("95.1"))
    assert (row["view_sessions"], row["cart_sessions"], row["checkout_sessions"], row["order_sessions"]) == (2, 1, 1, 1)
    assert (row["view_to_cart"], row["cart_to_checkout"], row["checkout_to_order"]) == (0.0, 1.0, 0.0)
    found = {row["value"]: row for row in channels.rows(record.identity, world.orders(0, 7))}
    assert {name: (row["sessions"], row["new_sessions"], row["orders"]) for name, row in found.items()} == {
        "paid_search": (1, 1, 0),
        "direct": (2, 1, 0),
        "organic_search": (1, 1, 0),
        "email": (1, 0, 1),
    }


def test_a_login_makes_one_visitor_of_two_in_the_past_too() -> None:
    record = Record("USD")
    world = World(CALENDAR, record)
    early, late = EXAMPLE[0], session("A", "s9", DIRECT, ("05 10:00:00", "page_view", "/", True))
    phone = session("phone", "s1", DIRECT, ("03 10:00:00", "page_view", "/", True))
    for told, user in ((early, None), (phone, "u"), (late, "u")):
        events = [StoryEvent(event.name, event.at, user=user) for event in told.events]
        visit = Visit(1, [Session(told.device, told.sent_id, DIRECT, events=events)])
        world.take(visit, record.take(visit))
    assert overview(world, 0, 7)["visitors"] == 1
    assert [row["value"] for row in by_days(Span(world, 0, 7, at("30 00:00:00")), "new_visitors", "day")][:3] == [
        0,
        1,
        0,
    ]


def test_a_comparison_has_points_for_rates_and_nothing_where_nothing_was() -> None:
    now = {"sessions": 6, "bounce_rate": 0.5, "aov": 3.0, "currency": "EUR"}
    row = compared(now, {"sessions": 4, "bounce_rate": 0.25, "aov": None, "currency": "EUR"})
    assert (row["sessions_previous"], row["sessions_change"]) == (4, 0.5)
    assert (row["bounce_rate_previous"], row["bounce_rate_change_points"]) == (0.25, 0.25)
    assert (row["aov_previous"], row["aov_change"]) == (None, None)


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("Europe/Berlin", "2024-03-31", 23),
        ("Europe/Berlin", "2024-10-27", 25),
        ("Australia/Lord_Howe", "2024-04-07", 24.5),
        ("America/Havana", "2024-03-10", 23),  # midnight does not exist
        ("Asia/Kathmandu", "2024-03-10", 24),
    ],
)
def test_days_have_the_length_that_their_zone_gives_them(zone: str, first: str, hours: float) -> None:
    calendar = Calendar(ZoneInfo(zone), date.fromisoformat(first), 1)
    length = calendar.start(1) - calendar.start(0)
    assert length == hours * 3_600_000_000
    listed = calendar.hours(calendar.start(0), calendar.start(1))
    assert sum(end - start for _, start, end in listed) == length
    assert len(listed) == len({hour for hour, _, _ in listed})
