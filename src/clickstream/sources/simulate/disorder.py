"""Turns visits into requests that arrive as they do in practice: late, twice, with altered copies, with invalid events.

In: Visits. Out: Posts, each with the time at which it is due. Guarantees: of several copies of one event, the copy
that is posted first wins, because the posts of one household are sent one after the other. A device whose clock is
wrong sends a whole visit in one request, so that all its events are shifted by the same amount.
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
_INVALID: tuple[Any, ...] = (
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
# createdAt values that the load cannot use: the time of receipt dates these events. True: the value is a field error.
_UNDATED: tuple[tuple[Any, bool], ...] = (
    (None, False),
    ("yesterday", True),
    (True, True),
    ("2199-01-01T00:00:00Z", True),
    ("1999-12-31T00:00:00Z", True),
)


@dataclass(slots=True)
class Post:
    """One request. skew_s: the error of its `sentAt`. oldest, newest: the instants of its events.

    may_lack_sent_at: the device sends no `sentAt`, where the load accepts `createdAt` without it.
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
    """Events in the posts, by kind. accepted = story + undated + copies; a copy becomes a duplicate."""

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
    """Makes posts from visits. `tally` counts their events."""

    def __init__(self, seed: str, calendar: Calendar, as_of: int) -> None:
        self._chance = Random(f"{seed}/disorder")  # noqa: S311 - chance must repeat, not be secret
        self._as_of = as_of
        self.wire = Wire(calendar)
        self.tally = Tally()

    def posts(self, visit: Visit) -> Iterator[Post]:
        """Yield the requests of one visit. The order of sending is that of `due`."""
        alone = [pair for pair in visit.events() if pair[0].is_loose or pair[1].by_server]
        together = [pair for pair in visit.events() if not (pair[0].is_loose or pair[1].by_server)]
        if together:
            device = together[0][0].device
            size, skew_s = device.batch, device.skew_s
            if device.is_skewed:
                can_be_shifted = all(self._can_be_shifted(event) for _, event in together)
                size, skew_s = (len(together), skew_s) if can_be_shifted else (size, 0)
            for start in range(0, len(together), size):
                yield from self._batch(visit.household, together[start : start + size], skew_s)
        for pair in alone:
            yield from self._batch(visit.household, [pair], 0)

    def _can_be_shifted(self, event: StoryEvent) -> bool:
        """Whether the event stays in its quarter of an hour when the correction dates it late by the request's time."""
        return event.at % _QUARTER < _QUARTER - MINUTE and event.at < self._as_of - MINUTE

    def _batch(self, household: int, batch: list[tuple[Session, StoryEvent]], skew_s: int) -> Iterator[Post]:
        """Yield the request with these events, and the requests that repeat some of them."""
        chance, tally, device = self._chance, self.tally, batch[0][0].device
        is_corrected = abs(skew_s) > 5
        shift_s = skew_s if is_corrected else 0  # within 5 s, the load does not correct the clock
        written = [self.wire.event(chance, session, event, shift_s) for session, event in batch]
        tally.story += len(written)
        tally.corrected += len(written) if is_corrected else 0
        events: list[Any] = []
        apart: list[Any] = []
        for fields in written:
            events.append(fields)
            if "eventId" in fields and chance.random() < 0.008:
                tally.copies += 1
                (events if chance.random() < 0.5 else apart).append(self._copy(fields))
        if not is_corrected and not batch[0][0].bot:  # a wrong clock would make an impossible year possible
            self._add_invalid(events)
        due = batch[-1][1].at + chance.randrange(2_000_000)
        if chance.random() < 0.03:
            due += chance.randrange(DAY // 4, 3 * DAY)
            tally.late_posts += 1
        span = batch[0][1].at, batch[-1][1].at
        may_lack = not device.has_sent_at and skew_s == 0
        post = Post(due, household, device, [_encode(fields) for fields in events], skew_s, may_lack, *span)
        yield post
        if apart:
            again = [_encode(fields) for fields in apart]
            yield replace(post, due=due + 1 + chance.randrange(DAY), events=again)
        if chance.random() < 0.02 and device.id_form != "none":
            # The response was lost, so the device sends again. Only events of the story are repeated.
            tally.copies += len(written)
            tally.repeated_posts += 1
            again = [_encode(fields) for fields in written]
            yield replace(post, due=due + 1 + chance.randrange(60 * MINUTE), events=again)

    def _copy(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a copy that must lose: the same id, sometimes in capitals, with other content."""
        chance = self._chance
        changes: dict[str, Any] = chance.choice(
            (
                {},
                {"country": "XX"},
                {"eventName": "copy"},
                {"createdAt": "2001-01-01T00:00:00Z", "userId": "another-user"},
                {"clientId": "another-client", "sessionId": None},
            )
        )
        copy = {**fields, **changes}
        if chance.random() < 0.3 and not copy["eventId"].startswith("evt-"):
            copy["eventId"] = copy["eventId"].upper()
        return copy

    def _add_invalid(self, events: list[Any]) -> None:
        """Insert events that the collector rejects, and events without a usable time."""
        chance = self._chance
        if chance.random() < 0.03:
            events.insert(chance.randrange(len(events) + 1), chance.choice(_INVALID))
            self.tally.rejected += 1
        if chance.random() < 0.02:
            created_at, is_wrong = chance.choice(_UNDATED)
            undated = {"eventName": "ping", "eventId": uuid_text(chance), "createdAt": created_at}
            events.insert(chance.randrange(len(events) + 1), {k: v for k, v in undated.items() if v is not None})
            if is_wrong:
                self.wire.field_errors["createdAt"] += 1
            self.tally.undated += 1
