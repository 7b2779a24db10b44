"""Insert events directly into a warehouse, with the tables that the load derives from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from tests.metrics.oracle import KEY_EVENTS, SESSION_FIELDS, Event, by_session, has, login_state, session_value, stored
from tests.metrics.oracle_orders import BROWSER, REFUND, SERVER, Order, Refund, is_bot_session, merged, refunded

from clickstream.warehouse.contract import Warehouse

EVENT_COLUMNS = (
    *("event_id", "event_timestamp", "event_name", "user_id", "user_login_state", "client_id", "session_id"),
    *("is_first_visit", "context_product_id", "context_product_name", "context_product_category"),
    *("context_product_brand", "page_path", "country", "session_key", "is_page_view", "is_sample", "received_at"),
    *("raw_object", "raw_line", "page_url", "device_type", "browser", "os", "is_bot", "source", "medium", "campaign"),
    *("channel", "referrer_domain", "order_id", "order_total", "order_currency", "order_discount", "order_tax"),
    *("order_shipping", "order_coupon", "order_payment_method", "order_refund_id", "search_term", "search_results"),
)
TABLES = ("clickstream_events", "sessions", "clients", "seen", "loads", "orders", "order_lines", "refunds")
_numbers = count(1)


def event(moment: datetime, name: str = "page_view", **fields: object) -> Event:
    """Return one event of client `c1`, as the load would store it. fields: columns that differ."""
    number = next(_numbers)
    plain = dict.fromkeys(EVENT_COLUMNS)
    plain |= {"event_id": UUID(int=number), "event_timestamp": moment, "event_name": name, "client_id": "c1"}
    plain |= {"received_at": moment + timedelta(seconds=1), "raw_object": "events/a", "raw_line": number}
    return {**plain, "is_sample": False, "is_bot": False, "items": None, **fields}


def item(product_id: str | None, price: str | None, quantity: str = "1", **fields: object) -> dict[str, object]:
    """Return one item of an order."""
    money = {"price": None if price is None else Decimal(price), "quantity": Decimal(quantity)}
    names = dict.fromkeys(("product_name", "product_category", "product_brand"))
    return {"product_id": product_id, **names, **money, **fields}


def at(text: str) -> datetime:
    """Read an instant in UTC: `2026-03-02 10:00:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fill(warehouse: Warehouse, events: Sequence[Event], loads: int = 1) -> list[Event]:
    """Empty the warehouse and insert these events. Return them as stored, in event order."""
    rows = stored(events)
    with warehouse.transaction() as cursor:
        for table in TABLES:
            cursor.execute(f"delete from {table}")
        for table, records in _tables(rows, loads).items():
            if records:
                names = list(records[0])
                marks = ", ".join(f"({', '.join(f'${name}_{n}' for name in names)})" for n in range(len(records)))
                values = {f"{name}_{n}": record[name] for n, record in enumerate(records) for name in names}
                cursor.execute(f"insert into {table} ({', '.join(names)}) values {marks}", values)
    return rows


def _tables(rows: Sequence[Event], loads: int) -> dict[str, list[dict[str, Any]]]:
    clients: dict[str, Event] = {}
    seen: dict[tuple[object, object], Event] = {}
    for row in rows:
        if row["event_name"] == REFUND:
            continue
        if row["client_id"] and row["user_id"]:
            clients.setdefault(row["client_id"], row)
        seen.setdefault((row["client_id"], row["user_id"]), row)
    orders = merged(rows)
    return {
        "clickstream_events": [{name: row[name] for name in EVENT_COLUMNS} for row in rows],
        "sessions": [_session(key, session, orders) for key, session in by_session(rows).items()],
        "orders": list(map(_order, orders)),
        "refunds": list(map(_refund, refunded(rows))),
        "order_lines": [line for row in rows for line in _lines(row)],
        "clients": [
            {"client_id": row["client_id"], "first_user_id": row["user_id"]}
            | {"event_timestamp": row["event_timestamp"]}
            | _position(row)
            for row in clients.values()
        ],
        "seen": [
            {"client_id": row["client_id"], "user_id": row["user_id"], "first_seen_at": row["event_timestamp"]}
            | {"first_is_first_visit": row["is_first_visit"]}
            | _position(row)
            for row in seen.values()
        ],
        "loads": [
            {"load_id": number + 1, "loaded_at": datetime(2026, 1, 1, tzinfo=UTC), "objects": 1, "lines": 1}
            | {"code": "test", "settings": "{}"}
            for number in range(loads)
        ],
    }


def _position(row: Event) -> dict[str, object]:
    names = {"received_at": "received_at", "object": "raw_object", "line": "raw_line", "event_id": "event_id"}
    return {name: row[field] for name, field in names.items()}


def _session(key: str, session: Sequence[Event], orders: Sequence[Order]) -> dict[str, object]:
    first, last = session[0], session[-1]
    views = [row for row in session if row["is_page_view"]]
    key_events = sum(row["event_name"] in KEY_EVENTS for row in session)
    placed = sum(order.session_key == key for order in orders)
    elapsed = last["event_timestamp"] - first["event_timestamp"]
    return {
        "session_key": key,
        "client_id": first["client_id"],
        "session_id": first["session_id"],
        "user_id": next((row["user_id"] for row in session if row["user_id"]), None),
        "session_start": first["event_timestamp"],
        "session_end": last["event_timestamp"],
        "events": len(session),
        "page_views": len(views),
        "key_events": key_events,
        "exit_page": views[-1]["page_path"] if views else None,
        "is_sample": first["is_sample"],
        **{"entry_page" if name == "landing_page" else name: session_value(session, name) for name in SESSION_FIELDS},
        "login_state": login_state(session),
        "has_view": has(session, "product_view"),
        "has_cart": has(session, "add_to_cart_click"),
        "has_checkout": has(session, "checkout_start"),
        "orders": placed,
        "is_engaged": len(views) >= 2 or elapsed >= timedelta(seconds=10) or key_events + placed > 0,
        "is_bot": is_bot_session(session),
    }


def _order(order: Order) -> dict[str, object]:
    return {
        "order_id": order.order_id,
        "event_id": order.carrier["event_id"],
        "ordered_at": order.ordered_at,
        "browser_at": order.browser_at,
        "server_at": order.server_at,
        **{name: order.carrier[name] for name in ("client_id", "user_id", "session_key", "is_bot", "is_sample")},
        "total": order.total,
        "currency": None if order.currency == "XXX" else order.currency,
        **order.details,
        "total_differs": False,
        "items_event_id": order.items_event["event_id"] if order.items_event else None,
    }


def _refund(refund: Refund) -> dict[str, object]:
    return {
        "order_id": refund.event["order_id"],
        "refund_id": refund.event["order_refund_id"],
        "event_id": refund.event["event_id"],
        "refunded_at": refund.refunded_at,
        "amount": refund.amount,
        "currency": refund.currency,
        **{name: refund.event[name] for name in ("is_bot", "is_sample")},
    }


def _lines(row: Event) -> list[dict[str, object]]:
    if row["event_name"] not in (BROWSER, SERVER):
        return []
    return [{"event_id": row["event_id"], "line_number": n, **line} for n, line in enumerate(row["items"] or (), 1)]
