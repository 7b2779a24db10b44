"""The visits as they arrive: in batches, late, twice, with copies that say something else, with rubbish among them.

In: Visits. Out: Posts with the time at which each is due. Guarantee: what wins is known. Of several copies of one
event the first that is posted stays, because the posts of one household are sent one after the other; a clock that
is off goes out with a whole visit in one request, so that all its events are shifted alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import msgspec

from clickstream.sources.simulate.calendar import DAY, MINUTE, Calendar
from clickstream.sources.simulate.people import uuid_text
from clickstream.sources.simulate.story import Device, Session, StoryEvent, Visit
from clickstream.sources.simulate.wire import Wire

_encode = msgspec.json.Encoder(decimal_format="number").encode
_QUARTER = 15 * MINUTE
_RUBBISH: tuple[Any, ...] = (
    {"clientId": "no-name"},
    {"eventName": ""},
    {"eventName": "  "},
    {"eventName": 7},
    {"eventName": "x" * 201},
    {"eventName": ["page_view"]},
    "page_view",
    42,
    None,
    [],
)
# No instant that could be believed: the time of receipt decides. The second value: whether it is a field error.
_UNDATED: tuple[tuple[Any, bool], ...] = (
    (None, False),
    ("yesterday", True),
    (True, True),
    ("2199-01-01T00:00:00Z", True),
    ("1999-12-31T00:00:00Z", True),
)


@dataclass(slots=True)
class Post:
    """One request. skew_s: how far its `sentAt` is off. oldest, newest: instants of its events as `createdAt` says.

    may_lack_sent_at: the device sends none, where `createdAt` will be believed without.
    """

    due: int
    household: int
    device: Device
    events: list[bytes]
    skew_s: int
    may_lack_sent_at: bool
    oldest: int
    newest: int


@dataclass(slots=True)
class Tally:
    """What was written into posts. accepted = story + undated + copies; a copy becomes a duplicate."""

    story: int = 0
    undated: int = 0
    copies: int = 0
    rejected: int = 0
    corrected: int = 0
    late_posts: int = 0
    repeated_posts: int = 0

    @property
    def accepted(self) -> int:
        return self.story + self.undated + self.copies


class Disorder:
    """Makes posts of visits. `tally` counts what they hold."""

    def __init__(self, seed: str, calendar: Calendar, as_of: int) -> None:
        self._chance = Random(f"{seed}/disorder")  # noqa: S311 - chance must repeat, not be secret
        self._as_of = as_of
        self.wire = Wire(calendar)
        self.tally = Tally()

    def posts(self, visit: Visit) -> Iterator[Post]:
        """The requests of one visit, in any order: the time at which each is due orders them."""
        told = [(session, event) for session, event in visit.events() if not (session.is_loose or event.by_server)]
        skew_s = told[0][0].device.skew_s if told else 0
        if told and told[0][0].device.is_skewed:
            is_safe = all(
                event.at % _QUARTER < _QUARTER - MINUTE and event.at < self._as_of - MINUTE for _, event in told
            )
            skew_s = skew_s if is_safe else 0
            yield from self._batches(visit, told, len(told) if is_safe else told[0][0].device.batch, skew_s)
        elif told:
            yield from self._batches(visit, told, told[0][0].device.batch, skew_s)
        for session, event in visit.events():
            if session.is_loose or event.by_server:
                yield from self._batches(visit, [(session, event)], 1, 0)

    def _batches(self, visit: Visit, told: list[tuple[Session, StoryEvent]], size: int, skew_s: int) -> Iterator[Post]:
        for start in range(0, len(told), size):
            yield from self._batch(visit.household, told[start : start + size], skew_s)

    def _batch(self, household: int, told: list[tuple[Session, StoryEvent]], skew_s: int) -> Iterator[Post]:
        """The request that brings these events, and those that bring some of them again."""
        chance, tally, device = self._chance, self.tally, told[0][0].device
        is_corrected = abs(skew_s) > 5
        shift_s = skew_s if is_corrected else 0  # a clock off by seconds is taken at its word
        written = [self.wire.event(chance, session, event, shift_s) for session, event in told]
        tally.story += len(written)
        tally.corrected += len(written) if is_corrected else 0
        events: list[Any] = []
        apart: list[Any] = []
        for fields in written:
            events.append(fields)
            if "eventId" in fields and chance.random() < 0.008:
                tally.copies += 1
                (events if chance.random() < 0.5 else apart).append(self._copy(fields))
        if not is_corrected and not told[0][0].bot:  # a wrong clock would make an old year a believable one
            self._add_rubbish(events)
        due = told[-1][1].at + chance.randrange(2_000_000)
        if chance.random() < 0.03:
            due += chance.randrange(DAY // 4, 3 * DAY)
            tally.late_posts += 1
        span = told[0][1].at, told[-1][1].at
        may_lack = not device.has_sent_at and skew_s == 0
        post = Post(due, household, device, [_encode(fields) for fields in events], skew_s, may_lack, *span)
        yield post
        if apart:
            again = [_encode(fields) for fields in apart]
            yield replace(post, due=due + 1 + chance.randrange(DAY), events=again)
        if chance.random() < 0.02 and device.id_form != "none":
            # The answer was lost: the same events once more. What is no event of the story is not repeated.
            tally.copies += len(written)
            tally.repeated_posts += 1
            again = [_encode(fields) for fields in written]
            yield replace(post, due=due + 1 + chance.randrange(60 * MINUTE), events=again)

    def _copy(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A copy that must lose: the same id, now and then in capitals, with something else in it."""
        chance = self._chance
        changes: dict[str, Any] = chance.choice(
            (
                {},
                {"country": "XX"},
                {"eventName": "copy"},
                {"createdAt": "2001-01-01T00:00:00Z", "userId": "somebody-else"},
                {"clientId": "another-client", "sessionId": None},
            )
        )
        copy = {**fields, **changes}
        if chance.random() < 0.3 and not copy["eventId"].startswith("evt-"):
            copy["eventId"] = copy["eventId"].upper()
        return copy

    def _add_rubbish(self, events: list[Any]) -> None:
        """What the collector refuses, and what nobody can date."""
        chance = self._chance
        if chance.random() < 0.03:
            events.insert(chance.randrange(len(events) + 1), chance.choice(_RUBBISH))
            self.tally.rejected += 1
        if chance.random() < 0.02:
            created_at, is_wrong = chance.choice(_UNDATED)
            undated = {"eventName": "ping", "eventId": uuid_text(chance), "createdAt": created_at}
            events.insert(chance.randrange(len(events) + 1), {k: v for k, v in undated.items() if v is not None})
            if is_wrong:
                self.wire.field_errors["createdAt"] += 1
            self.tally.undated += 1
