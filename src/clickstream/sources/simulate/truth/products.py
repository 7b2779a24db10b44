"""`products` as it truly is: what is looked at, put into carts and bought, by product, category or brand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from clickstream.sources.simulate.story import Product, Session, Visit
from clickstream.sources.simulate.truth.orders import OrderBook, OrderRecord, main_currency, money
from clickstream.sources.simulate.truth.sums import ratio

Row = dict[str, Any]
_COUNTS = ("view_sessions", "cart_sessions", "checkout_sessions", "order_sessions")


@dataclass
class Products:
    """One ranking over the instants `[start, end)`. name_of: a product's name at an instant."""

    by: str
    start: int
    end: int
    name_of: Callable[[Product, int], str]
    counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    last: dict[str, tuple[int, Product]] = field(default_factory=dict)

    def take(self, visit: Visit, placed: Mapping[int, list[OrderRecord]]) -> None:
        """Note a visit, and the orders that were placed in its sessions."""
        for session in visit.sessions:
            sets = self._count(session)
            if session.is_loose:
                continue
            orders = [told for told in placed.get(id(session), []) if self.start <= told.at < self.end]
            sets["order"] = {self._value(item.product) for told in orders for item in told.order.items}
            for value in set().union(*sets.values()):
                self._mark(self.counts[value], {name for name, values in sets.items() if value in values})

    def rows(self, book: OrderBook) -> list[Row]:
        """The ranking, by value: the order of rows is the metric's business."""
        orders = book.between(self.start, self.end)
        currency = main_currency(orders)
        revenue: defaultdict[str, Decimal] = defaultdict(Decimal)
        for told in orders:
            bought = Counter[str]()
            for item in told.order.items:
                value = self._value(item.product)
                bought[value] += item.quantity
                if told.currency == currency:
                    revenue[value] += item.product.price * item.quantity
                self._see(value, item.product, told.at)
            for value, units in bought.items():
                self.counts[value]["units"] += units
                self.counts[value]["orders"] += 1
        return [self._row(value, self.counts[value], revenue[value]) for value in sorted(self.counts)]

    def _count(self, session: Session) -> dict[str, set[str]]:
        """Count the session's events; the values that it viewed, added, and checked out with after an add."""
        sets: dict[str, set[str]] = {"view": set(), "cart": set(), "checkout": set()}
        for event in session.events:
            if not self.start <= event.at < self.end:
                continue
            if event.name == "checkout_start":
                sets["checkout"] |= sets["cart"]
            if event.product is None:
                continue
            value = self._value(event.product)
            self.counts[value]["events"] += 1
            self._see(value, event.product, event.at)
            if event.name == "product_view":
                self.counts[value]["views"] += 1
                sets["view"].add(value)
            elif event.name == "add_to_cart_click":
                self.counts[value]["cart_adds"] += 1
                sets["cart"].add(value)
        return sets

    def _mark(self, counts: Counter[str], marks: set[str]) -> None:
        counts.update(f"{mark}_sessions" for mark in marks)
        counts["view_and_cart"] += marks >= {"view", "cart"}
        counts["view_and_order"] += marks >= {"view", "order"}
        counts["checkout_and_order"] += marks >= {"checkout", "order"}

    def _see(self, value: str, product: Product, at: int) -> None:
        if value not in self.last or at >= self.last[value][0]:
            self.last[value] = (at, product)

    def _value(self, product: Product) -> str:
        return {"product": product.id, "category": product.category, "brand": product.brand}[self.by]

    def _row(self, value: str, counts: Counter[str], revenue: Decimal) -> Row:
        row: Row = {"value": value}
        if self.by == "product":
            at, product = self.last[value]
            row |= {"name": self.name_of(product, at), "category": product.category, "brand": product.brand}
        row |= {name: counts[name] for name in ("views", "cart_adds", "units", "orders", *_COUNTS)}
        return row | {
            "revenue": money(revenue),
            "view_to_cart": ratio(counts["view_and_cart"], counts["view_sessions"]),
            "cart_to_checkout": ratio(counts["checkout_sessions"], counts["cart_sessions"]),
            "checkout_to_order": ratio(counts["checkout_and_order"], counts["checkout_sessions"]),
            "view_to_order": ratio(counts["view_and_order"], counts["view_sessions"]),
        }
