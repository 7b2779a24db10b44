"""`devices` and `acquisition` as they truly are: sessions by something that their beginning shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clickstream.sources.simulate.story import Session, Visit
from clickstream.sources.simulate.truth.identity import NOBODY, Identity, Pair
from clickstream.sources.simulate.truth.orders import OrderRecord, main_currency, sums
from clickstream.sources.simulate.truth.sums import Sums, ratio

Row = dict[str, Any]
DIMENSIONS: dict[str, Callable[[Session], str | None]] = {
    "country": lambda session: session.country,
    "device_type": lambda session: session.device.type,
    "channel": lambda session: session.landing.channel,
    "campaign": lambda session: session.landing.campaign,
}


@dataclass(slots=True)
class _Group:
    sums: Sums = field(default_factory=Sums)
    pairs: set[Pair] = field(default_factory=set)
    orders: list[OrderRecord] = field(default_factory=list)


@dataclass
class SessionsBy:
    """Sessions that start in `[start, end)`, by one dimension."""

    dimension: str
    start: int
    end: int
    groups: defaultdict[str, _Group] = field(default_factory=lambda: defaultdict(_Group))

    def take(self, visit: Visit, placed: Mapping[int, list[OrderRecord]]) -> None:
        for session in visit.sessions:
            if session.is_loose or not self.start <= session.start < self.end:
                continue
            orders = placed.get(id(session), [])
            group = self.groups[self._value(session)]
            group.sums.take(session, bool(orders))
            group.orders += orders  # also one that was placed after the range's last midnight
            if (pair := (session.client, session.user)) != NOBODY:
                group.pairs.add(pair)

    def rows(self, identity: Identity, orders: list[OrderRecord]) -> list[Row]:
        """One row a group. orders: all orders in range, which decide about the currency of money."""
        new = self._new_sessions(identity)
        currency = main_currency(orders)
        return [self._row(value, group, identity, new[value], currency) for value, group in sorted(self.groups.items())]

    def _value(self, session: Session) -> str:
        return DIMENSIONS[self.dimension](session) or "(none)"

    def _new_sessions(self, identity: Identity) -> defaultdict[str, int]:
        """First sessions of visitors who are new in range, by group."""
        found: defaultdict[str, int] = defaultdict(int)
        for visitor, (start, session) in identity.first_session.items():
            is_new = self.start <= identity.new_at.get(visitor, -1) < self.end
            if is_new and self.start <= start < self.end:
                found[self._value(session)] += 1
        return found

    def _row(self, value: str, group: _Group, identity: Identity, new: int, currency: str | None) -> Row:
        done = group.sums
        revenue, aov = sums(group.orders, currency)
        return {
            "value": value,
            "sessions": done.sessions,
            "visitors": len(identity.visitors(group.pairs)),
            "new_sessions": new,
            "engaged_sessions": done.engaged,
            "bounce_rate": ratio(done.sessions - done.engaged, done.sessions),
            "avg_session_s": done.average_s(),
            "cart_sessions": done.carts,
            "order_sessions": done.ordering,
            "conversion_rate": ratio(done.ordering, done.sessions),
            "orders": len(group.orders),
            "revenue": revenue,
            "aov": aov,
        }
