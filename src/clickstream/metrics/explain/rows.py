"""The rows behind a figure: how many there are, and the newest of them as the warehouse has them.

In: the scope of a question, and the name of a figure. Out: `Rows`. The mart says which rows count, by the same CTEs as
the answer; the warehouse is then asked for those rows by session and time, or by order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clickstream.metrics.explain.statements import plain
from clickstream.metrics.rules.local_time import EPOCH
from clickstream.metrics.rules.scope import Scope
from clickstream.metrics.rules.texts import read_sql
from clickstream.warehouse.contract import Cursor, Warehouse
from clickstream.warehouse.dialects import fill

SAMPLE_ROWS = 20
_KEYED = "e.session_key in (select unnest(cast($keys as text[])))"
_KEYLESS = "e.session_key is null"
_HIDDEN = ("moment", "key", "earlier", "raw_object", "raw_line")
_MICROSECOND = timedelta(microseconds=1)
Key = tuple[str | None, int, int]  # session or order, instant, and the place among equal ones


@dataclass(frozen=True, slots=True)
class RowSet:
    """Which rows a figure is made of.

    table: of the warehouse. condition: SQL over the rows of the table that count; it begins with `and`, or is empty.
    """

    table: str
    words: str
    condition: str = ""


_TABLES = {"clickstream_events": "events", "sessions": "sessions", "orders": "orders", "refunds": "refunds"}
_NEW = "(select p.id from pairs as p inner join new_visitors as n on p.visitor = n.id)"
_HAS_VISITOR = " and pair is not null"
_EVENTS = RowSet("clickstream_events", "events")
_SESSIONS = RowSet("sessions", "sessions")
_PAID = RowSet("orders", "orders with a total in {currency}", " and total is not null and currency = $currency")
ROW_SETS = {
    "visitors": RowSet("clickstream_events", "events of visitors", _HAS_VISITOR),
    "new_visitors": RowSet("clickstream_events", "events of new visitors", f" and pair in {_NEW}"),
    "returning_visitors": RowSet(
        "clickstream_events", "events of returning visitors", f"{_HAS_VISITOR} and pair not in {_NEW}"
    ),
    "visitor_conversion_rate": RowSet("clickstream_events", "events of visitors", _HAS_VISITOR),
    "events": _EVENTS,
    "page_views": RowSet("clickstream_events", "page views", " and is_page_view"),
    "views": RowSet(
        "clickstream_events", "product views", " and name = (select id from texts where text = 'product_view')"
    ),
    "products": RowSet(
        "clickstream_events",
        "events with a product",
        " and product in (select id from products where product_id is not null)",
    ),
    **dict.fromkeys(
        ("sessions", "bounce_rate", "conversion_rate", "events_per_session", "pages_per_session"), _SESSIONS
    ),
    **dict.fromkeys(("avg_session_s", "median_session_s"), _SESSIONS),
    "engaged_sessions": RowSet("sessions", "engaged sessions", " and is_engaged"),
    "bounces": RowSet("sessions", "sessions that bounced", " and not is_engaged"),
    "cart_sessions": RowSet("sessions", "sessions with a cart", " and has_cart"),
    "checkout_sessions": RowSet("sessions", "sessions with a checkout", " and has_checkout"),
    "order_sessions": RowSet("sessions", "sessions with an order", " and orders >= 1"),
    "orders": RowSet("orders", "orders"),
    "orders_without_session": RowSet("orders", "orders without a session", " and session is null"),
    "revenue": _PAID,
    "net_revenue": _PAID,
    "aov": _PAID,
    "refunds": RowSet("refunds", "refunds in {currency}", " and currency = $currency"),
}
"""The rows of the figures of `overview` and `time_series`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the warehouse. values: in the order of `Rows.columns`. object, line: the raw line it came from."""

    values: list[Any]
    object: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table. words: what they are. count: how many there are. sample: the newest, newest first."""

    table: str
    words: str
    count: int
    columns: list[str]
    sample: list[Row]


def row_set(figure: str | None, tables: Sequence[str]) -> RowSet | None:
    """Return the rows of a figure; without one, all that count of the first of these tables that is known."""
    if figure in ROW_SETS:
        return ROW_SETS[figure]
    table = next((table for table in tables if table in _TABLES), None)
    return RowSet(table, f"{_TABLES[table]} of these days that match the filters") if table else None


def find_rows(scope: Scope, chosen: RowSet, warehouse: Warehouse) -> Rows:
    """Count the rows and read the newest. Rows that the warehouse no longer has are left out."""
    name = _TABLES[chosen.table]
    slots = {"counted": "counted_hits" if name == "events" else f"counted_{name}", "of_figure": chosen.condition}
    count = int(scope.fetch("explain/count", slots).rows[0][0])
    picked = scope.fetch(f"explain/newest_{name}", slots, {"limit": SAMPLE_ROWS}).dicts()
    keys: list[Key] = [(row["key"], row["moment"], row["earlier"]) for row in picked]
    words = chosen.words.replace("{currency}", scope.currency or "a currency")
    if not keys:
        return Rows(chosen.table, words, count, [], [])
    with warehouse.reading() as cursor:
        found = _READERS[name](cursor, keys)
    kept = [found[key] for key in keys if key in found]
    columns = [column for column in kept[0] if column not in _HIDDEN] if kept else []
    sample = [Row([plain(row[column]) for column in columns], row["raw_object"], row["raw_line"]) for row in kept]
    return Rows(chosen.table, words, count, columns, sample)


def _read(cursor: Cursor, name: str, keys: Sequence[Key], events: str = "") -> dict[Key, dict[str, Any]]:
    moments = [moment for _, moment, _ in keys]
    params: dict[str, Any] = {"first": _instant(min(moments)), "last": _instant(max(moments))}
    sql = fill(read_sql(f"explain/{name}.sql"), events=events)
    if "$keys" in sql:
        params["keys"] = sorted({key for key, _, _ in keys if key is not None})
    return {(row["key"], row["moment"], row["earlier"]): row for row in cursor.fetch(sql, params).dicts()}


def _read_events(cursor: Cursor, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    """Read events of sessions by session and time, and the others by time: each way has its index in PostgreSQL."""
    found: dict[Key, dict[str, Any]] = {}
    for condition, chosen in (
        (_KEYED, [key for key in keys if key[0] is not None]),
        (_KEYLESS, [key for key in keys if key[0] is None]),
    ):
        if chosen:
            found |= _read(cursor, "read_events", chosen, condition)
    return found


_READERS: dict[str, Callable[[Cursor, Sequence[Key]], dict[Key, dict[str, Any]]]] = {
    "events": _read_events,
    "sessions": lambda cursor, keys: _read(cursor, "read_sessions", keys),
    "orders": lambda cursor, keys: _read(cursor, "read_orders", keys),
    "refunds": lambda cursor, keys: _read(cursor, "read_refunds", keys),
}


def _instant(micros: int) -> datetime:
    return EPOCH + micros * _MICROSECOND
