"""Refunds: money given back for an order, one row each, outside of sessions and visitors."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.expire import RetentionConfig, expire
from tests.etl.pipeline import Pipeline, minutes, received
from tests.etl.warehouses import plain

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REFUNDS = "select order_id, refund_id, refunded_at, amount, currency from refunds order by refunded_at, amount"


def order(after_min: float = 0, **fields: Any) -> dict[str, Any]:
    return received(NOW + minutes(after_min), eventName="checkout_complete", eventId="o", clientId="c", order=fields)


def refund(event_id: str, after_min: float = 60, **fields: Any) -> dict[str, Any]:
    more = {"clientId": "c", "userId": "u", "sessionId": "s"}
    return received(NOW + minutes(after_min), eventName="order_refunded", eventId=event_id, **more, order=fields)


def refunds(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return [tuple(plain(value) for value in row) for row in pipeline.rows(REFUNDS)]


def test_several_refunds_of_one_order_are_several_rows(pipeline: Pipeline) -> None:
    pipeline.put_batch(
        [
            order(id="1", total=100, currency="EUR"),
            refund("r1", id="1", total=10),
            refund("r2", 90, id="1", total="2.5"),
        ]
    )
    pipeline.load()
    assert refunds(pipeline) == [
        ("1", None, NOW + minutes(60), Decimal(10), "EUR"),
        ("1", None, NOW + minutes(90), Decimal("2.5"), "EUR"),
    ]


REFUNDED = {  # the amounts of the refunds that these events are
    "one event sent twice": ([refund("r", id="1", total=5), refund("r", 61, id="1", total=5)], [5]),
    "one refund id in two events": (
        [refund("r1", id="1", total=5, refundId="R"), refund("r2", 61, id="1", total=7, refundId="R")],
        [5],
    ),
    "the first event of a refund has no total": (
        [refund("r1", id="1", refundId="R"), refund("r2", 61, id="1", total=7, refund_id="R")],
        [7],
    ),
    "one refund id of two orders": (
        [refund("r1", id="1", total=5, refundId="R"), refund("r2", 61, id="2", total=7, refundId="R")],
        [5, 7],
    ),
    "a negative total": ([refund("r", id="1", total=-5)], [5]),
    "an unreadable total": ([refund("r", id="1", total="much")], [None]),
    "no order id": ([refund("r", total=5)], []),
}


def of_case(case: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with ids that no other case has."""
    ids = {name: f"{case}/{value}" for name, value in event["order"].items() if name == "id"}
    return event | {"eventId": f"{case}/{event['eventId']}", "order": event["order"] | ids}


def test_what_one_refund_is(pipeline: Pipeline) -> None:
    for case, (events, _) in REFUNDED.items():
        pipeline.put_batch([of_case(case, event) for event in events])
    pipeline.load()
    found: dict[str, list[int | None]] = {case: [] for case in REFUNDED}
    for order_id, amount in pipeline.rows("select order_id, amount from refunds order by refunded_at, event_id"):
        found[order_id.partition("/")[0]].append(None if amount is None else int(amount))
    assert found == {case: amounts for case, (_, amounts) in REFUNDED.items()}


CURRENCIES = {  # the refund's own, that of its order -> that of the refund
    "its own": ("gbp", "EUR", "GBP"),
    "that of its order": (None, "EUR", "EUR"),
    "unreadable": ("Pounds", "EUR", "EUR"),
    "that of the settings": (None, None, "USD"),
}


def test_the_currency_of_a_refund(pipeline: Pipeline) -> None:
    """The order arrives later, so the refund is merged again."""
    pipeline.put_batch(
        of_case(case, refund("r", id="1", total=5, currency=own)) for case, (own, _, _) in CURRENCIES.items()
    )
    pipeline.load()
    pipeline.put_batch(
        of_case(case, order(id="1", total=100, currency=currency))
        for case, (_, currency, _) in CURRENCIES.items()
        if currency is not None
    )
    pipeline.load()
    found = pipeline.rows("select order_id, currency from refunds")
    assert dict(found) == {f"{case}/1": expected for case, (_, _, expected) in CURRENCIES.items()}


def test_a_refund_belongs_to_no_session_and_makes_no_visitor(pipeline: Pipeline) -> None:
    pipeline.put_batch([refund("r", id="1", total=5)])
    pipeline.load()
    assert pipeline.one("session_key, client_id, user_id") == {"session_key": None, "client_id": "c", "user_id": "u"}
    for table in ("sessions", "clients", "seen", "orders"):
        assert pipeline.rows(f"select count(*) from {table}") == [(0,)], table
    assert pipeline.rows("select client_id, user_id, events from daily_visitors") == [("", "", 1)]
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_a_refund_within_a_session_changes_nothing_of_it(pipeline: Pipeline) -> None:
    def view(after_min: float) -> dict[str, Any]:
        return received(NOW + minutes(after_min), eventName="page_view", clientId="c", sessionId="s")

    pipeline.put_batch([view(0), view(50), refund("r", 25, id="1", total=5)])
    pipeline.load()
    assert pipeline.rows("select events from sessions") == [(1,), (1,)]


def test_an_earlier_copy_replaces_a_refund(pipeline: Pipeline) -> None:
    pipeline.put_batch([refund("r", 60, id="1", total=5)])
    pipeline.load()
    pipeline.put_batch([refund("r", 50, id="2", total=6)], ago_s=60)
    pipeline.load()
    assert refunds(pipeline) == [("2", None, NOW + minutes(50), Decimal(6), "USD")]


def test_a_forgotten_user_leaves_no_refund(pipeline: Pipeline) -> None:
    pipeline.put_batch([refund("r", id="1", total=5), received(NOW, eventName="x", userId="other")])
    pipeline.load()
    eraser = Eraser(pipeline.loader)
    assert eraser.forget(eraser.user("u")).left == 0
    assert refunds(pipeline) == []
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "erased": 1}


def test_refunds_expire_with_their_events(pipeline: Pipeline) -> None:
    """The order of the second one is young: its refund stays, whatever its own age."""
    pipeline.clock.forward(days=-20)
    old = pipeline.clock() - minutes(1)
    for number in (1, 2):
        event = refund(f"r{number}", id=str(number), total=5) | received(old)
        pipeline.put_batch([event | {"eventName": "order_refunded"}])
    pipeline.load()
    pipeline.clock.forward(days=20)
    pipeline.put_batch([order(id="2", total=5)])
    pipeline.load()
    expire(pipeline.loader, RetentionConfig(warehouse_days=7))
    assert pipeline.rows("select order_id from refunds") == [("2",)]
