"""The story's bookkeeping: what happened on each local day, to whom.

In: visits as they pass. Out: `days` and `hours` that metrics' truths are added up from, `identity`, `orders`.
Guarantee: nothing is derived from stored events or by a metric's code; what is kept grows with the answers
(visitors, sessions' lengths, orders), not with the events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clickstream.sources.simulate.calendar import Calendar, LocalHour
from clickstream.sources.simulate.story import Session, Visit
from clickstream.sources.simulate.truth.identity import NOBODY, Identity, Pair
from clickstream.sources.simulate.truth.orders import OrderBook, OrderRecord
from clickstream.sources.simulate.truth.sums import Sums


@dataclass(slots=True)
class Day:
    """Events of a local day, and the sessions that began on it, as a whole and by country."""

    events: int = 0
    page_views: int = 0
    views: int = 0
    pairs: set[Pair] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    sums: Sums = field(default_factory=Sums)
    countries: Counter[str] = field(default_factory=Counter)


class Record:
    """What holds for every question, whatever it filters: who is who, and which orders there are."""

    def __init__(self, currency: str) -> None:
        self.identity, self.orders = Identity(), OrderBook(currency)

    def take(self, visit: Visit) -> dict[int, list[OrderRecord]]:
        """Note a visit. Out: id(session) -> the orders that were placed in it."""
        for session in visit.sessions:
            self.identity.take(session)
        return self.orders.take(visit)


def _everybody(_: Session) -> bool:
    return True


class World:
    """What happened in the sessions that `counts` lets pass; what lies in no session is asked as well."""

    def __init__(self, calendar: Calendar, record: Record, counts: Callable[[Session], bool] = _everybody) -> None:
        self.calendar, self.identity = calendar, record.identity
        self._book, self._counts = record.orders, counts
        self.days: defaultdict[int, Day] = defaultdict(Day)
        self.hours: Counter[LocalHour] = Counter()

    def take(self, visit: Visit, placed: Mapping[int, list[OrderRecord]]) -> None:
        for session in filter(self._counts, visit.sessions):
            self._take_events(session)
            if not session.is_loose:
                day = self.days[self.calendar.number(session.start)]
                day.sums.take(session, id(session) in placed)
                day.countries[session.country or "(none)"] += 1

    def orders(self, first: int, last: int) -> list[OrderRecord]:
        """The orders of the days `[first, last)`."""
        placed = self._book.between(self.calendar.start(first), self.calendar.start(last))
        return [told for told in placed if self._counts(told.session)]

    def between(self, first: int, last: int) -> list[Day]:
        """The days `[first, last)` on which something happened."""
        return [self.days[number] for number in range(first, last) if number in self.days]

    def _take_events(self, session: Session) -> None:
        number, day, until = 0, Day(), 0
        client, pairs = session.client, set[Pair]()
        for event in session.events:
            if event.at >= until:
                number = self.calendar.number(event.at)
                day, until = self.days[number], self.calendar.start(number + 1)
                pairs = day.pairs
            day.events += 1
            day.page_views += event.is_page_view
            day.views += event.name == "product_view"
            if event.product is not None:
                day.products.add(event.product.id)
            pair = (client, event.user)
            if pair != NOBODY:
                pairs.add(pair)
            self.hours[self.calendar.hour(event.at)] += 1
