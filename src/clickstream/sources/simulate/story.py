"""What happens in the simulated shop, in the generator's own words: the story that is sent, and counted.

A Visit is one stay of one person: its Sessions hold StoryEvents in order of time. Whatever a metric will be asked is
a plain fact here (which session an event belongs to, whether it is a page view, which channel brought it), because
the story was written that way, not because somebody worked it out of the events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

KEY_EVENTS = frozenset(
    {"add_to_cart_click", "wishlist_toggle", "share_click", "login_success", "checkout_start", "checkout_complete"}
)
SHOP = "https://shop.example"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. as_of: nothing of the story happens at or after it (microseconds since 1970).

    currency: what the platform takes a price without currency to be in (CLICKSTREAM_CURRENCY).
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
    """How a session came to the shop, and the channel that this is (docs/guide/simulate.md)."""

    channel: str
    query: str = ""
    referrer: str | None = None
    campaign: str | None = None


DIRECT = Landing("direct")


@dataclass(frozen=True, slots=True)
class Device:
    """A browser with its habits. client None: its tracker sends session ids only.

    precision: its clock ticks in so many microseconds. skew_s: how far its clock is off. form: how it writes times.
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
    tells_first_visit: bool = True
    was_known: bool = False
    batch: int = 15

    @property
    def is_skewed(self) -> bool:
        """Its clock is so far off that it is corrected (more than 5 s)."""
        return abs(self.skew_s) > 5


@dataclass(frozen=True, slots=True)
class Item:
    product: Product
    quantity: int


@dataclass(slots=True)
class Order:
    """An order as both sides tell it. None as total: this side's total is absent or unreadable."""

    id: str
    currency: str | None
    items: list[Item]
    browser_total: Decimal | None
    server_total: Decimal | None


@dataclass(slots=True)
class StoryEvent:
    """One thing that happened. at: microseconds since 1970, the truth whatever the device's clock says."""

    name: str
    at: int
    path: str | None = None
    product: Product | None = None
    order: Order | None = None
    user: str | None = None
    query: str = ""
    referrer: str | None = None
    login_state: str | None = None
    is_page_view: bool = False
    is_first_visit: bool | None = None
    by_server: bool = False


@dataclass(slots=True)
class Session:
    """Events without a silence of more than 30 minutes. sent_id: the session id on the wire, not always its own.

    is_loose: no session at all, events that carry neither client nor session id. bot: what kind, or empty.
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
    def duration(self) -> int:
        return self.events[-1].at - self.events[0].at

    @property
    def user(self) -> str | None:
        """The first user that the session shows."""
        return next((event.user for event in self.events if event.user), None)

    @property
    def country(self) -> str | None:
        return None if self.is_loose else self.device.country

    def emptied(self) -> Session:
        """The same session without its events: what is remembered of it."""
        return replace(self, events=[])


@dataclass(slots=True)
class Visit:
    """One stay: several sessions when somebody sat idle, and what a server said about it meanwhile."""

    household: int
    sessions: list[Session]

    def events(self) -> Iterator[tuple[Session, StoryEvent]]:
        for session in self.sessions:
            for event in session.events:
                yield session, event

    def cut(self, as_of: int) -> Visit:
        """The same visit without what happens at or after `as_of`."""
        for session in self.sessions:
            session.events = [event for event in session.events if event.at < as_of]
        return Visit(self.household, [session for session in self.sessions if session.events])
