"""Writes an event of the story as its device sends it: ids, times and types in the many forms that devices use.

In: a session, one of its events, a random generator. Out: the event as a dict of JSON values. Values of a wrong type
(the field becomes NULL and is named in `field_errors`) are counted; they occur only where no figure needs the value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from clickstream.event import SNAKE_CASE
from clickstream.sources.simulate.calendar import Calendar, instant
from clickstream.sources.simulate.people import uuid_text
from clickstream.sources.simulate.story import SHOP, Device, Item, Order, Product, Refund, Search, Session, StoryEvent

_SNAKE = {camel: snake for snake, camel in SNAKE_CASE.items()}
_BERLIN_SUMMER = timezone(timedelta(hours=2))


class Wire:
    """Writes events, and counts the fields to which it gives a wrong type."""

    def __init__(self, calendar: Calendar) -> None:
        self._renamed_on = calendar.start(calendar.days // 2)
        self.field_errors: Counter[str] = Counter()

    def event(self, chance: Random, session: Session, event: StoryEvent, skew_s: int) -> dict[str, Any]:
        """Return one event. skew_s: the error of the device's clock in `createdAt`."""
        device = session.device
        fields: dict[str, Any] = {
            "eventName": event.name,
            "eventId": _event_id(chance, device),
            "createdAt": created_at(device, event.at + skew_s * 1_000_000),
            "clientId": session.client,
            "sessionId": session.sent_id,
            "userId": event.user,
            "isFirstVisit": event.is_first_visit,
            "identitySource": "server" if event.by_server else "client",
        }
        if not event.by_server:
            is_abroad = event is not session.events[0] and chance.random() < 0.01
            fields["country"] = "FR" if is_abroad else session.country
            fields["userLoginState"] = event.login_state
            if event.login_state == "anonymous" and chance.random() < 0.2:
                fields["userLoginState"] = "guest"
        if event.path is not None:
            fields["pageUrl"] = f"{SHOP}{event.path}" + (f"?{event.query}" if event.query else "")
            fields["pageTitle"] = event.path.strip("/") or "Home"
            fields["referrer"] = event.referrer
        if event.product is not None:
            fields["product"] = self._product(chance, event.product, event.at)
        if event.order is not None:
            fields["order"] = self._order(chance, event.order, event)
        if event.refund is not None:
            fields["order"] = self._refund(event.refund, event)
        if event.search is not None:
            fields.update(self._search(chance, event.search))
        if event.name == "click":
            fields["element"] = {"tag": "a", "text": "More", "dataset": {"position": chance.randrange(9)}}
        self._put_wrong_types(chance, fields, event)
        fields = {name: value for name, value in fields.items() if value is not None}
        if chance.random() < 0.01:
            fields = {_SNAKE.get(name, name): value for name, value in fields.items()}
        return fields

    def name_of(self, product: Product, at: int) -> str:
        """Return the product's name at an instant: products are renamed in the middle of the range."""
        return product.new_name if at >= self._renamed_on else product.name

    def _product(self, chance: Random, product: Product, at: int) -> dict[str, Any]:
        price: Decimal | str = product.price if chance.random() < 0.9 else str(product.price)
        if chance.random() < 0.005:
            price = "n/a"
            self.field_errors["product.price"] += 1
        return {
            "id": product.id,
            "name": self.name_of(product, at),
            "category": product.category,
            "brand": product.brand,
            "price": price,
            "currency": "EUR",
            "urlPath": product.path,
        }

    def _order(self, chance: Random, order: Order, event: StoryEvent) -> dict[str, Any]:
        total: Decimal | str | None = order.server_total if event.by_server else order.browser_total
        if total is None and chance.random() < 0.5:
            total = "to be confirmed"
            self.field_errors["order.total"] += 1
        terms = order.server_terms if event.by_server else order.browser_terms
        tax: Decimal | str | None = terms.tax
        if tax is None and event.by_server and chance.random() < 0.5:
            tax = "included"
            self.field_errors["order.tax"] += 1
        discount: Decimal | str | None = terms.discount
        if discount is not None and chance.random() < 0.2:
            discount = str(discount)
        fields = {
            "id": order.id,
            "total": total,
            "currency": order.currency,
            "items": self._items(order.items, event.at),
            "discount": discount,
            "tax": tax,
            "shipping": terms.shipping,
            "coupon": terms.coupon,
            "payment_method" if chance.random() < 0.05 else "paymentMethod": terms.payment_method,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _refund(self, refund: Refund, event: StoryEvent) -> dict[str, Any]:
        fields = {
            "id": refund.order_id,
            "total": refund.amount,
            "currency": refund.currency,
            "refundId": refund.refund_id,
            "items": self._items(refund.items, event.at) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _items(self, items: Sequence[Item], at: int) -> list[dict[str, Any]]:
        return [
            {
                "id": item.product.id,
                "name": self.name_of(item.product, at),
                "category": item.product.category,
                "brand": item.product.brand,
                "price": item.product.price,
                "quantity": item.quantity,
            }
            for item in items
        ]

    def _search(self, chance: Random, search: Search) -> dict[str, Any]:
        """Return a search as a block, or as the properties of another tracker; in capitals or with blanks."""
        term, results = search.term, search.results
        if term is not None:
            term = chance.choice((term, term, term, term.upper(), term.title(), f" {term.replace(' ', '  ')} "))
        kind = chance.random()
        if kind < 0.7:
            sent: int | str | None = results
            if results is None and chance.random() < 0.5:
                sent = "many"
                self.field_errors["search.results"] += 1
            return {"search": {"term": term, "results": sent}}
        if kind < 0.85:
            return {"properties": {"query": term, "resultsCount": None if results is None else str(results)}}
        return {"properties": {"search_term": term, "results": results}}

    def _put_wrong_types(self, chance: Random, fields: dict[str, Any], event: StoryEvent) -> None:
        kind = chance.random()
        if kind < 0.002:
            self._put_wrong(fields, "pageTitle", {"de": "Titel"})
        elif kind < 0.004 and event.search is None:
            self._put_wrong(fields, "properties", "none")
        elif kind < 0.006 and event.user is None:
            self._put_wrong(fields, "userId", {"id": None})
        elif kind < 0.008 and event.is_first_visit is None:
            self._put_wrong(fields, "isFirstVisit", "maybe")

    def _put_wrong(self, fields: dict[str, Any], name: str, value: object) -> None:
        fields[name] = value
        self.field_errors[name] += 1


def created_at(device: Device, at: int) -> str | int:
    """Return an instant as this device writes it."""
    if device.form == "epoch":
        return at // 1_000
    moment = instant(at)
    unit = "microseconds" if at % 1_000 else "milliseconds"
    if device.form == "offset":
        return moment.astimezone(_BERLIN_SUMMER).isoformat(timespec=unit)
    text = moment.replace(tzinfo=None).isoformat(timespec=unit)
    return text if device.form == "bare" else f"{text}Z"


def _event_id(chance: Random, device: Device) -> str | None:
    if device.id_form == "none":
        return None  # the collector gives it one
    return f"evt-{uuid_text(chance)[:18]}" if device.id_form == "text" else uuid_text(chance)
