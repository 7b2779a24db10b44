"""The orders as they were told: by the browser, by the server, by both; and what they brought, per currency.

In: visits as they pass. Out: one OrderRecord per order id: when, by whom, in which session, with which total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from clickstream.sources.simulate.story import Order, Session, Visit
from clickstream.sources.simulate.truth.identity import Pair

_PLACES = Decimal("0.0001")


@dataclass(slots=True)
class OrderRecord:
    """An order with its times (microseconds since 1970; None: this side said nothing).

    user: that of the event that gave `at`. session: the one that holds this event, without its events.
    """

    order: Order
    currency: str
    user: str | None
    session: Session
    browser_at: int | None = None
    server_at: int | None = None

    @property
    def pair(self) -> Pair:
        return self.session.client, self.user

    @property
    def has_session(self) -> bool:
        return not self.session.is_loose

    @property
    def at(self) -> int:
        return self.browser_at if self.browser_at is not None else self.server_at or 0

    @property
    def total(self) -> Decimal | None:
        """The server's, else the browser's."""
        if self.server_at is not None and self.order.server_total is not None:
            return self.order.server_total
        return self.order.browser_total if self.browser_at is not None else None

    @property
    def total_differs(self) -> bool:
        told = (self.order.browser_total, self.order.server_total)
        return None not in (*told, self.browser_at, self.server_at) and told[0] != told[1]

    @property
    def units(self) -> int:
        return sum(item.quantity for item in self.order.items)


@dataclass
class OrderBook:
    """All orders by id. currency: of totals that name none."""

    currency: str
    told: dict[str, OrderRecord] = field(default_factory=dict)

    def take(self, visit: Visit) -> dict[int, list[OrderRecord]]:
        """Note a visit's orders. Out: id(session) -> the orders that were placed in it."""
        placed: dict[int, list[OrderRecord]] = {}
        for name in ("checkout_complete", "order_confirmed"):
            for session, event in visit.events():
                order = event.order
                if order is None or event.name != name:
                    continue
                told = self.told.get(order.id)
                if told is None:
                    told = self._open(order, session, event.user)
                    placed.setdefault(id(session), []).append(told)
                if name == "checkout_complete":
                    told.browser_at = event.at if told.browser_at is None else told.browser_at
                else:
                    told.server_at = event.at if told.server_at is None else told.server_at
        return placed

    def between(self, start: int, end: int) -> list[OrderRecord]:
        return [told for told in self.told.values() if start <= told.at < end]

    def _open(self, order: Order, session: Session, user: str | None) -> OrderRecord:
        told = self.told[order.id] = OrderRecord(order, order.currency or self.currency, user, session.emptied())
        return told


def main_currency(orders: Iterable[OrderRecord]) -> str | None:
    """The currency of most orders, the first by its letters among equals."""
    counts = Counter(told.currency for told in orders)
    return min(counts, key=lambda currency: (-counts[currency], currency)) if counts else None


def money(amount: Decimal | int) -> Decimal:
    return Decimal(amount).quantize(_PLACES)


def sums(orders: Iterable[OrderRecord], currency: str | None) -> tuple[Decimal, float | None]:
    """Revenue and average order value in one currency."""
    totals = [told.total for told in orders if told.currency == currency and told.total is not None]
    revenue = money(sum(totals, Decimal(0)))
    return revenue, float(revenue) / len(totals) if totals else None


def revenue_rows(orders: list[OrderRecord]) -> list[dict[str, Any]]:
    """`revenue`: money per currency."""
    rows = []
    for currency in {told.currency for told in orders}:
        those = [told for told in orders if told.currency == currency]
        revenue, aov = sums(those, currency)
        rows.append(
            {
                "currency": currency,
                "orders": len(those),
                "orders_with_total": sum(told.total is not None for told in those),
                "revenue": revenue,
                "aov": aov,
                "units": sum(told.units for told in those),
            }
        )
    return sorted(rows, key=lambda row: (-row["orders"], row["currency"]))
