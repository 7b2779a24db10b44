"""The truth check against planted orders: each class once, on both engines, and as a command through the owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from clickstream.shop.check import DayRange, OrderCounts, OrdersCheck, RefundCounts, check_orders
from clickstream.shop.refund import refund
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.postgres import Cluster
from tests.shop.orders import PLACED_AT, Shop, confirmed

ALL = DayRange(None, None, ZoneInfo("UTC"))
VISIT = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=spring"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened


class Tracked:
    """Events of orders, put into the raw store as browser and server send them."""

    def __init__(self, pipeline: Pipeline, shop: Shop) -> None:
        self.pipeline = pipeline
        self.shop = shop

    def browser(self, order: UUID, **more: Any) -> None:
        number, client = self.shop.number(order), f"client-{order}"
        fields = {"id": number, "total": "30.00", "currency": "EUR"} | more
        moment = PLACED_AT + timedelta(seconds=2)
        visit = received(moment - timedelta(minutes=5), pageUrl=VISIT, clientId=client, userAgent=FIREFOX)
        done = received(moment, eventName="checkout_complete", clientId=client, userAgent=FIREFOX, order=fields)
        self.pipeline.put_batch([visit | {"eventId": str(uuid4())}, done | {"eventId": str(uuid4())}])

    def server(self, order: UUID, **more: Any) -> None:
        event = confirmed(order, self.shop.number(order), "30.00", PLACED_AT)
        event["order"] |= more
        self.pipeline.put_batch([received(PLACED_AT, **event)])

    def check(self, days: DayRange = ALL) -> OrdersCheck:
        self.pipeline.load()
        with self.pipeline.warehouse.reading() as cursor:
            return check_orders(self.shop.url, cursor, self.pipeline.clock(), days)


@pytest.fixture
def tracked(pipeline: Pipeline, shop: Shop) -> Tracked:
    return Tracked(pipeline, shop)


def test_each_class_is_counted_once(tracked: Tracked, clock: Clock) -> None:
    shop = tracked.shop
    shop.rows("update inventory set quantity = 100")
    both, browser, server, missing, doubled, different, currency = (shop.order() for _ in range(7))
    shop.order(at=clock() - timedelta(minutes=14, seconds=59))
    late = shop.order(at=clock() - timedelta(minutes=15))
    tracked.browser(both)
    tracked.server(both)
    tracked.browser(browser)
    tracked.server(server)
    tracked.browser(doubled)
    tracked.browser(doubled)
    tracked.server(different, total="29.99")
    tracked.server(currency, currency="USD")
    found = tracked.check()
    assert found.totals == OrderCounts(
        orders=9, pending=1, browser=3, server=4, both=1, missing=2, doubled=1, different=2, rate=6 / 8,
        browser_rate=3 / 8,
    )  # fmt: skip
    assert found.problem_count == len(found.problems) == 5
    assert {(each.kind, each.order, each.details) for each in found.problems} == {
        ("missing", shop.number(missing), "neither the browser nor the server reported it"),
        ("missing", shop.number(late), "neither the browser nor the server reported it"),
        ("doubled", shop.number(doubled), "2 events of the browser, 0 of the server"),
        ("different", shop.number(different), "30.00 EUR in the shop, 29.99 EUR from the server"),
        ("different", shop.number(currency), "30.00 EUR in the shop, 30.00 USD from the server"),
    }
    assert [found.holds(rate) for rate in (0.75, 0.76)] == [True, False]
    by_browser = {group.name: group.counts.orders for group in found.browsers}
    assert by_browser == {"Firefox": 3, "(none)": 6}
    assert {group.name: group.counts.orders for group in found.channels} == {"email": 3, "(none)": 6}


def test_event_without_a_total_differs_and_one_sent_twice_is_not_doubled(tracked: Tracked) -> None:
    order = tracked.shop.order()
    tracked.server(order, total=None)
    tracked.server(order, total=None)
    found = tracked.check()
    assert (found.totals.server, found.totals.doubled, found.totals.different) == (1, 0, 1)
    assert found.problems[0].details == "30.00 EUR in the shop, no total from the server"


def test_days_are_local_and_limit_the_orders(tracked: Tracked) -> None:
    shop = tracked.shop
    shop.rows("update inventory set quantity = 100")
    for hour in (3, 5, 12):
        shop.order(at=datetime(2026, 3, 9, hour, tzinfo=UTC))
    zone = ZoneInfo("America/New_York")
    found = tracked.check(DayRange(None, None, zone))
    assert [(group.name, group.counts.orders) for group in found.days] == [("2026-03-09", 2), ("2026-03-08", 1)]
    assert tracked.check(DayRange(date(2026, 3, 9), None, zone)).totals.orders == 2
    assert tracked.check(DayRange(None, date(2026, 3, 9), zone)).totals.orders == 1


def test_refunds_are_compared_with_their_events(tracked: Tracked, clock: Clock) -> None:
    shop = tracked.shop
    number = shop.number(shop.order())
    ids = [refund(shop.url, number, Decimal(1)).refund_id for _ in range(4)]
    shop.rows("update refunds set refunded_at = %s", PLACED_AT)
    shop.rows("update refunds set refunded_at = %s where id = %s", clock(), ids[3])
    for refund_id, total in ((ids[0], 1), (ids[1], 2)):
        fields = {"id": number, "total": total, "currency": "EUR", "refundId": refund_id}
        tracked.pipeline.put_batch([received(PLACED_AT, eventName="order_refunded", eventId=refund_id, order=fields)])
    clock.forward(seconds=1)
    found = tracked.check()
    assert found.refunds == RefundCounts(refunds=4, pending=1, captured=2, missing=1, doubled=0, different=1)
    assert {(each.kind, each.refund) for each in found.problems if each.refund} == {
        ("missing", ids[2]),
        ("different", ids[1]),
    }


def test_tracked_order_that_the_shop_does_not_have_is_unknown(tracked: Tracked) -> None:
    order = tracked.shop.order()
    tracked.server(order, id="CS-1")
    found = tracked.check()
    assert (found.unknown, found.totals.missing) == (["CS-1"], 1)
    tracked.shop.rows("update orders set number = 'CS-1', placed_at = '2026-03-01'")
    assert tracked.check(DayRange(date(2026, 3, 9), None, ZoneInfo("UTC"))).unknown == []
