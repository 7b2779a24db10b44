"""Who comes when: all visits of the world, in the order of their beginning.

In: a Plan. Out: Visits, cut at the plan's `as_of`. Guarantees: the same plan gives the same visits; visits of one
household lie more than two hours apart, so that no session runs into another one by accident; what is kept is a
few words for each household, however many days there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from clickstream.sources.simulate.bots import crawl
from clickstream.sources.simulate.browse import Browsing, Person
from clickstream.sources.simulate.calendar import HOUR, MINUTE, Calendar
from clickstream.sources.simulate.people import Household, make_household, people_count
from clickstream.sources.simulate.shop import PRODUCTS
from clickstream.sources.simulate.story import DIRECT, Order, Plan, Session, StoryEvent, Visit

APART = 150 * MINUTE
# Visits by hour of the day, from midnight on.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 9, 10, 12, 14, 15, 13, 8, 4)


@dataclass(slots=True)
class _Memory:
    """What a household's next visit depends on. logged_in: device -> who; told: an order that its browser showed."""

    visits: int = 0
    end: int = 0
    logged_in: dict[int, str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    told: tuple[int, Order] | None = None


class Timeline:
    """The visits of a plan. `begun` is the start of the last one: how far the story has come."""

    def __init__(self, plan: Plan, calendar: Calendar) -> None:
        self._plan, self._calendar = plan, calendar
        self._changes = calendar.changes()
        self.begun = calendar.start(0)

    def __iter__(self) -> Iterator[Visit]:
        plan, last = self._plan, self._calendar.start(self._plan.days)
        memories: dict[int, _Memory] = {}
        due = [(self._first(number), number) for number in range(sum(people_count(plan.visitors)))]
        heapq.heapify(due)
        while due and due[0][0] < min(last, plan.as_of):
            start, number = heapq.heappop(due)
            self.begun = start
            household = self._household(number)
            memory = memories.setdefault(number, _Memory())
            chance = self._chance(f"visit/{number}/{memory.visits}")
            visit = self._visit(chance, household, memory, start)
            memory.visits += 1
            memory.end = max(
                (session.events[-1].at for session in visit.sessions if not session.is_loose), default=start
            )
            following = self._next(chance, household, memory, start)
            if following < last:
                heapq.heappush(due, (following, number))
            visit = visit.cut(plan.as_of)
            if visit.sessions:
                yield visit

    def _household(self, number: int) -> Household:
        return make_household(self._plan.seed, number, self._plan.visitors, self._plan.days)

    def _chance(self, name: str) -> Random:
        return Random(f"{self._plan.seed}/{name}")  # noqa: S311 - chance must repeat, not be secret

    def _first(self, number: int) -> int:
        return self._moment(self._chance(f"first/{number}"), self._household(number).first_day)

    def _next(self, chance: Random, household: Household, memory: _Memory, start: int) -> int:
        day = self._calendar.number(start)
        if chance.random() > 0.15:
            day += 1 + int(chance.expovariate(household.rate))
        if day >= self._plan.days:
            return self._calendar.start(self._plan.days)
        moment = self._moment(chance, day)
        return moment if moment >= memory.end + APART else memory.end + APART + chance.randrange(HOUR)

    def _moment(self, chance: Random, day: int) -> int:
        """A time on a day: by habit, shortly before midnight, or shortly before the clocks change."""
        kind = chance.random()
        if kind < 0.04:
            return self._calendar.start(day + 1) - chance.randrange(MINUTE, 10 * MINUTE)
        if kind < 0.08 and self._changes:
            return chance.choice(self._changes) - chance.randrange(MINUTE, 10 * MINUTE)
        hour = chance.choices(range(24), _HOURS)[0]
        return self._calendar.start(day) + hour * HOUR + chance.randrange(HOUR)

    def _visit(self, chance: Random, household: Household, memory: _Memory, start: int) -> Visit:
        if household.bot:
            return crawl(chance, household, start // 1_000 * 1_000)
        place = chance.randrange(len(household.devices))
        user = chance.choice(household.users)
        told = memory.told
        again = told[1] if told and chance.random() < 0.3 else None
        if again is not None and told is not None:
            place, memory.told = told[0], None
        device = household.devices[place]
        if device.is_skewed and chance.random() < 0.1:
            device = replace(device, skew_s=0)  # somebody has set the clock, for once
        is_first = None
        if device.tells_first_visit:
            is_first = place not in memory.used and not device.was_known
        memory.used.add(place)
        state = None if device.id_form == "text" else "anonymous"  # some trackers say only who is logged in
        person = Person(user, user is not None and memory.logged_in.get(place) == user, is_first, state)
        at = start // device.precision * device.precision
        browsing = Browsing(chance, household.number, device, person, at)
        visit = browsing.visit(again)
        if person.is_logged_in and user is not None and chance.random() < 0.8:
            memory.logged_in[place] = user
        else:
            memory.logged_in.pop(place, None)
        if browsing.told is not None:
            memory.told = place, browsing.told
        if chance.random() < 0.03:
            visit.sessions.append(_without_ids(chance, visit.sessions[0], at))
        return visit


def _without_ids(chance: Random, beside: Session, at: int) -> Session:
    """Something that carries neither client nor session id: it counts as an event, never as a session."""
    product = chance.choice(PRODUCTS)
    event = StoryEvent(chance.choice(("page_view", "product_view")), at, product.path, product, is_page_view=True)
    return Session(beside.device, None, DIRECT, is_loose=True, events=[event])
