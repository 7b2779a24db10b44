"""Orders and bots recomputed in plain Python: orders merged from their events, bots found session by session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

Event = dict[str, Any]
BROWSER, SERVER, REFUND = "checkout_complete", "order_confirmed", "order_refunded"
DETAILS = ("discount", "tax", "shipping", "coupon", "payment_method")
DEFAULT_CURRENCY = "EUR"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Order:
    """One order id. carrier: the event that gave `ordered_at`; items: those that count."""

    order_id: str
    carrier: Event
    browser_at: datetime | None
    server_at: datetime | None
    total: Decimal | None
    currency: str
    items_event: Event | None
    details: Mapping[str, Any]
    """discount, tax, shipping, coupon, payment_method."""

    @property
    def ordered_at(self) -> datetime:
        moment: datetime = self.carrier["event_timestamp"]
        return moment

    @property
    def session_key(self) -> str | None:
        key: str | None = self.carrier["session_key"]
        return key

    @property
    def items(self) -> Sequence[dict[str, Any]]:
        return self.items_event["items"] if self.items_event else ()

    @property
    def units(self) -> Decimal:
        return sum((item["quantity"] for item in self.items), Decimal(0))


def merged(rows: Iterable[Event]) -> list[Order]:
    """Merge the orders of these events, which are in event order."""
    reports: dict[str, list[Event]] = defaultdict(list)
    for row in rows:
        if row["order_id"] is not None and row["event_name"] in (BROWSER, SERVER):
            reports[row["order_id"]].append(row)
    return [_order(order_id, events) for order_id, events in reports.items()]


def _order(order_id: str, events: Sequence[Event]) -> Order:
    browser = [row for row in events if row["event_name"] == BROWSER]
    server = [row for row in events if row["event_name"] == SERVER]
    money = next((row for row in (*server, *browser) if row["order_total"] is not None), (*server, *browser)[0])
    return Order(
        order_id,
        carrier=(*browser, *server)[0],
        browser_at=browser[0]["event_timestamp"] if browser else None,
        server_at=server[0]["event_timestamp"] if server else None,
        total=money["order_total"],
        currency=(money["order_currency"] or "XXX").upper(),
        items_event=next((row for row in (*server, *browser) if row["items"]), None),
        details={name: _first(name, (*server, *browser)) for name in DETAILS},
    )


def _first(detail: str, events: Sequence[Event]) -> Any:
    return next((row[f"order_{detail}"] for row in events if row[f"order_{detail}"] is not None), None)


@dataclass(frozen=True)
class Refund:
    """One refund. event: the first one with an amount, else the first one; order: None if it is not known."""

    event: Event
    order: Order | None

    @property
    def refunded_at(self) -> datetime:
        moment: datetime = self.event["event_timestamp"]
        return moment

    @property
    def amount(self) -> Decimal | None:
        total: Decimal | None = self.event["order_total"]
        return None if total is None else abs(total)

    @property
    def currency(self) -> str:
        """Its own, else its order's, else the default."""
        if self.event["order_currency"]:
            return str(self.event["order_currency"]).upper()
        return self.order.currency if self.order and self.order.currency != "XXX" else DEFAULT_CURRENCY


def refunded(rows: Iterable[Event]) -> list[Refund]:
    """Merge the refunds of these events, which are in event order."""
    rows = list(rows)
    orders = {order.order_id: order for order in merged(rows)}
    reports: dict[tuple[str, object], list[Event]] = defaultdict(list)
    for row in rows:
        if row["order_id"] is not None and row["event_name"] == REFUND:
            reports[row["order_id"], row["order_refund_id"] or row["event_id"]].append(row)
    return [
        Refund(next((row for row in events if row["order_total"] is not None), events[0]), orders.get(order_id))
        for (order_id, _), events in reports.items()
    ]


def is_bot_session(session: Sequence[Event]) -> bool:
    """Whether an event is a bot's, or the session is faster than a human (docs/guide/enrichment.md).

    Times in whole minutes, or all the same, have no rate.
    """
    elapsed = session[-1]["event_timestamp"] - session[0]["event_timestamp"]
    pages = sum(row["is_page_view"] for row in session)
    has_rate = bool(elapsed) and any(row["event_timestamp"].timestamp() % 60 for row in session)
    return any(row["is_bot"] for row in session) or (has_rate and is_too_fast(pages, len(session), elapsed))


def is_too_fast(pages: int, events: int, elapsed: timedelta) -> bool:
    return (
        pages > 1000
        or (pages >= 10 and elapsed < (pages - 1) * SECOND)
        or (events >= 100 and elapsed < (events - 1) * SECOND / 5)
    )


def favourite(orders: Sequence[Order]) -> str | None:
    """The currency with most orders; ties A-Z."""
    currencies = [order.currency for order in orders]
    return min(set(currencies), key=lambda name: (-currencies.count(name), name), default=None)


def refunds_of(refunds: Iterable[Refund], currency: str | None) -> Decimal:
    """The amount refunded in one currency."""
    return sum((refund.amount or Decimal(0) for refund in refunds if refund.currency == currency), Decimal(0))


def revenue_of(orders: Sequence[Order], currency: str | None) -> dict[str, Any]:
    """`orders` of all currencies; `revenue` and `aov` of one."""
    totals = [order.total for order in orders if order.currency == currency and order.total is not None]
    revenue = sum(totals, Decimal(0))
    return {
        "orders": len(orders),
        "revenue": revenue,
        "aov": float(revenue / len(totals)) if totals else None,
    }
