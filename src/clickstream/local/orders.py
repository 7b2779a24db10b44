"""`orders check` as a command on the warehouse, and where the shop's database is.

In: settings, and the state file of a local database. Out: the URL of the shop's database; the truth check of
shop/check.py, run where the warehouse is open.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from clickstream.dashboard.pages.data_health import OrderSource
from clickstream.dashboard.view import Days
from clickstream.errors import ShopError
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.progress import Progress, no_progress
from clickstream.shop.check import DayRange, OrdersCheck, check_orders


class OrdersCheckRequest(Request, frozen=True):
    """since, until: local days, `[since, until)`; None: from the first order, until now."""

    since: date | None = None
    until: date | None = None


def orders_check(context: WarehouseContext, request: OrdersCheckRequest, _progress: Progress) -> OrdersCheck:
    """Compare the shop's orders with what the warehouse knows of them."""
    url = context.find_shop()
    if url is None:
        raise no_shop("checking the orders")
    with context.warehouse.reading() as cursor:
        return check_orders(url, cursor, context.clock(), DayRange(request.since, request.until, context.zone))


def order_source(context: WarehouseContext) -> OrderSource:
    """Return what the page Data health shows."""

    def read(days: Days) -> dict[str, Any]:
        found = orders_check(context, OrdersCheckRequest(days.first, days.end), no_progress)
        result: dict[str, Any] = msgspec.to_builtins(found)
        for name in ("days", "browsers", "channels"):
            result[name] = [{"name": group["name"], **group["counts"]} for group in result[name]]
        return result

    return OrderSource(lambda: context.find_shop() is not None, read)


def no_shop(doing: str) -> ShopError:
    """Return the error of a command that needs the shop's database where there is none."""
    advice = "set CLICKSTREAM_WEB_DB_URL, or start the shop: clickstream up"
    return ShopError(doing, "the shop's database is not configured, and none runs on this data directory", advice)
