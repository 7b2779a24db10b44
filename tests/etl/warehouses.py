"""What a warehouse holds, as plain rows, so that two of them can be compared whatever their loads were."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clickstream.warehouse.contract import Warehouse

TABLES = (
    "clickstream_events",
    "raw_objects",
    "duplicates",
    "bad_rows",
    "erased",
    "sessions",
    "clients",
    "seen",
    "orders",
    "order_lines",
    "refunds",
)


def contents(warehouse: Warehouse) -> dict[str, list[str]]:
    """The rows of each table, sorted, without the load numbers."""
    found = {}
    for table in TABLES:
        rows: list[dict[str, Any]] = warehouse.fetch(f"select * from {table}").dicts()
        for row in rows:
            row.pop("load_id", None)
        found[table] = sorted(repr(sorted((name, plain(value)) for name, value in row.items())) for row in rows)
    return found


def plain(value: Any) -> Any:
    """A value without what engines may differ in: trailing zeros, and the object that stands for UTC."""
    if isinstance(value, Decimal):
        return value.normalize()
    return value.astimezone(UTC) if isinstance(value, datetime) else value
