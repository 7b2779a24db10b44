"""The true figures of a simulation, so that a user can compare the platform's answers with them (`--truth FILE`).

In: the visits of the story as they pass. Out: events, page views, visitors, sessions, orders, revenue, refunds and
searches, in total and for each local day, as one JSON document (docs/guide/simulate.md). Guarantee: the figures are
counted from the story and never from stored events, and no code of the load or of a metric takes part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from clickstream.sources.simulate.calendar import Calendar, instant
from clickstream.sources.simulate.disorder import Tally
from clickstream.sources.simulate.send import SendStats
from clickstream.sources.simulate.story import Order, Plan, Refund, Search, Session, Visit

Pair = tuple[str | None, str | None]  # client, user
_NOTHING = Decimal("0.0000")


@dataclass(slots=True)
class _Day:
    """What happened on one local day. pairs: who was there, before logins say which of them are one visitor."""

    events: int = 0
    page_views: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    pairs: set[Pair] = field(default_factory=set)
    searches: Counter[str] = field(default_factory=Counter)
    no_result_searches: Counter[str] = field(default_factory=Counter)

    def add_search(self, search: Search) -> None:
        if search.term is not None:
            self.searches[search.term] += 1
            self.no_result_searches[search.term] += search.results == 0


@dataclass(slots=True)
class _Sale:
    """An order. at: when the browser reported it, else when the server did."""

    order: Order
    at: int
    has_browser: bool
    has_server: bool

    @property
    def total(self) -> Decimal | None:
        """The server's total, else the browser's."""
        if self.has_server and self.order.server_total is not None:
            return self.order.server_total
        return self.order.browser_total if self.has_browser else None

    def text(self, name: str) -> str:
        """The coupon or payment method: the server's, else the browser's."""
        reports = [self.order.server_terms] * self.has_server + [self.order.browser_terms] * self.has_browser
        return next((value for terms in reports if (value := getattr(terms, name)) is not None), "(none)")


class Truth:
    """Counts the story while it is sent. Memory grows with days, visitors and orders, not with events."""

    def __init__(self, plan: Plan, calendar: Calendar) -> None:
        self._plan, self._calendar = plan, calendar
        self._days: defaultdict[int, _Day] = defaultdict(_Day)
        self._sales: dict[str, _Sale] = {}
        self._refunds: list[tuple[int, Refund]] = []
        self._first_users: dict[str, tuple[int, str]] = {}

    def add(self, visit: Visit) -> None:
        for session in visit.sessions:
            self._add_events(session)
            if not session.is_loose:
                self._days[self._calendar.number(session.start)].channels[session.landing.channel] += 1
        for name in ("checkout_complete", "order_confirmed"):  # where both report an order, the browser dates it
            for _, event in visit.events():
                if event.order is not None and event.name == name:
                    self._add_order(event.order, event.at, event.by_server)
        self._refunds += _refunds(visit)

    def document(self, tally: Tally, stats: SendStats) -> dict[str, Any]:
        """Return the document of `--truth` as plain JSON values. Money is decimal text."""
        plan, days = self._plan, range(self._plan.days)
        first, end = self._calendar.day(0).isoformat(), self._calendar.day(plan.days).isoformat()
        as_of = instant(plan.as_of).isoformat()
        document = {
            "simulated": {
                "seed": plan.seed,
                "visitors": plan.visitors,
                "days": plan.days,
                "from": first,
                "tz": plan.tz.key,
                "currency": plan.currency,
                "as_of": as_of,
            },
            "sent": sent(tally, stats),
            "range": {"from": first, "to": end, "tz": plan.tz.key, "as_of": as_of},
            "total": self._figures(days),
            "days": [{"day": self._calendar.day(number), **self._figures([number])} for number in days],
            "uncertain": _uncertain(tally, stats),
        }
        plain: dict[str, Any] = msgspec.to_builtins(document)
        return plain

    def _add_events(self, session: Session) -> None:
        for event in session.events:
            day = self._days[self._calendar.number(event.at)]
            day.events += 1
            day.page_views += event.is_page_view
            if event.search is not None:
                day.add_search(event.search)
            if event.refund is not None:  # it makes no visitor
                continue
            day.pairs.add((session.client, event.user))
            if session.client is not None and event.user is not None:
                login = (event.at, event.user)
                self._first_users[session.client] = min(login, self._first_users.get(session.client, login))

    def _add_order(self, order: Order, at: int, by_server: bool) -> None:
        sale = self._sales.setdefault(order.id, _Sale(order, at, not by_server, by_server))
        sale.has_browser |= not by_server
        sale.has_server |= by_server

    def _figures(self, numbers: Iterable[int]) -> dict[str, Any]:
        days = {number: self._days[number] for number in numbers}
        channels = sum((day.channels for day in days.values()), Counter[str]())
        sales = [sale for sale in self._sales.values() if self._calendar.number(sale.at) in days]
        refunds = [refund for at, refund in self._refunds if self._calendar.number(at) in days]
        revenue, given_back = self._revenue(sales), self._given_back(refunds)
        net = {name: revenue.get(name, _NOTHING) - given_back.get(name, _NOTHING) for name in {*revenue, *given_back}}
        visitors = {self._visitor(pair) for day in days.values() for pair in day.pairs} - {None}
        return {
            "events": sum(day.events for day in days.values()),
            "page_views": sum(day.page_views for day in days.values()),
            "visitors": len(visitors),
            "sessions": sum(channels.values()),
            "orders": len(sales),
            "revenue": revenue,
            "refunds": given_back,
            "net_revenue": dict(sorted(net.items())),
            "revenue_by_coupon": self._revenue_by(sales, "coupon"),
            "revenue_by_payment_method": self._revenue_by(sales, "payment_method"),
            "sessions_by_channel": dict(sorted(channels.items())),
            "search_terms": _search_terms(days.values()),
        }

    def _revenue(self, sales: Iterable[_Sale]) -> dict[str, Decimal]:
        """Return the totals by currency; a currency whose orders have none is 0."""
        revenue: defaultdict[str, Decimal] = defaultdict(lambda: _NOTHING)
        for sale in sales:
            revenue[sale.order.currency or self._plan.currency] += sale.total or 0
        return dict(sorted(revenue.items()))

    def _revenue_by(self, sales: Iterable[_Sale], name: str) -> dict[str, dict[str, Decimal]]:
        """Return the totals by coupon or payment method, and by currency."""
        groups: defaultdict[str, list[_Sale]] = defaultdict(list)
        for sale in sales:
            if sale.total is not None:
                groups[sale.text(name)].append(sale)
        return {value: self._revenue(groups[value]) for value in sorted(groups)}

    def _given_back(self, refunds: Iterable[Refund]) -> dict[str, Decimal]:
        """Return the amounts refunded by currency: that of the refund, else of its order."""
        amounts: defaultdict[str, Decimal] = defaultdict(lambda: _NOTHING)
        for refund in refunds:
            if refund.amount is not None:
                sale = self._sales.get(refund.order_id)
                currency = refund.currency or (sale.order.currency if sale else None) or self._plan.currency
                amounts[currency] += abs(refund.amount)
        return dict(sorted(amounts.items()))

    def _visitor(self, pair: Pair) -> str | None:
        """The user id; else the first user id that the client ever shows; else the client id."""
        client, user = pair
        if user is not None or client is None:
            return user
        return self._first_users[client][1] if client in self._first_users else client


def _refunds(visit: Visit) -> Iterator[tuple[int, Refund]]:
    """Yield the refunds of a visit, each once and with its time: that of its first event with an amount."""
    events = [(event.at, event.refund) for _, event in visit.events() if event.refund is not None]
    reported: dict[object, tuple[int, Refund]] = {}
    for number, (at, refund) in enumerate(sorted(events, key=lambda each: each[0])):
        key = (refund.order_id, refund.refund_id or number)
        if key not in reported or reported[key][1].amount is None:
            reported[key] = at, refund
    yield from reported.values()


def _search_terms(days: Iterable[_Day]) -> dict[str, dict[str, int]]:
    searches, without_result = Counter[str](), Counter[str]()
    for day in days:
        searches += day.searches
        without_result += day.no_result_searches
    return {term: {"searches": searches[term], "no_result_searches": without_result[term]} for term in sorted(searches)}


def sent(tally: Tally, stats: SendStats) -> dict[str, int]:
    """Return what was sent, what the collector should have answered, and what it did answer."""
    return {
        "requests": stats.posts,
        "accepted": stats.accepted,
        "rejected": stats.rejected,
        "expected_accepted": tally.accepted,
        "expected_rejected": tally.rejected,
        "story": tally.story,
        "copies": tally.copies,
        "undated": tally.undated,
        "late_requests": tally.late_posts,
        "repeated_requests": tally.repeated_posts,
        "slow_requests": stats.slow,
    }


def _uncertain(tally: Tally, stats: SendStats) -> list[dict[str, Any]]:
    """Events whose stored time differs from the story's, and whether a figure depends on it."""
    found: list[dict[str, Any]] = [
        {
            "events": tally.corrected,
            "event_timestamp_source": "corrected",
            "reason": "the device's clock is wrong; its correction includes the duration of the request",
            "error_s": [0.0, round(stats.slowest_s + 0.002, 3)],
            "figures": "exact: these events keep their distances and lie away from midnight",
        },
        {
            "events": tally.undated,
            "event_timestamp_source": "received",
            "reason": "the event has no usable createdAt",
            "error_s": None,
            "figures": "exact: these events are received after as_of, and no figure counts them",
        },
    ]
    if stats.slow:
        found.append(
            {
                "requests": stats.slow,
                "reason": "the request took 5 s or more, so that the collector corrected a clock that was right",
                "error_s": [0.0, round(stats.slowest_s, 3)],
                "figures": "may differ near midnight and where a silence lasts exactly 30 minutes",
            }
        )
    return found
