"""Makes all visits of people and bots, in the order in which they begin.

In: a Plan. Out: Visits, cut at the plan's `as_of`. Guarantees: the same plan gives the same visits; visits of one
household are more than two hours apart, so that two sessions never merge by accident; memory holds a small record for
each household, however many days are simulated.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from clickstream.sources.simulate.browse import Browsing, Person
from clickstream.sources.simulate.calendar import HOUR, MINUTE, SECOND, Calendar
from clickstream.sources.simulate.people import Household, make_household, people_count, uuid_text
from clickstream.sources.simulate.shop import PRODUCTS
from clickstream.sources.simulate.story import DIRECT, Order, Plan, Session, StoryEvent, Visit

APART = 150 * MINUTE
# Visits by hour of the day, from midnight on.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 9, 10, 12, 14, 15, 13, 8, 4)


@dataclass(slots=True)
class _Memory:
    """What a household's next visit depends on. logged_in: device -> user. shown_order: device and order."""

    visits: int = 0
    end: int = 0
    logged_in: dict[int, str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    shown_order: tuple[int, Order] | None = None


class Timeline:
    """The visits of a plan. begun: the start of the latest visit that was yielded."""

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
            visit_name = f"{number}/{memory.visits}"
            chance = self._chance(f"visit/{visit_name}")
            visit = self._visit(chance, self._chance(f"extra/{visit_name}"), household, memory, start)
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
        """Return a time on a day: at a usual hour, shortly before midnight, or shortly before a change of clocks."""
        kind = chance.random()
        if kind < 0.04:
            return self._calendar.start(day + 1) - chance.randrange(MINUTE, 10 * MINUTE)
        if kind < 0.08 and self._changes:
            return chance.choice(self._changes) - chance.randrange(MINUTE, 10 * MINUTE)
        hour = chance.choices(range(24), _HOURS)[0]
        return self._calendar.start(day) + hour * HOUR + chance.randrange(HOUR)

    def _visit(self, chance: Random, extra: Random, household: Household, memory: _Memory, start: int) -> Visit:
        if household.bot:
            return _crawl(chance, household, start // 1_000 * 1_000)
        number = chance.randrange(len(household.devices))
        user = chance.choice(household.users)
        shown = memory.shown_order
        again = shown[1] if shown and chance.random() < 0.3 else None
        if again is not None and shown is not None:
            number, memory.shown_order = shown[0], None
        device = household.devices[number]
        if device.is_skewed and chance.random() < 0.1:
            device = replace(device, skew_s=0)  # the clock was set right
        is_first = None
        if device.sends_first_visit:
            is_first = number not in memory.used and not device.was_known
        memory.used.add(number)
        state = None if device.id_form == "text" else "anonymous"  # some trackers send only `logged_in`
        person = Person(user, user is not None and memory.logged_in.get(number) == user, is_first, state)
        at = start // device.precision * device.precision
        browsing = Browsing(chance, extra, household.number, device, person, at)
        visit = browsing.visit(again)
        if person.is_logged_in and user is not None and chance.random() < 0.8:
            memory.logged_in[number] = user
        else:
            memory.logged_in.pop(number, None)
        if browsing.shown_order is not None:
            memory.shown_order = number, browsing.shown_order
        if chance.random() < 0.03:
            visit.sessions.append(_without_ids(chance, visit.sessions[0], at))
        return visit


def _without_ids(chance: Random, beside: Session, at: int) -> Session:
    """Return an event without client id and session id: it counts as an event, and never as a session."""
    product = chance.choice(PRODUCTS)
    event = StoryEvent(chance.choice(("page_view", "product_view")), at, product.path, product, is_page_view=True)
    return Session(beside.device, None, DIRECT, is_loose=True, events=[event])


def _crawl(chance: Random, bot: Household, at: int) -> Visit:
    """Return one run of a bot, which opens product pages one after another.

    The kinds: one names itself in its user agent, one is a headless browser, and `rate` is only too fast.
    """
    session = Session(bot.devices[0], f"s-{uuid_text(chance)}", DIRECT, bot=bot.bot)
    pages = chance.randrange(120, 180) if bot.bot == "rate" else chance.randrange(10, 50)
    pause = SECOND // 10 if bot.bot == "rate" else 6 * SECOND
    for page in range(pages):
        product = PRODUCTS[page % len(PRODUCTS)]
        session.events.append(StoryEvent("page_view", at, product.path, is_page_view=True))
        at += pause
    return Visit(bot.number, [session])
