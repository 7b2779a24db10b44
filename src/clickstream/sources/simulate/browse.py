"""Makes one visit: the events of one person on one device, from landing to leaving, each with its meaning.

In: a random generator (`chance`), a device, a person, a time. Out: a Visit. Guarantees: time only moves forward;
silences within a session last at most 30 minutes, silences between two sessions of a device longer; a page is open
for at least six seconds, so that two events less than 5 s apart belong to one page view only where this file says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from clickstream.sources.simulate.calendar import MINUTE, SECOND
from clickstream.sources.simulate.people import SERVER_AGENT, uuid_text
from clickstream.sources.simulate.sales import make_order, make_refunds
from clickstream.sources.simulate.shop import LANDING_WEIGHTS, LANDINGS, PRODUCT_WEIGHTS, PRODUCTS, make_search
from clickstream.sources.simulate.story import (
    DIRECT,
    SHOP,
    Device,
    Landing,
    Order,
    Product,
    Session,
    StoryEvent,
    Visit,
)

GAP = 30 * MINUTE
SERVER = Device(None, SERVER_AGENT, "server", None, has_session_ids=False)


@dataclass(slots=True)
class Person:
    """The person at the device. user: the account, if any. is_logged_in: still, from the last visit on this device.

    state: the login state that the tracker sends without a login.
    """

    user: str | None
    is_logged_in: bool
    is_first_visit: bool | None
    state: str | None = "anonymous"


@dataclass(slots=True)
class Browsing:
    """A visit that is being made. at: the time of the last event. shown_order: the order that the browser reported.

    chance decides how the visit goes, `extra` what is searched for, how an order is paid, and what is given back.
    """

    chance: Random
    extra: Random
    household: int
    device: Device
    person: Person
    at: int
    sessions: list[Session] = field(default_factory=list)
    loose: list[Session] = field(default_factory=list)
    cart: list[Product] = field(default_factory=list)
    shown_order: Order | None = None
    referrer: str | None = None

    def visit(self, again: Order | None = None) -> Visit:
        """Return the visit. again: an order of an earlier visit; the visit only opens its page again."""
        chance = self.chance
        landing = chance.choices(LANDINGS, cum_weights=LANDING_WEIGHTS)[0] if again is None else DIRECT
        self._open_session(landing)
        if again is not None:
            self._put("checkout_complete", "/order/confirmed").order = again
            return Visit(self.household, self.sessions)
        if chance.random() < 0.03:
            self._put("click")  # a click without a page URL, which does not decide the channel
            self.at += 6 * SECOND
        self.referrer = landing.referrer
        self._land(landing)
        if not self.person.is_logged_in and self.person.user is not None and chance.random() < 0.2:
            self._wait()
            self._log_in_or_out()
        steps = 0 if chance.random() < 0.25 else 1 + int(chance.expovariate(1 / 4))
        for _ in range(min(steps, 40)):
            self._wait()
            self._step()
        if self.cart and chance.random() < 0.7:
            self._check_out()
        return Visit(self.household, [*self.sessions, *self.loose])

    # -- time and sessions

    def _open_session(self, landing: Landing) -> None:
        device, chance = self.device, self.chance
        sent_id = f"s-{uuid_text(chance)}" if device.has_session_ids or device.client is None else None
        self.sessions.append(Session(device, sent_id, landing))

    def _wait(self, longest_s: int = 240) -> None:
        """Let time pass before the next page: rarely exactly 30 minutes, or longer, which begins a new session."""
        kind = self.chance.random()
        if kind < 0.006:
            self.at += GAP
        elif kind < 0.014:
            self._stay_idle(GAP + self.device.precision)
        elif kind < 0.02:
            self._stay_idle(GAP + self.chance.randrange(MINUTE, 120 * MINUTE, self.device.precision))
        else:
            self.at += self._ticks(6 * SECOND, longest_s * SECOND)

    def _stay_idle(self, silence: int) -> None:
        """Let more than 30 minutes pass: a new session begins, though the tracker may keep its session id."""
        self.at += silence
        before = self.sessions[-1]
        if self.chance.random() < 0.3:
            self._open_session(DIRECT)
        else:
            self.sessions.append(Session(self.device, before.sent_id, DIRECT))

    def _ticks(self, shortest: int, longest: int) -> int:
        """Return a duration in ticks of the device's clock; short durations are more frequent."""
        share = self.chance.random()
        return (shortest + int((longest - shortest) * share * share)) // self.device.precision * self.device.precision

    # -- pages

    def _put(
        self, name: str, path: str | None = None, product: Product | None = None, view: bool = False
    ) -> StoryEvent:
        person = self.person
        event = StoryEvent(name, self.at, path, product, is_page_view=view, is_first_visit=person.is_first_visit)
        event.user = person.user if person.is_logged_in else None
        event.login_state = "logged_in" if person.is_logged_in else person.state
        if path is not None:
            event.referrer, self.referrer = self.referrer, SHOP + path
        self.sessions[-1].events.append(event)
        return event

    def _land(self, landing: Landing) -> None:
        kind = self.chance.random()
        before = len(self.sessions[-1].events)
        if kind < 0.35:
            self._put("page_view", "/", view=True)
            if self.chance.random() < 0.3:
                self._put("home_view", "/")
        elif kind < 0.5:
            self._category()
        elif kind < 0.95:
            self._product_page()
        else:
            self._put("home_view", "/", view=True)
        for event in self.sessions[-1].events[before:]:
            event.query = landing.query

    def _step(self) -> None:
        kind = self.chance.random()
        if kind < 0.5:
            self._product_page()
        elif kind < 0.68:
            self._category()
        elif kind < 0.76:
            self._put("search", "/search").search = make_search(self.extra)
        elif kind < 0.8:
            has_landed = any(event.path for event in self.sessions[-1].events)
            home = self._put("page_view", "/", view=True)
            if has_landed:  # a later campaign does not change the session's channel
                home.query = self.chance.choice(("", "utm_source=popup&utm_medium=banner"))
        elif kind < 0.88:
            self._put("click", "/")
        elif kind < 0.93:
            self._log_in_or_out()
        else:
            self._put("scroll_depth")

    def _category(self) -> None:
        product = self._any_product()
        path = f"/c/{product.category.partition(' ')[0].lower()}"
        if self.chance.random() < 0.6:
            self._put("page_view", path, view=True)
            self._put("category_view", path)
        else:
            self._put("category_view", path, view=True)

    def _any_product(self) -> Product:
        return self.chance.choices(PRODUCTS, cum_weights=PRODUCT_WEIGHTS)[0]

    def _product_page(self) -> None:
        """Open a product page: `page_view`, `product_view`, or both, which count as one page view within 5 s."""
        chance, product = self.chance, self._any_product()
        kind, path = chance.random(), product.path
        if kind < 0.3:
            self._put("product_view", path, product, view=True)
        elif kind < 0.36:
            self._put("page_view", path, product, view=True)
        else:
            self._put("page_view", path, view=True)
            apart = self._distance(kind)
            self.at += apart
            self._put("product_view", path, product, view=apart >= 5 * SECOND)
        if chance.random() < 0.22:
            self.at += self._ticks(6 * SECOND, 90 * SECOND)
            self._put("add_to_cart_click", path, product)
            self.cart.append(product)
        elif chance.random() < 0.06:
            self.at += self._ticks(2 * SECOND, 60 * SECOND)
            self._put(chance.choice(("wishlist_toggle", "share_click")), path, product)

    def _distance(self, kind: float) -> int:
        """Return the time between `page_view` and `product_view` of one page."""
        if kind < 0.7:
            return 0
        if kind < 0.74:
            return 5 * SECOND
        if kind < 0.78:
            return 5 * SECOND - self.device.precision
        return self._ticks(0, 4 * SECOND)

    def _log_in_or_out(self) -> None:
        person = self.person
        if person.is_logged_in:
            self._put("logout")
            person.is_logged_in = False
        elif person.user is not None:
            person.is_logged_in = True
            self._put("login_success", "/login")
        else:
            self._put("login_open", "/login")

    # -- cart and order

    def _check_out(self) -> None:
        chance = self.chance
        self._wait()
        self._put("page_view", "/cart", view=True)
        if chance.random() < 0.15:
            self.at += self._ticks(SECOND, 20 * SECOND)
            self._put("remove_from_cart_click", "/cart", self.cart.pop())
        if not self.cart or chance.random() < 0.3:
            return
        self._wait()
        self._put("checkout_start", "/checkout")
        if self.person.user is not None and not self.person.is_logged_in and chance.random() < 0.6:
            self.at += self._ticks(6 * SECOND, 60 * SECOND)
            self._log_in_or_out()
        if chance.random() < 0.6:
            self.at += self._ticks(20 * SECOND, 300 * SECOND)
            self._buy()

    def _buy(self) -> None:
        """Place an order: the browser reports it, the shop's server, or both, in either order."""
        chance = self.chance
        order = make_order(chance, self.extra, self.cart)
        placed_at = self.at
        kind = chance.random()
        has_browser, has_server = kind >= 0.12, kind < 0.12 or kind >= 0.25
        is_server_first = chance.random() < 0.3
        if has_server and is_server_first:
            self._report_by_server(order)
        if has_browser:
            self.shown_order = order
            self.at += self._ticks(SECOND, 5 * SECOND)
            self._put("checkout_complete", "/order/confirmed").order = order
        if has_server and not is_server_first:
            self._report_by_server(order)
        if has_browser and chance.random() < 0.1:
            self.at += self._ticks(10 * SECOND, 300 * SECOND)
            self._put("checkout_complete", "/order/confirmed").order = order  # the customer reloads the page
        for refund in make_refunds(self.extra, order, placed_at, self.person.user):
            self.loose.append(Session(SERVER, None, DIRECT, is_loose=True, events=[refund]))

    def _report_by_server(self, order: Order) -> None:
        """Report the order by the shop's server, which knows the browser's ids, the account or neither, maybe late."""
        chance, person = self.chance, self.person
        known = chance.random()
        if known < 0.4 and not self.device.is_skewed:
            self.at += self._ticks(SECOND, 4 * SECOND)
            event = self._put("order_confirmed")
            event.order, event.by_server, event.login_state = order, True, None
            return
        later = chance.randrange(90 * MINUTE, 600 * MINUTE) if chance.random() < 0.1 else chance.randrange(3 * SECOND)
        event = StoryEvent("order_confirmed", self.at + 1 + later, order=order, by_server=True)
        event.user = person.user if person.user is not None and known < 0.7 else None
        self.loose.append(Session(SERVER, None, DIRECT, is_loose=True, events=[event]))
