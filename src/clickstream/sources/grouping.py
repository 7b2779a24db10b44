"""Gathers the lines of orders, consecutive or scattered, into one event per order.

In: rows, as a shop exports them: a line per item. Out: for each order `order_confirmed` (or the event that the mapping
names) with its items and, where the order has returned lines, `order_refunded` with these. A line is returned when its
quantity is negative or [group] refund holds for it. Totals are the mapping's, else the sum of price x quantity. An
order with a line that cannot be read is not sent: its total would be wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clickstream.event import RawEvent, derived_event_id, is_placeholder
from clickstream.sources.delimited import Row, SkippedRow
from clickstream.sources.mapping import Grouping, RowsToEvents, fill, has_event_id

REFUND = "order_refunded"


@dataclass(frozen=True, slots=True)
class Order:
    """The rows of one order, and its events. last_row: the position of the row that completed it."""

    line: int
    last_row: int
    rows: int
    events: list[RawEvent]


class OrderLines:
    """Makes events from the order lines of one file. The file is read twice: `count` first, then `orders`."""

    def __init__(self, to_events: RowsToEvents, grouping: Grouping) -> None:
        self._to_events, self._grouping = to_events, grouping
        self._key = to_events.binding.fill_template(grouping.by)
        self._item_makers = to_events.makers(grouping.items)
        self._left: Counter[str] = Counter()

    def count(self, rows: Iterable[Row | SkippedRow]) -> None:
        """Count the lines of each order, so that an order can be sent after its last line."""
        for row in rows:
            if isinstance(row, Row) and self._to_events.is_wanted(row.cells):
                key = self._key_of(row)
                if key is not None:
                    self._left[key] += 1

    def orders(self, rows: Iterable[Row]) -> Iterator[Order | SkippedRow]:
        """Yield each order when its last line was read. Only incomplete orders stay in memory."""
        waiting: defaultdict[str, list[Row]] = defaultdict(list)
        for row in rows:
            key = self._key_of(row)
            if key is None:
                yield SkippedRow(row.position, row.line, "no value for [group] by")
                continue
            waiting[key].append(row)
            self._left[key] -= 1
            if not self._left[key]:
                yield self._order(key, waiting.pop(key))

    def _key_of(self, row: Row) -> str | None:
        try:
            key = self._key(row.cells)
        except IndexError:  # the row is too short
            return None
        key = "" if key is None or is_placeholder(key) else key.strip()
        return key or None

    def _order(self, key: str, lines: list[Row]) -> Order | SkippedRow:
        last, current = lines[-1].position, lines[0]
        try:
            kept: list[tuple[Row, dict[str, Any]]] = []
            returned: list[tuple[Row, dict[str, Any]]] = []
            for current in lines:
                self._to_events.check_width(current.cells)
                item = self._item(current)
                (returned if self._is_returned(current, item) else kept).append((current, item))
            current = lines[0]
            if kept and returned and self._maps_total:
                raise ValueError("order.total: it may include returned lines; leave it out, to add up the lines")
            events = [self._event(key, kept, lines)] if kept else []
            events += [self._refund(key, returned, lines)] if returned else []
        except ValueError as error:
            others = f" (all {len(lines)} lines of order {key} are skipped)" if len(lines) > 1 else ""
            return SkippedRow(last, current.line, f"{error}{others}", len(lines))
        return Order(lines[0].line, last, len(lines), events)

    def _item(self, row: Row) -> dict[str, Any]:
        item: dict[str, Any] = {}
        try:
            fill(item, self._item_makers, [row.cells])
            _check_numbers(item)
        except ValueError as error:
            raise ValueError(f"order.items.{error}") from None
        return item

    def _is_returned(self, row: Row, item: dict[str, Any]) -> bool:
        conditions = self._grouping.refund
        return item.get("quantity", 1) < 0 or (bool(conditions) and self._to_events.hold(conditions, row.cells))

    @property
    def _maps_total(self) -> bool:
        return any(field.path == "order.total" for field in self._to_events.mapping.fields)

    def _event(self, key: str, part: list[tuple[Row, dict[str, Any]]], lines: list[Row]) -> RawEvent:
        """Return the event of the order or of its refund; a field without a value in `part` takes that of `lines`."""
        event: RawEvent = {}
        self._to_events.fill_from(event, [row.cells for row, _ in part] + [row.cells for row in lines])
        self._to_events.check(event)
        order = event.setdefault("order", {})
        order.setdefault("id", key)
        order["items"] = [item for _, item in part]
        if "total" not in order and (total := _sum(order["items"])) is not None:
            order["total"] = total
        if not has_event_id(event):
            event["eventId"] = str(derived_event_id(f"{self._to_events.mapping.name}\norder\n{key}"))
        return event

    def _refund(self, key: str, part: list[tuple[Row, dict[str, Any]]], lines: list[Row]) -> RawEvent:
        returned = [(row, {**item, "quantity": abs(item.get("quantity", 1))}) for row, item in part]
        event = self._event(key, returned, lines)
        event["eventName"] = REFUND
        event["eventId"] = str(derived_event_id(f"{event['eventId']}\nrefund"))
        order = event["order"]
        order.setdefault("refundId", key)
        if isinstance(order.get("total"), int | Decimal):
            order["total"] = abs(order["total"])
        return event


def _check_numbers(item: dict[str, Any]) -> None:
    for name in ("price", "quantity"):
        value = item.get(name, 0)
        if isinstance(value, float):
            item[name] = Decimal(str(value))
        elif isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError(f"{name}: expected a number, got {value!r}")


def _sum(items: list[dict[str, Any]]) -> int | Decimal | None:
    """Return the sum of price x quantity; None when a line has no price."""
    if any("price" not in item for item in items):
        return None
    total: int | Decimal = sum(item["price"] * item.get("quantity", 1) for item in items)
    return total
