"""The truth check: the shop's real orders against what was tracked.

In: the orders of the shop's database, and the order events of the warehouse. Out: for each order which sides captured
it, and the totals by day, browser and channel. The terms (docs/guide/shop.md explains them):

- browser: a `checkout_complete` event with the order's number arrived; server: an `order_confirmed` event.
- missing: neither arrived. pending: neither arrived yet, and the order is younger than PENDING; it counts in no rate.
- doubled: one side sent two or more events with different ids for the order.
- different: an event has another total or currency than the order.

An order counts in every class that applies. Cancelled orders count: they were placed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from clickstream.shop.database import open_shop
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import read_sql

PENDING = timedelta(minutes=15)
EARLY = timedelta(days=1)
"""How much earlier than its order an event may be dated: the clock of a device may be wrong."""
MAX_PROBLEMS = 100
DOING = "reading the shop's orders"
NONE = "(none)"
Kind = Literal["missing", "doubled", "different"]
_ORDERS = b"""
    select number, number, total, currency, placed_at from orders
    where placed_at >= $1 and placed_at < $2 order by placed_at
"""
_REFUNDS = b"""
    select r.id::text, o.number, r.amount, o.currency, r.refunded_at
    from refunds as r join orders as o on o.id = r.order_id
    where r.refunded_at >= $1 and r.refunded_at < $2 order by r.refunded_at
"""
_KNOWN = b"select number from orders where number = any($1)"


@dataclass(frozen=True, slots=True)
class RealOrder:
    """An order, or a refund, in the shop's database. key: its number, or the refund's id; number: the order's."""

    key: str
    number: str
    total: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrackedEvent:
    """An event of an order or a refund in the warehouse; browser and channel are those of its session."""

    key: str
    side: Literal["browser", "server"]
    total: Decimal | None
    currency: str | None
    browser: str | None
    channel: str | None


class OrderCounts(msgspec.Struct):
    """Numbers of orders. rate, browser_rate: captured by either side, and by the browser; shares of `orders - pending`.

    The rates are None without an order to judge.
    """

    orders: int = 0
    pending: int = 0
    browser: int = 0
    server: int = 0
    both: int = 0
    missing: int = 0
    doubled: int = 0
    different: int = 0
    rate: float | None = None
    browser_rate: float | None = None


class RefundCounts(msgspec.Struct):
    """Numbers of refunds, which only the server reports."""

    refunds: int = 0
    pending: int = 0
    captured: int = 0
    missing: int = 0
    doubled: int = 0
    different: int = 0


class OrderGroup(msgspec.Struct, frozen=True):
    """The orders of a day, browser or channel."""

    name: str
    counts: OrderCounts


class OrderProblem(msgspec.Struct, frozen=True):
    """An order or a refund that is missing, doubled or different. refund: its id; "" for an order."""

    kind: Kind
    order: str
    refund: str
    at: datetime
    details: str


class OrdersCheck(msgspec.Struct, frozen=True):
    """The result.

    days: local days, the latest first; browsers, channels: the largest first. problems: the latest first, at most
    MAX_PROBLEMS of `problem_count`. unknown: tracked orders that the shop does not have, at most MAX_PROBLEMS.
    """

    totals: OrderCounts
    refunds: RefundCounts
    days: list[OrderGroup]
    browsers: list[OrderGroup]
    channels: list[OrderGroup]
    problems: list[OrderProblem]
    problem_count: int
    unknown: list[str]

    def holds(self, min_rate: float) -> bool:
        """Whether either side captured at least this share of the orders, or there is none to judge."""
        return self.totals.rate is None or self.totals.rate >= min_rate


@dataclass(frozen=True, slots=True)
class DayRange:
    """Local days, `[first, end)`; None: from the first order, until now."""

    first: date | None
    end: date | None
    zone: ZoneInfo

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        first = datetime(1970, 1, 2, tzinfo=UTC) if self.first is None else self._start_of(self.first)
        return first, now if self.end is None else min(now, self._start_of(self.end))

    def _start_of(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


class _Judged:
    """An order or a refund with its events."""

    def __init__(self, real: RealOrder, events: Sequence[TrackedEvent], now: datetime) -> None:
        self.real = real
        self.events = events
        self.browser = sum(event.side == "browser" for event in events)
        self.server = len(events) - self.browser
        self.is_pending = not events and now - real.at < PENDING
        self.wrong = [event for event in events if (event.total, event.currency) != (real.total, real.currency)]

    def first(self, name: Literal["browser", "channel"]) -> str:
        """Return browser or channel of the first event that has it."""
        return next((value for event in self.events if (value := getattr(event, name))), NONE)

    def problems(self) -> Iterator[tuple[Kind, str]]:
        """Yield what is wrong, in words."""
        if not self.events and not self.is_pending:
            yield "missing", "neither the browser nor the server reported it"
        if self.browser > 1 or self.server > 1:
            yield "doubled", f"{self.browser} events of the browser, {self.server} of the server"
        if self.wrong:
            real, event = self.real, self.wrong[0]
            tracked = (
                "no total" if event.total is None else f"{_cents(event.total)} {event.currency or '(no currency)'}"
            )
            yield "different", f"{real.total} {real.currency} in the shop, {tracked} from the {event.side}"


def _cents(amount: Decimal) -> Decimal:
    """Return the amount with two digits after the point, or with all if there are more."""
    rounded = round(amount, 2)
    return rounded if rounded == amount else amount.normalize()


def check_orders(url: str, warehouse: Cursor, now: datetime, days: DayRange) -> OrdersCheck:
    """Compare the shop's orders and refunds of these days with the warehouse."""
    first, end = days.bounds(now)
    rows = warehouse.fetch(read_sql("clickstream.shop", "tracked.sql"), {"start": first - EARLY}).rows
    events = [TrackedEvent(*row) for kind, *row in rows if kind == "order"]
    refund_events = [TrackedEvent(*row) for kind, *row in rows if kind == "refund"]
    with open_shop(url, DOING, read_only=True) as shop:
        orders = [RealOrder(*row) for row in shop.execute(_ORDERS, [first, end]).fetchall()]
        refunds = [RealOrder(*row) for row in shop.execute(_REFUNDS, [first, end]).fetchall()]
        strangers = {event.key for event in events} - {order.key for order in orders}
        known = {number for (number,) in shop.execute(_KNOWN, [list(strangers)]).fetchall()}
    judged, judged_refunds = _judge(orders, events, now), _judge(refunds, refund_events, now)
    problems = sorted([*_problems(judged), *_problems(judged_refunds)], key=lambda each: each.at, reverse=True)
    by_day = _groups(judged, lambda each: each.real.at.astimezone(days.zone).date().isoformat())
    return OrdersCheck(
        totals=_count(judged),
        refunds=_count_refunds(judged_refunds),
        days=sorted(by_day, key=lambda group: group.name, reverse=True),
        browsers=_by_size(_groups(judged, lambda each: each.first("browser"))),
        channels=_by_size(_groups(judged, lambda each: each.first("channel"))),
        problems=problems[:MAX_PROBLEMS],
        problem_count=len(problems),
        unknown=sorted(strangers - known)[:MAX_PROBLEMS],
    )


def _judge(real: Iterable[RealOrder], events: Iterable[TrackedEvent], now: datetime) -> list[_Judged]:
    by_key: dict[str, list[TrackedEvent]] = defaultdict(list)
    for event in events:
        by_key[event.key].append(event)
    return [_Judged(each, by_key.get(each.key, []), now) for each in real]


def _count(judged: Sequence[_Judged]) -> OrderCounts:
    counts = OrderCounts(orders=len(judged))
    for each in judged:
        counts.pending += each.is_pending
        counts.browser += each.browser > 0
        counts.server += each.server > 0
        counts.both += each.browser > 0 and each.server > 0
        for kind, _ in each.problems():
            setattr(counts, kind, getattr(counts, kind) + 1)
    if complete := counts.orders - counts.pending:
        counts.rate = (counts.browser + counts.server - counts.both) / complete
        counts.browser_rate = counts.browser / complete
    return counts


def _count_refunds(judged: Sequence[_Judged]) -> RefundCounts:
    counts = RefundCounts(refunds=len(judged))
    for each in judged:
        counts.pending += each.is_pending
        counts.captured += bool(each.events)
        for kind, _ in each.problems():
            setattr(counts, kind, getattr(counts, kind) + 1)
    return counts


def _problems(judged: Iterable[_Judged]) -> Iterator[OrderProblem]:
    for each in judged:
        real = each.real
        refund = "" if real.key == real.number else real.key
        for kind, details in each.problems():
            yield OrderProblem(kind, real.number, refund, real.at, details)


def _groups(judged: Iterable[_Judged], name_of: Callable[[_Judged], str]) -> list[OrderGroup]:
    groups: dict[str, list[_Judged]] = defaultdict(list)
    for each in judged:
        groups[name_of(each)].append(each)
    return [OrderGroup(name, _count(members)) for name, members in groups.items()]


def _by_size(groups: list[OrderGroup]) -> list[OrderGroup]:
    return sorted(groups, key=lambda group: (-group.counts.orders, group.name))
