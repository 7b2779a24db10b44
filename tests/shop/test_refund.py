"""Refunds: what one changes, what it refuses, and what refunds at the same time may not do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from clickstream.errors import ShopError
from clickstream.shop.refund import refund
from tests.shop.orders import Shop


def test_partial_refund_keeps_status_and_stock_and_records_its_event(shop: Shop) -> None:
    number = shop.number(shop.order())
    done = refund(shop.url, number, Decimal("12.50"), "late")
    assert (done.amount, done.left, done.is_cancelled) == (Decimal("12.50"), Decimal("17.50"), False)
    assert shop.rows("select status, refunded from orders") == [("placed", Decimal("12.50"))]
    assert (shop.stock("alpha"), shop.stock("beta")) == (4, 3)
    event_id, event = shop.rows("select event_id::text, event from outbox order by id desc limit 1")[0]
    assert shop.rows("select id::text, amount, reason from refunds") == [(event_id, Decimal("12.50"), "late")]
    assert event == {
        "eventName": "order_refunded",
        "eventId": event_id,
        "createdAt": event["createdAt"],
        "order": {"id": number, "total": 12.5, "currency": "EUR", "refundId": event_id},
    }


def test_rest_of_an_order_cancels_it_and_returns_its_items(shop: Shop) -> None:
    number = shop.number(shop.order())
    refund(shop.url, number, Decimal(10))
    done = refund(shop.url, number, None)
    assert (done.amount, done.left, done.is_cancelled) == (Decimal("20.00"), Decimal("0.00"), True)
    assert shop.rows("select status, refunded from orders") == [("cancelled", Decimal("30.00"))]
    assert (shop.stock("alpha"), shop.stock("beta")) == (5, 5)


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("30.01", "has 30.00 EUR left to refund, not 30.01"),
        ("0.001", "at most two decimals, not 0.001"),
        ("10.005", "at most two decimals"),
    ],
)
def test_refund_of_more_than_is_left_or_of_a_part_of_a_cent_changes_nothing(shop: Shop, amount: str, why: str) -> None:
    number = shop.number(shop.order())
    with pytest.raises(ShopError, match=why):
        refund(shop.url, number, Decimal(amount))
    assert shop.rows("select status, refunded from orders") == [("placed", Decimal("0.00"))]
    assert shop.value("select count(*) from refunds") == 0


def test_refund_of_a_cancelled_or_unknown_order_is_refused(shop: Shop) -> None:
    number = shop.number(shop.order())
    assert refund(shop.url, number.lower(), None).order == number
    with pytest.raises(ShopError, match=f"order {number} is refunded already"):
        refund(shop.url, number, None)
    with pytest.raises(ShopError, match="no order with this number"):
        refund(shop.url, "CS-1", None)
    assert (shop.stock("alpha"), shop.stock("beta")) == (5, 5)


def test_refunds_at_the_same_time_never_exceed_the_total(shop: Shop) -> None:
    number = shop.number(shop.order())

    def attempt(_: int) -> bool:
        try:
            refund(shop.url, number, Decimal(7))
        except ShopError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(attempt, range(8)))
    assert sum(done) == 4
    assert shop.value("select refunded from orders") == shop.value("select sum(amount) from refunds") == Decimal(28)
    assert shop.value("select count(*) from outbox where event ->> 'eventName' = 'order_refunded'") == 4
