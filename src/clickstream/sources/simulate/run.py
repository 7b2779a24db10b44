"""Simulates a shop: the story is made, sent, and counted.

In: a SimulationConfig and a collector. Out: an Outcome: what was sent, what the collector answered, and the true
figures. Guarantee: the collector has answered every request. Visits are made, sent and dropped one by one; only
late posts and the sums of the truth stay in memory.
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
from clickstream.progress import Progress, no_progress
from clickstream.sources.simulate.calendar import DAY, MINUTE, Calendar, micros
from clickstream.sources.simulate.disorder import Disorder, Post
from clickstream.sources.simulate.send import Lanes, SendStats
from clickstream.sources.simulate.story import Plan
from clickstream.sources.simulate.timeline import Timeline
from clickstream.sources.simulate.truth import Truth

# The story ends this long before now, because clocks of machines differ.
_BEFORE_NOW = timedelta(minutes=15)
_AFTER_RANGE = 2 * DAY
_REPORTED_EVERY = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was sent. expected_*: what the collector should have answered. truth: the document of `--truth`."""

    stats: SendStats
    expected_accepted: int
    expected_rejected: int
    truth: dict[str, Any]

    @property
    def is_as_expected(self) -> bool:
        return (self.stats.accepted, self.stats.rejected) == (self.expected_accepted, self.expected_rejected)


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """What to simulate. first: the first local day; None makes today the last day."""

    seed: str
    visitors: int
    days: int
    tz: ZoneInfo
    first: date | None = None
    currency: str = "USD"


def make_plan(config: SimulationConfig, now: datetime) -> Plan:
    """Return the part of a simulation that lies in the past. Raises SourceError when nothing of it does."""
    first = config.first or now.astimezone(config.tz).date() - timedelta(days=config.days - 1)
    calendar = Calendar(config.tz, first, config.days)
    as_of = min(calendar.start(config.days) + _AFTER_RANGE, micros((now - _BEFORE_NOW).replace(microsecond=0)))
    if as_of <= calendar.start(0):
        why = f"{first} has not begun, or began within the last 15 minutes"
        raise SourceError("simulating a shop", why, "choose an earlier --from, or more --days")
    return Plan(config.seed, config.visitors, config.days, first, config.tz, as_of, config.currency)


def simulate(
    plan: Plan, collector_url: str, clock: Callable[[], datetime] = utc_now, progress: Progress = no_progress
) -> Outcome:
    """Send the whole story to the collector. Raises UnavailableError when it does not answer.

    progress counts minutes of simulated time.
    """
    calendar = Calendar(plan.tz, plan.first, plan.days)
    disorder = Disorder(plan.seed, calendar, plan.as_of)
    truth, timeline = Truth(plan, calendar), Timeline(plan, calendar)
    start, minutes = calendar.start(0), (calendar.start(plan.days) - calendar.start(0)) // MINUTE
    with Lanes(collector_url, clock) as lanes:
        for number, post in enumerate(_in_order(timeline, disorder, truth)):
            lanes.put(post)
            if number % _REPORTED_EVERY == 0:
                progress((timeline.begun - start) // MINUTE, minutes, f"{lanes.stats.accepted:,} events sent")
    tally = disorder.tally
    return Outcome(lanes.stats, tally.accepted, tally.rejected, truth.document(tally, lanes.stats))


def write_truth(path: Path, truth: Mapping[str, Any]) -> None:
    """Write the document as indented JSON."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(truth)) + b"\n")
    except OSError as error:
        raise SourceError(f"writing {path}", error.strerror or str(error), "choose another file") from error


def _in_order(timeline: Timeline, disorder: Disorder, truth: Truth) -> Iterator[Post]:
    """Yield all posts in the order in which they are due. Only posts that are due later wait in memory."""
    waiting: list[tuple[int, int, Post]] = []
    made = count()
    for visit in timeline:
        truth.add(visit)
        for post in disorder.posts(visit):
            heapq.heappush(waiting, (post.due, next(made), post))
        while waiting and waiting[0][0] <= timeline.begun:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
