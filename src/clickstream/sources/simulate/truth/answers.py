"""Which questions are answered: the list of them, each with its true rows.

In: the plan and visits as they pass. Out: `answers()`: name, metric, parameters as `clickstream metric` takes them,
rows. All are asked as of the plan's `as_of`: what is dated by its receipt comes after it and is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clickstream.sources.simulate.calendar import Calendar, instant
from clickstream.sources.simulate.story import Plan, Session, Visit
from clickstream.sources.simulate.truth.login_state import LoginState
from clickstream.sources.simulate.truth.orders import revenue_rows
from clickstream.sources.simulate.truth.overview import compared, overview
from clickstream.sources.simulate.truth.products import Products
from clickstream.sources.simulate.truth.sessions_by import SessionsBy
from clickstream.sources.simulate.truth.time_series import Span, by_days, events_by_hour, sessions_by_country
from clickstream.sources.simulate.truth.world import Record, World
from clickstream.sources.simulate.wire import Wire

Row = dict[str, Any]
_RANKED = {"compare": "none", "limit": "10000"}
# Parts of the world: which sessions count (one without client and session id is asked too), and the filter for them.
_PARTS: dict[str, tuple[Callable[[Session], bool], dict[str, str]]] = {
    "people": (lambda session: not session.bot, {"humans": "true"}),
    "germany": (lambda session: session.country == "DE", {"country": "DE"}),
    "all_but_direct": (lambda session: session.is_loose or session.landing.channel != "direct", {"channel": "!direct"}),
}


@dataclass(frozen=True, slots=True)
class TrueAnswer:
    """rows: in the order of the metric for `time_series`, by their value for rankings."""

    name: str
    metric: str
    parameters: Mapping[str, str]
    rows: list[Row]


class Answers:
    """Listens to the story; at its end knows the answers."""

    def __init__(self, plan: Plan, calendar: Calendar, wire: Wire) -> None:
        start, end = calendar.start(0), calendar.start(plan.days)
        self._plan, self._calendar = plan, calendar
        self.record = Record(plan.currency)
        self._world = World(calendar, self.record)
        self._parts = {name: World(calendar, self.record, counts) for name, (counts, _) in _PARTS.items()}
        self._day = self._middle_day()
        day = calendar.start(self._day), calendar.start(self._day + 1)
        self._products = [Products(by, start, end, wire.name_of) for by in ("product", "category", "brand")]
        self._day_products = Products("product", *day, wire.name_of)
        self._devices, self._acquired = SessionsBy("country", start, end), SessionsBy("channel", start, end)
        self._states = LoginState(start, end)
        self._campaigns, self._types = SessionsBy("campaign", start, end), SessionsBy("device_type", start, end)

    def take(self, visit: Visit) -> None:
        placed = self.record.take(visit)
        for world in (self._world, *self._parts.values()):
            world.take(visit, placed)
        for ranking in (*self._products, self._day_products):
            ranking.take(visit, placed)
        self._states.take(visit, placed)
        for groups in (self._devices, self._acquired, self._campaigns):
            groups.take(visit, placed)
        if not any(session.bot for session in visit.sessions):
            self._types.take(visit, placed)

    def answers(self) -> list[TrueAnswer]:
        """Every question with its true rows."""
        return [*self._overviews(), *self._series(), *self._rankings()]

    def _overviews(self) -> list[TrueAnswer]:
        day, days = self._day, self._plan.days
        one = overview(self._world, day, day + 1)
        before = overview(self._world, day - 1, day, one["currency"])
        none = {"compare": "none"}
        parts = [
            self._answer(f"overview_of_{name}", "overview", {**none, **_PARTS[name][1]}, [overview(world, 0, days)])
            for name, world in self._parts.items()
        ]
        return [
            *parts,
            self._answer("overview", "overview", none, [overview(self._world, 0, days)]),
            self._answer("overview_of_a_day", "overview", {}, [compared(one, before)], (day, day + 1)),
        ]

    def _series(self) -> list[TrueAnswer]:
        span = Span(self._world, 0, self._plan.days, self._plan.as_of)
        two = self._two_days()
        answers = [
            self._answer(
                f"{metric}_by_{unit}", "time_series", {"metric": metric, "by": unit}, by_days(span, metric, unit)
            )
            for metric, unit in (
                ("sessions", "day"),
                ("visitors", "day"),
                ("new_visitors", "day"),
                ("bounce_rate", "day"),
                ("page_views", "week"),
                ("visitors", "week"),
                ("orders", "day"),
                ("revenue", "week"),
            )
        ]
        hours = events_by_hour(Span(self._world, *two, self._plan.as_of))
        split = {"metric": "sessions", "by": "day", "split": "country"}
        return [
            *answers,
            self._answer("events_by_hour", "time_series", {"metric": "events", "by": "hour"}, hours, two),
            self._answer("sessions_by_day_and_country", "time_series", split, sessions_by_country(span)),
        ]

    def _rankings(self) -> list[TrueAnswer]:
        book, identity = self.record.orders, self.record.identity
        orders = self._world.orders(0, self._plan.days)
        answers = [
            self._answer(f"products_by_{one.by}", "products", {**_RANKED, "by": one.by}, one.rows(book))
            for one in self._products
        ]
        day = self._day, self._day + 1
        day_rows = self._day_products.rows(book)
        types = self._types.rows(identity, self._parts["people"].orders(0, self._plan.days))
        for_people = {**_RANKED, "by": "device_type", "humans": "true"}
        return [
            *answers,
            self._answer("products_of_a_day", "products", {**_RANKED, "by": "product"}, day_rows, day),
            self._answer("revenue", "revenue", _RANKED, revenue_rows(orders)),
            self._answer("login_state", "login_state", {"compare": "none"}, self._states.rows(identity)),
            self._by("devices_by_country", "devices", self._devices),
            self._answer("devices_of_people", "devices", for_people, types),
            self._by("acquisition_by_channel", "acquisition", self._acquired),
            self._by("acquisition_by_campaign", "acquisition", self._campaigns),
        ]

    def _by(self, name: str, metric: str, groups: SessionsBy) -> TrueAnswer:
        orders = self._world.orders(0, self._plan.days)
        parameters = {**_RANKED, "by": groups.dimension}
        return self._answer(name, metric, parameters, groups.rows(self.record.identity, orders))

    def _answer(
        self,
        name: str,
        metric: str,
        parameters: Mapping[str, str],
        rows: list[Row],
        days: tuple[int, int] | None = None,
    ) -> TrueAnswer:
        first, last = days or (0, self._plan.days)
        asked = {
            "from": self._calendar.day(first).isoformat(),
            "to": self._calendar.day(last).isoformat(),
            "tz": self._plan.tz.key,
            "as_of": instant(self._plan.as_of).isoformat(),
        }
        return TrueAnswer(name, metric, {**asked, **parameters}, rows)

    def _middle_day(self) -> int:
        """A day in the middle that is over, so that it is compared with a whole day."""
        over = [day for day in range(self._plan.days) if self._calendar.start(day + 1) <= self._plan.as_of]
        return over[len(over) // 2] if over else 0

    def _two_days(self) -> tuple[int, int]:
        """Two days around the first change of the zone's clock, else the first two."""
        changes = self._calendar.changes()
        day = self._calendar.number(changes[0]) if changes else 0
        return max(0, day - 1), max(min(2, self._plan.days), day + 1)
