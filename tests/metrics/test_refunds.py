"""Refunds: when they count, in which currency, and which filters they pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.metrics.filled_mart import FilledMart
from tests.metrics.oracle import Event
from tests.metrics.test_catalog import NOON, figures, make_question
from tests.metrics.test_orders import MINUTE, bought

from clickstream.metrics.catalog import ask

NEXT_DAY = {"from_date": date(2026, 3, 3), "to_date": date(2026, 3, 4)}


def refunded(order_id: str = "o1", minutes: float = 0, total: str | None = "5", **fields: Any) -> Event:
    """Return the event of a refund, `minutes` after noon."""
    return {**bought(order_id, minutes, total, client_id=None, **fields), "event_name": "order_refunded"}


def amounts(mart: FilledMart, **question: Any) -> tuple[Any, ...]:
    row = figures(mart, make_question(**question))
    return tuple(row[name] for name in ("revenue", "refunds", "net_revenue"))


def test_a_refund_counts_when_it_was_made(mart: FilledMart) -> None:
    mart.fill([bought(total="20"), refunded(minutes=24 * 60), refunded(minutes=24 * 60 + 1, total="2.5")])
    assert amounts(mart) == (Decimal(20), Decimal(0), Decimal(20))
    assert amounts(mart, **NEXT_DAY) == (Decimal(0), Decimal("7.5"), Decimal("-7.5"))
    options = {"metric": "net_revenue", "by": "day"}
    series = ask(mart, "time_series", make_question(to_date=NEXT_DAY["to_date"], options=options)).dicts()
    assert [row["value"] for row in series] == [Decimal(20), Decimal("-7.5")]


def test_a_refund_is_never_added_to_another_currency(mart: FilledMart) -> None:
    mart.fill([bought(total="20"), refunded(order_currency="USD")])
    assert amounts(mart) == (Decimal(20), Decimal(0), Decimal(20))
    rows = ask(mart, "revenue", make_question()).dicts()
    assert [(row["value"], row["orders"], row["refunds"]) for row in rows] == [
        ("EUR", 1, Decimal(0)),
        ("USD", 0, Decimal(5)),
    ]


def test_a_refund_passes_the_filters_that_its_order_passes(mart: FilledMart) -> None:
    mart.fill([bought(country="DE"), refunded(minutes=1), refunded("lost", 2, "1")])
    assert amounts(mart)[1] == Decimal(6)
    assert amounts(mart, filters={"country": ("DE",)})[1] == Decimal(5)
    assert amounts(mart, filters={"country": ("!DE",)})[1] == Decimal(1)
    assert amounts(mart, filters={"event": ("checkout_complete",)})[1] == Decimal(5)


def test_a_refund_has_the_values_of_its_order(mart: FilledMart) -> None:
    orders = [
        bought("o1", 0, "20", order_coupon="TEN", order_payment_method="card", order_discount=Decimal(2)),
        bought("o2", 1, "30", order_payment_method="card"),
        bought("o3", 2, "40", client_id=None, order_coupon="TEN"),
    ]
    mart.fill([*orders, refunded("o2", 3, "5"), refunded("o3", 3, "7"), refunded("lost", 4, "1")])

    def rows(by: str) -> list[tuple[Any, ...]]:
        found = ask(mart, "revenue", make_question(options={"by": by})).dicts()
        return [tuple(row[name] for name in ("value", "orders", "net_revenue", "discount")) for row in found]

    assert rows("payment_method") == [("card", 2, Decimal(45), Decimal(2)), ("(none)", 1, Decimal(32), None)]
    assert rows("coupon") == [("TEN", 2, Decimal(53), Decimal(2)), ("(none)", 1, Decimal(24), None)]
    assert rows("customer") == [
        ("(unknown)", 1, Decimal(33), None),
        ("first", 1, Decimal(20), Decimal(2)),
        ("repeat", 1, Decimal(25), None),
        ("(none)", 0, Decimal(-1), None),
    ]


def test_a_refund_is_that_of_a_human_if_its_order_is(mart: FilledMart) -> None:
    robot = bought("o2", 1, client_id="robot", is_bot=True)
    mart.fill([bought("o1"), robot, refunded("o1", 2, "5", is_bot=True), refunded("o2", 3, "7")])
    assert amounts(mart)[1] == Decimal(12)
    assert amounts(mart, filters={"humans": ("true",)})[1] == Decimal(5)


def test_an_order_placed_after_the_question_is_not_known_to_its_refund(mart: FilledMart) -> None:
    mart.fill([refunded("o1", 0, "5"), bought("o1", 10, country="DE")])
    german = {"filters": {"country": ("DE",)}, "options": {"currency": "EUR"}}
    assert amounts(mart, **german)[1] == Decimal(5)
    assert amounts(mart, **german, as_of=NOON + 5 * MINUTE)[1] == Decimal(0)
    assert amounts(mart, options={"currency": "EUR"}, as_of=NOON + 5 * MINUTE)[1] == Decimal(5)
