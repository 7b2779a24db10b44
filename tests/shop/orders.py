"""A shop for tests: a small catalogue, and orders written as the shop's checkout writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import psycopg

PLACED_AT = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


def product(name: str, price: str = "10.00", stock: int = 5, **fields: object) -> dict[str, object]:
    """Return a product of the catalogue."""
    return {
        "id": name,
        "name": name.title(),
        "brand": "aster",
        "category": "mice",
        "description": f"A {name}.",
        "specs": [["Weight", "80 g"]],
        "pictures": 3,
        "price": price,
        "discount_price": None,
        "stock": stock,
        "created_at": "2026-09-01",
    } | fields


def catalogue(*products: dict[str, object]) -> bytes:
    """Return a catalogue as JSON."""
    return json.dumps(
        {
            "brands": [{"id": "aster", "name": "Aster"}],
            "categories": [{"id": "mice", "name": "Mice", "position": 1}],
            "products": list(products),
            "coupons": [{"code": "WELCOME10", "percent": 10, "min_subtotal": "50.00"}],
        }
    ).encode()


CATALOGUE = catalogue(product("alpha"), product("beta", "20.00"), product("gamma", stock=0))


class Shop:
    """A connection to a shop's database. Use as a context."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True, options="-c timezone=UTC -c datestyle=ISO")

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(sql.encode(), params or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, sql: str, *params: object) -> Any:
        ((value,),) = self.rows(sql, *params)
        return value

    def order(self, total: str = "30.00", at: datetime = PLACED_AT, **fields: object) -> UUID:
        """Write an order of 1 alpha and 2 beta with its stock taken and its event in the outbox; return its id."""
        with self._connection.transaction():
            values = {"email": "a@example.com", "currency": "EUR", "payment_method": "test_card"} | fields
            values |= {"idempotency_key": uuid4(), "subtotal": total, "total": total, "ship_to": "{}", "placed_at": at}
            columns, slots = ", ".join(values), ", ".join(["%s"] * len(values))
            insert = f"insert into orders ({columns}) values ({slots}) returning id"
            order: UUID = self.value(insert, *values.values())
            for line, (name, quantity) in enumerate((("alpha", 1), ("beta", 2)), 1):
                item = "insert into order_items values (%s, %s, %s, %s, 'Mice', 'Aster', 10, %s)"
                self.rows(item, order, line, name, name.title(), quantity)
                take = "update inventory set quantity = quantity - %s where product_id = %s"
                self.rows(take, quantity, name)
            self.record(confirmed(order, self.number(order), total, at, str(values["currency"])))
        return order

    def record(self, event: dict[str, Any]) -> None:
        """Put an event into the outbox."""
        self.rows(
            "insert into outbox (event_id, event) values (%s, %s)",
            event.get("eventId", str(uuid4())),
            json.dumps(event, default=str),
        )

    def number(self, order: UUID) -> str:
        return str(self.value("select number from orders where id = %s", order))

    def stock(self, name: str) -> int:
        return int(self.value("select quantity from inventory where product_id = %s", name))

    def outbox(self) -> list[tuple[Any, ...]]:
        """Return (event name, sent, attempts, error) of every row."""
        select = "select event ->> 'eventName', sent_at is not null, attempts, last_error from outbox order by id"
        return self.rows(select)


def confirmed(order: UUID, number: str, total: str, at: datetime, currency: str = "EUR") -> dict[str, Any]:
    """Return the event that the shop's server records for an order."""
    return {
        "eventName": "order_confirmed",
        "eventId": str(uuid5(NAMESPACE_URL, str(order))),
        "createdAt": at.isoformat().replace("+00:00", "Z"),
        "order": {"id": number, "total": float(Decimal(total)), "currency": currency},
    }
