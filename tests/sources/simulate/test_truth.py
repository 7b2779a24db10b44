"""The figures of `--truth`, counted from small stories whose figures are known by hand."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clickstream.sources.simulate.calendar import Calendar, micros
from clickstream.sources.simulate.disorder import Tally
from clickstream.sources.simulate.send import SendStats
from clickstream.sources.simulate.story import (
    DIRECT,
    Device,
    Item,
    Landing,
    Order,
    Plan,
    Product,
    Refund,
    Search,
    Session,
    StoryEvent,
    Terms,
    Visit,
)
from clickstream.sources.simulate.timeline import Timeline
from clickstream.sources.simulate.truth import Truth

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "simulate.md"
CALENDAR = Calendar(ZoneInfo("UTC"), date(2026, 3, 1), 7)
PRODUCT = Product("1", "One", "One (new)", "things", "Zed", Decimal("95.10"))
ORDER = Order("O1", "EUR", [Item(PRODUCT, 1)], Decimal(100), Decimal(100))


def at(text: str) -> int:
    return micros(datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))


def session(client: str, sent_id: str, landing: Landing, *events: tuple[str, str, str, bool]) -> Session:
    """events: time in March, name, path, whether it is a page view."""
    device = Device(client, "Firefox", "desktop", "DE")
    made = Session(device, sent_id, landing)
    for time, name, path, is_view in events:
        event = StoryEvent(name, at(time), path, is_page_view=is_view)
        event.product = PRODUCT if name in ("product_view", "add_to_cart_click") else None
        event.order = ORDER if name == "checkout_complete" else None
        made.events.append(event)
    return made


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


def document(*visits: Visit) -> dict[str, Any]:
    plan = Plan("seed", 3, 7, date(2026, 3, 1), ZoneInfo("UTC"), at("30 00:00:00"))
    truth = Truth(plan, CALENDAR)
    for visit in visits:
        truth.add(visit)
    return truth.document(Tally(), SendStats())


def test_the_total_has_the_figures_of_the_worked_example() -> None:
    total = document(*(Visit(number, [made]) for number, made in enumerate(EXAMPLE)))["total"]
    assert total == {
        "events": 11,
        "page_views": 5,
        "visitors": 3,
        "sessions": 5,
        "orders": 1,
        "revenue": {"EUR": "100.0000"},
        "refunds": {},
        "net_revenue": {"EUR": "100.0000"},
        "revenue_by_coupon": {"(none)": {"EUR": "100.0000"}},
        "revenue_by_payment_method": {"(none)": {"EUR": "100.0000"}},
        "sessions_by_channel": {"direct": 2, "email": 1, "organic_search": 1, "paid_search": 1},
        "search_terms": {},
    }


def test_each_day_has_the_figures_of_the_worked_example() -> None:
    days = document(*(Visit(number, [made]) for number, made in enumerate(EXAMPLE)))["days"]
    assert [day["day"] for day in days] == [f"2026-03-0{number}" for number in range(1, 8)]
    assert [day["events"] for day in days] == [0, 6, 3, 2, 0, 0, 0]
    assert [day["visitors"] for day in days] == [0, 2, 2, 1, 0, 0, 0]
    assert [day["sessions"] for day in days] == [0, 3, 1, 1, 0, 0, 0]
    assert [day["revenue"] for day in days] == [{}, {}, {}, {"EUR": "100.0000"}, {}, {}, {}]


def test_a_login_makes_one_visitor_of_two_on_earlier_days_too() -> None:
    early, late = EXAMPLE[0], session("A", "s9", DIRECT, ("05 10:00:00", "page_view", "/", True))
    phone = session("phone", "s1", DIRECT, ("03 10:00:00", "page_view", "/", True))
    visits = []
    for made, user in ((early, None), (phone, "u"), (late, "u")):
        events = [StoryEvent(event.name, event.at, user=user) for event in made.events]
        visits.append(Visit(1, [Session(made.device, made.sent_id, DIRECT, events=events)]))
    found = document(*visits)
    assert found["total"]["visitors"] == 1
    assert [day["visitors"] for day in found["days"]] == [0, 1, 1, 0, 1, 0, 0]


def test_the_browser_dates_an_order_and_the_server_decides_its_total() -> None:
    order = Order("O2", None, [Item(PRODUCT, 1)], server_total=Decimal(90), browser_total=Decimal(100))
    browser = StoryEvent("checkout_complete", at("03 10:00:00"), order=order)
    server = StoryEvent("order_confirmed", at("02 10:00:00"), order=order, by_server=True)
    device = Device("A", "Firefox", "desktop", "DE")
    by_server = Session(device, None, DIRECT, is_loose=True, events=[server])
    found = document(Visit(1, [by_server, Session(device, "s1", DIRECT, events=[browser])]))
    assert [(day["orders"], day["revenue"]) for day in found["days"][1:3]] == [(0, {}), (1, {"USD": "90.0000"})]


def test_a_refund_counts_on_its_own_day_once_and_makes_no_visitor() -> None:
    order = Order("O3", "EUR", [Item(PRODUCT, 1)], Decimal(100), Decimal(100))
    bought = StoryEvent("checkout_complete", at("02 10:00:00"), order=order)
    refunds = [
        StoryEvent("order_refunded", at("03 10:00:00"), refund=Refund("O3", None, None, "r1"), user="u"),
        StoryEvent("order_refunded", at("04 10:00:00"), refund=Refund("O3", Decimal(-30), None, "r1"), user="u"),
        StoryEvent("order_refunded", at("04 11:00:00"), refund=Refund("O3", Decimal(30), None, "r1")),
        StoryEvent("order_refunded", at("04 12:00:00"), refund=Refund("O3", Decimal(5), None)),
        StoryEvent("order_refunded", at("04 12:00:00"), refund=Refund("O3", Decimal(5), None)),
        StoryEvent("order_refunded", at("04 13:00:00"), refund=Refund("unknown", Decimal(7), None)),
    ]
    device = Device("A", "Firefox", "desktop", "DE")
    loose = [Session(device, None, DIRECT, is_loose=True, events=[event]) for event in refunds]
    found = document(Visit(1, [Session(device, "s1", DIRECT, events=[bought]), *loose]))
    assert (found["total"]["events"], found["total"]["visitors"], found["total"]["sessions"]) == (7, 1, 1)
    assert found["total"]["net_revenue"] == {"EUR": "60.0000", "USD": "-7.0000"}
    days = [(day["revenue"], day["refunds"]) for day in found["days"][1:4]]
    assert days == [({"EUR": "100.0000"}, {}), ({}, {}), ({}, {"EUR": "40.0000", "USD": "7.0000"})]


def test_a_coupon_is_the_servers_else_the_browsers() -> None:
    device, visits = Device("A", "Firefox", "desktop", "DE"), []
    for number, (browser, server) in enumerate(((None, "S"), ("B", None), ("B", "S"), (None, None))):
        order = Order(f"O{number}", "EUR", [], Decimal(10), Decimal(10), Terms(coupon=browser), Terms(coupon=server))
        shown = StoryEvent("checkout_complete", at(f"02 1{number}:00:00"), order=order)
        confirmed = StoryEvent("order_confirmed", at(f"02 1{number}:00:01"), order=order, by_server=True)
        visits.append(Visit(1, [Session(device, "s1", DIRECT, events=[shown, confirmed])]))
    assert document(*visits)["total"]["revenue_by_coupon"] == {
        "(none)": {"EUR": "10.0000"},
        "B": {"EUR": "10.0000"},
        "S": {"EUR": "20.0000"},
    }


def test_searches_without_result_are_those_whose_number_of_results_is_known() -> None:
    device = Device("A", "Firefox", "desktop", "DE")
    searches = [Search("bag", 3), Search("bag", None), Search("sock", 0), Search(None, 0)]
    events = [StoryEvent("search", at(f"02 10:0{n}:00"), "/search", search=one) for n, one in enumerate(searches)]
    total = document(Visit(1, [Session(device, "s1", DIRECT, events=events)]))["total"]
    assert total["search_terms"] == {
        "bag": {"searches": 2, "no_result_searches": 0},
        "sock": {"searches": 1, "no_result_searches": 1},
    }


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
    assert len(calendar.changes()) == (hours != 24)


@pytest.mark.slow
def test_the_guide_shows_the_figures_of_its_command() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    calendar = Calendar(berlin, date(2026, 3, 1), 30)
    plan = Plan("7", 1000, 30, date(2026, 3, 1), berlin, micros(datetime(2026, 4, 1, 22, tzinfo=UTC)))
    truth = Truth(plan, calendar)
    for visit in Timeline(plan, calendar):
        truth.add(visit)
    total = truth.document(Tally(), SendStats())["total"]
    shown = json.loads("{" + re.findall(r"```json\n(.*?)\n```", GUIDE.read_text("utf-8"))[0] + "}")
    assert shown == {name: total[name] for name in shown}
