"""Orders: one row per order id, merged from the events of browser and server in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from tests.etl.pipeline import Pipeline, minutes, received

pytestmark = pytest.mark.quick_on("duckdb")  # test_load.py compares the orders of both engines
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ITEMS = [
    {"id": "p1", "name": "Laptop", "category": "laptops", "brand": "B", "price": "10.50", "quantity": 2},
    {"id": "p2"},
]


def bought(after_min: float = 0, **fields: Any) -> dict[str, Any]:
    """The browser's event of order 1, `after_min` minutes after NOW."""
    order = {"id": "1", **fields.pop("order", {})}
    return received(NOW + minutes(after_min), eventName="checkout_complete", clientId="c", order=order, **fields)


def confirmed(after_min: float = 0, **fields: Any) -> dict[str, Any]:
    """The server's event of order 1."""
    order = {"id": "1", **fields.pop("order", {})}
    return received(NOW + minutes(after_min), eventName="order_confirmed", order=order, **fields)


def orders(pipeline: Pipeline, columns: str) -> list[dict[str, Any]]:
    return pipeline.warehouse.fetch(f"select {columns} from orders order by order_id").dicts()


@pytest.mark.parametrize("is_server_first", [True, False], ids=["server first", "browser first"])
def test_browser_carries_the_order_and_the_server_its_money(pipeline: Pipeline, is_server_first: bool) -> None:
    browser = bought(userId="u", order={"total": 20, "currency": "usd"})
    server = confirmed(-1, order={"total": "21.00", "currency": "EUR", "items": ITEMS})
    for event in (server, browser) if is_server_first else (browser, server):
        pipeline.put_batch([event])
        pipeline.load()
    (order,) = orders(pipeline, "*")
    assert order["ordered_at"] == order["browser_at"] == NOW
    assert order["server_at"] == NOW - minutes(1)
    assert (order["client_id"], order["user_id"]) == ("c", "u")
    assert (order["total"], order["currency"], order["total_differs"]) == (Decimal(21), "EUR", True)
    (session,) = pipeline.rows("select session_key, orders from sessions")
    assert session == (order["session_key"], 1)
    items = pipeline.rows("select product_id, price, quantity from order_items order by line_number")
    assert items == [("p1", Decimal("10.5"), 2), ("p2", None, 1)]


def test_order_seen_only_by_the_server_has_no_session_without_ids(pipeline: Pipeline) -> None:
    pipeline.put_batch([confirmed(order={"total": 5})])
    pipeline.load()
    (order,) = orders(pipeline, "session_key, browser_at, ordered_at, currency")
    assert order == {"session_key": None, "browser_at": None, "ordered_at": NOW, "currency": "USD"}


def test_reloading_the_confirmation_page_is_not_a_second_order(pipeline: Pipeline) -> None:
    pipeline.put_batch([bought(40, order={"total": 7}), bought(0, order={"total": 5})])
    pipeline.load()
    assert orders(pipeline, "ordered_at, total") == [{"ordered_at": NOW, "total": Decimal(5)}]
    assert pipeline.rows("select orders from sessions order by session_start") == [(1,), (0,)]


def test_order_leaves_the_servers_session_when_the_browsers_event_arrives(pipeline: Pipeline) -> None:
    """The server's event gave its session the order; the browser's, a day earlier, takes the order to another."""
    pipeline.put_batch([confirmed(clientId="server", order={"total": 5})])
    pipeline.load()
    assert pipeline.rows("select client_id, orders, is_engaged from sessions") == [("server", 1, True)]
    pipeline.put_batch([bought(-24 * 60, order={"total": 5})])
    pipeline.load()
    rows = pipeline.rows("select client_id, orders, is_engaged from sessions order by client_id")
    assert rows == [("c", 1, True), ("server", 0, False)]
    assert pipeline.rows("select sum(order_sessions), sum(sessions) from daily_sessions") == [(1, 2)]


def put_order_of_two_sources(pipeline: Pipeline) -> None:
    """The server's event is alone in its session; the browser's is the carrier of the order."""
    server = confirmed(clientId="server", eventId="s", order={"total": 5})
    pipeline.put_batch([server, bought(1, eventId="b", order={"total": 5})])


SESSIONS_OF_BOTH = "select client_id, orders, is_engaged from sessions order by client_id"


@pytest.mark.parametrize("is_at_once", [True, False], ids=["at once", "in two passes"])
def test_order_moves_into_a_session_that_no_new_row_touches(pipeline: Pipeline, is_at_once: bool) -> None:
    """An earlier copy of the browser's event has no order: the server's session, a day old, gets it."""
    put_order_of_two_sources(pipeline)
    if not is_at_once:
        pipeline.load()
        assert pipeline.rows(SESSIONS_OF_BOTH) == [("c", 1, True), ("server", 0, False)]
    pipeline.put_batch([received(NOW - minutes(1), eventName="page_view", eventId="b", clientId="c")])
    pipeline.load()
    assert pipeline.rows(SESSIONS_OF_BOTH) == [("c", 0, False), ("server", 1, True)]
    assert pipeline.rows("select sum(order_sessions), sum(engaged_sessions) from daily_sessions") == [(1, 1)]


def test_order_moves_into_the_remaining_session_when_its_carrier_is_forgotten(pipeline: Pipeline) -> None:
    put_order_of_two_sources(pipeline)
    pipeline.load()
    Eraser(pipeline.loader).forget(Person("client", "c"))
    assert pipeline.rows(SESSIONS_OF_BOTH) == [("server", 1, True)]
    assert pipeline.rows("select sum(order_sessions) from daily_sessions") == [(1,)]


def test_earlier_copy_without_the_order_removes_it(pipeline: Pipeline) -> None:
    pipeline.put_batch([bought(eventId="e", order={"total": 5, "items": ITEMS})])
    pipeline.load()
    early = received(NOW - timedelta(seconds=1), eventName="checkout_complete", eventId="e", clientId="c")
    pipeline.put_batch([early], ago_s=60)
    pipeline.load()
    assert orders(pipeline, "order_id") == []
    assert pipeline.rows("select count(*) from order_lines") == [(0,)]


def test_order_follows_its_carrier_into_the_session_that_a_late_event_creates(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, clientId="c"), bought(50, order={"total": 5})])
    pipeline.load()
    pipeline.put_batch([received(NOW + minutes(25), clientId="c")])
    pipeline.load()
    ((key, count),) = pipeline.rows("select session_key, orders from sessions")
    assert count == 1
    assert orders(pipeline, "session_key") == [{"session_key": key}]


def test_order_with_an_unreadable_total_counts_as_an_order_without_money(pipeline: Pipeline) -> None:
    pipeline.put_batch([bought(order={"total": "much"})])
    pipeline.load()
    assert orders(pipeline, "total, currency, items_event_id") == [
        {"total": None, "currency": None, "items_event_id": None}
    ]
    assert "order.total" in pipeline.one("field_errors")["field_errors"]


def test_order_has_discount_tax_shipping_coupon_and_payment_method(pipeline: Pipeline) -> None:
    """Each from the server where it has it, else from the browser."""
    of_browser = {"total": 10, "discount": "1.5", "tax": 2, "coupon": "SPRING"}
    of_server = {"total": 10, "tax": 3, "shipping": 4.99, "paymentMethod": "card"}
    pipeline.put_batch([bought(order=of_browser), confirmed(order=of_server)])
    pipeline.load()
    (found,) = orders(pipeline, "discount, tax, shipping, coupon, payment_method")
    assert found == {
        "discount": Decimal("1.5"),
        "tax": Decimal(3),
        "shipping": Decimal("4.99"),
        "coupon": "SPRING",
        "payment_method": "card",
    }
