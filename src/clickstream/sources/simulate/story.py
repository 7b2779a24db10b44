"""The types of the story: what happens in the simulated shop, before it is sent and counted.

A Visit is one stay of one person; its Sessions contain StoryEvents in order of time. What the load derives is given
here (the session of an event, whether it is a page view, its channel), because the story is made that way. Nothing is
derived from other events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

SHOP = "https://shop.example"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. as_of: every event happens before it (microseconds since 1970).

    currency: the currency of prices that name none (CLICKSTREAM_CURRENCY).
    """

    seed: str
    visitors: int
    days: int
    first: date
    tz: ZoneInfo
    as_of: int
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    name: str
    new_name: str
    category: str
    brand: str
    price: Decimal

    @property
    def path(self) -> str:
        return f"/p/{self.id}"


@dataclass(frozen=True, slots=True)
class Landing:
    """How a session came to the shop, and the channel that results (docs/guide/simulate.md)."""

    channel: str
    query: str = ""
    referrer: str | None = None
    campaign: str | None = None


DIRECT = Landing("direct")


@dataclass(frozen=True, slots=True)
class Device:
    """A browser. client None: its tracker sends session ids only. form, id_form: how it writes times and event ids.

    precision: microseconds between two ticks of its clock. skew_s: the error of its clock. batch: events a request.
    """

    client: str | None
    user_agent: str
    type: str
    country: str | None
    precision: int = 1_000
    skew_s: int = 0
    form: str = "iso"
    id_form: str = "uuid"
    has_session_ids: bool = True
    has_sent_at: bool = True
    sends_first_visit: bool = True
    was_known: bool = False
    batch: int = 15

    @property
    def is_skewed(self) -> bool:
        """Whether the load corrects its clock (an error of more than 5 s)."""
        return abs(self.skew_s) > 5


@dataclass(frozen=True, slots=True)
class Item:
    product: Product
    quantity: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a report says about an order besides its total; None = it does not say."""

    discount: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    coupon: str | None = None
    payment_method: str | None = None


@dataclass(slots=True)
class Order:
    """An order as browser and server report it. A total of None is missing or unreadable."""

    id: str
    currency: str | None
    items: list[Item]
    browser_total: Decimal | None
    server_total: Decimal | None
    browser_terms: Terms = Terms()
    server_terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Refund:
    """An amount given back. amount, currency, refund_id: None = the event does not say. items: those given back.

    Events with the same order and refund id report one refund.
    """

    order_id: str
    amount: Decimal | None
    currency: str | None
    refund_id: str | None = None
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """A search in the shop. term: as it is counted, in lower case; None = not sent. results: None = not known."""

    term: str | None
    results: int | None


@dataclass(slots=True)
class StoryEvent:
    """One event. at: when it really happened (microseconds since 1970), whatever the device's clock shows."""

    name: str
    at: int
    path: str | None = None
    product: Product | None = None
    order: Order | None = None
    refund: Refund | None = None
    search: Search | None = None
    user: str | None = None
    query: str = ""
    referrer: str | None = None
    login_state: str | None = None
    is_page_view: bool = False
    is_first_visit: bool | None = None
    by_server: bool = False


@dataclass(slots=True)
class Session:
    """Events without a silence of more than 30 minutes. sent_id: the session id that is sent; sessions may share one.

    is_loose: not a session, but events without client id and session id. bot: the kind of bot, or empty.
    """

    device: Device
    sent_id: str | None
    landing: Landing
    is_loose: bool = False
    bot: str = ""
    events: list[StoryEvent] = field(default_factory=list)

    @property
    def client(self) -> str | None:
        return None if self.is_loose else self.device.client

    @property
    def start(self) -> int:
        return self.events[0].at

    @property
    def country(self) -> str | None:
        return None if self.is_loose else self.device.country


@dataclass(slots=True)
class Visit:
    """One stay: its sessions (several after long silences), and the loose events of the shop's server."""

    household: int
    sessions: list[Session]

    def events(self) -> Iterator[tuple[Session, StoryEvent]]:
        for session in self.sessions:
            for event in session.events:
                yield session, event

    def cut(self, as_of: int) -> Visit:
        """Return the visit without the events at or after `as_of`."""
        for session in self.sessions:
            session.events = [event for event in session.events if event.at < as_of]
        return Visit(self.household, [session for session in self.sessions if session.events])
