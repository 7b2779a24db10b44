"""`simulate`: the story is told once; what it says is sent, and added up.

In: a Plan, a collector. Out: an Outcome: what was sent, what the collector said, and the truth as a document.
Guarantee: everything was answered by the collector. Visits are made, sent and forgotten one after another; only late
posts and the truth's own sums are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clickstream.errors import SourceError
from clickstream.event import utc_now
from clickstream.sources.simulate.calendar import DAY, Calendar, micros
from clickstream.sources.simulate.disorder import Disorder, Post
from clickstream.sources.simulate.send import Lanes, SendStats
from clickstream.sources.simulate.story import Plan
from clickstream.sources.simulate.timeline import Timeline
from clickstream.sources.simulate.truth.document import Truth

# The story ends before the sending begins, with room for clocks that disagree.
_BEFORE_NOW = timedelta(minutes=15)
_AFTER_RANGE = 2 * DAY
_SHOWN_EVERY = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: fraction of the simulated time, 0 to 1; events sent."""

    fraction: float
    sent: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """truth: the document of `--truth`. expected_*: what the collector should have said."""

    said: SendStats
    expected_accepted: int
    expected_rejected: int
    truth: dict[str, Any]

    @property
    def is_as_expected(self) -> bool:
        return (self.said.accepted, self.said.rejected) == (self.expected_accepted, self.expected_rejected)


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """What a user asks for. first: the first local day; None = so that the last one is today."""

    seed: str
    visitors: int
    days: int
    tz: ZoneInfo
    first: date | None = None
    currency: str = "USD"


def make_plan(wish: SimulationConfig, now: datetime) -> Plan:
    """What can be simulated of a wish at this moment. Raises SourceError when all of it lies ahead."""
    first = wish.first or now.astimezone(wish.tz).date() - timedelta(days=wish.days - 1)
    calendar = Calendar(wish.tz, first, wish.days)
    as_of = min(calendar.start(wish.days) + _AFTER_RANGE, micros((now - _BEFORE_NOW).replace(microsecond=0)))
    if as_of <= calendar.start(0):
        why = f"{first} has not begun, or began within the last quarter of an hour"
        raise SourceError("simulating visitors", why, "choose an earlier --from, or more --days")
    return Plan(wish.seed, wish.visitors, wish.days, first, wish.tz, as_of, wish.currency)


def simulate(
    plan: Plan,
    collector_url: str,
    clock: Callable[[], datetime] = utc_now,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Outcome:
    """Tell the whole story to the collector. Raises UnavailableError when it does not answer."""
    calendar = Calendar(plan.tz, plan.first, plan.days)
    disorder = Disorder(plan.seed, calendar, plan.as_of)
    truth, timeline = Truth(plan, calendar, disorder), Timeline(plan, calendar)
    with Lanes(collector_url, clock) as lanes:
        for number, post in enumerate(_in_time(timeline, disorder, truth)):
            lanes.put(post)
            if number % _SHOWN_EVERY == 0:
                on_progress(Progress(_fraction(calendar, timeline.begun), lanes.answers.accepted))
    tally = disorder.tally
    return Outcome(lanes.answers, tally.accepted, tally.rejected, truth.document(lanes.answers))


def write_truth(path: Path, truth: Mapping[str, Any]) -> None:
    """Write the document where it can be read by people too."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(truth)) + b"\n")
    except OSError as error:
        raise SourceError(f"writing {path}", error.strerror or str(error), "choose another file") from error


def _in_time(timeline: Timeline, disorder: Disorder, truth: Truth) -> Iterator[Post]:
    """All posts in the order in which they are due. Only those that are due later than the story has come wait."""
    waiting: list[tuple[int, int, Post]] = []
    made = count()
    for visit in timeline:
        truth.take(visit)
        for post in disorder.posts(visit):
            heapq.heappush(waiting, (post.due, next(made), post))
        while waiting and waiting[0][0] <= timeline.begun:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _fraction(calendar: Calendar, at: int) -> float:
    start = calendar.start(0)
    return (at - start) / (calendar.start(calendar.days) - start)
