"""Refunds an order of the shop, wholly or in part.

In: the number of an order, an amount. Out: the refund. What it changes is defined once, in the database
(schema/0002_refunds.sql): the order, its stock, and the event `order_refunded` in the outbox, in one transaction.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import psycopg

from clickstream.errors import ShopError
from clickstream.shop.database import open_shop
from clickstream.warehouse.connections import reason_of

_FIND = b"select id, number, currency from orders where number = upper($1)"
_LEFT = b"""
    select r.amount, o.status, o.total - o.refunded from refunds as r join orders as o on o.id = r.order_id
    where r.id = $1
"""


class Refunded(msgspec.Struct, frozen=True):
    """A refund. left: what of the order can still be refunded. is_cancelled: nothing, the order is cancelled."""

    order: str
    refund_id: str
    amount: Decimal
    currency: str
    left: Decimal
    is_cancelled: bool


def refund(url: str, order: str, amount: Decimal | None, reason: str = "") -> Refunded:
    """Refund `amount` of the order with this number; None: all that is left. Raises ShopError, changing nothing."""
    doing = f"refunding the order {order}"
    with open_shop(url, doing) as connection, connection.transaction():
        found = connection.execute(_FIND, [order]).fetchone()
        if found is None:
            raise ShopError(doing, "the shop has no order with this number", "use its number, such as CS-10001")
        order_id, number, currency = found
        try:
            call = b"select refund_order($1::uuid, $2::numeric, $3::text)"
            (refund_id,) = connection.execute(call, [order_id, amount, reason]).fetchone() or (None,)
        except psycopg.errors.NumericValueOutOfRange as error:
            raise ShopError(doing, reason_of(error)) from None
        refunded, status, left = connection.execute(_LEFT, [refund_id]).fetchone() or (None, "", None)
        return Refunded(number, str(refund_id), refunded, currency, left, status == "cancelled")
