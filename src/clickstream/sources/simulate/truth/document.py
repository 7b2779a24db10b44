"""The truth as one JSON document: what was sent, the true answers, and what is uncertain, with why."""

from __future__ import annotations

from typing import Any

import msgspec

from clickstream.sources.simulate.calendar import Calendar, instant
from clickstream.sources.simulate.disorder import Disorder, Tally
from clickstream.sources.simulate.send import SendStats
from clickstream.sources.simulate.story import Plan, Visit
from clickstream.sources.simulate.truth.answers import Answers
from clickstream.sources.simulate.truth.facts import Facts


class Truth:
    """Listens to the story, and writes the document when all of it was sent."""

    def __init__(self, plan: Plan, calendar: Calendar, disorder: Disorder) -> None:
        self._plan, self._disorder = plan, disorder
        self._answers, self._facts = Answers(plan, calendar, disorder.wire), Facts()

    def take(self, visit: Visit) -> None:
        self._answers.take(visit)
        self._facts.take(visit)

    def document(self, said: SendStats) -> dict[str, Any]:
        """Plain JSON values. Money is decimal text, as in the metrics' own answers."""
        document = {
            "simulated": self._simulated(),
            "sent": _sent(self._disorder.tally, said),
            "uncertain": _uncertain(self._disorder.tally, said),
            "facts": self._facts.document(self._disorder, self._answers.record.orders),
            "answers": self._answers.answers(),
        }
        plain: dict[str, Any] = msgspec.to_builtins(document)
        return plain

    def _simulated(self) -> dict[str, Any]:
        plan = self._plan
        return {
            "seed": plan.seed,
            "visitors": plan.visitors,
            "days": plan.days,
            "from": plan.first,
            "tz": plan.tz.key,
            "currency": plan.currency,
            "as_of": instant(plan.as_of),
        }


def _sent(tally: Tally, said: SendStats) -> dict[str, Any]:
    return {
        "requests": said.posts,
        "accepted": said.accepted,
        "rejected": said.rejected,
        "expected_accepted": tally.accepted,
        "expected_rejected": tally.rejected,
        "story": tally.story,
        "copies": tally.copies,
        "undated": tally.undated,
        "late_requests": tally.late_posts,
        "repeated_requests": tally.repeated_posts,
        "slow_requests": said.slow,
    }


def _uncertain(tally: Tally, said: SendStats) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "what": "event_timestamp of events with source `corrected`",
            "events": tally.corrected,
            "why": "the device's clock is off, and is corrected by receivedAt - sentAt, which holds the way's time",
            "error_s": [0.0, round(said.slowest_s + 0.002, 3)],
            "answers": "exact: a visit goes out in one request, is shifted as a whole, and no event lies in the last "
            "minute of a quarter of an hour",
        },
        {
            "what": "event_timestamp of events with source `received`",
            "events": tally.undated,
            "why": "they have no createdAt that can be believed, so the time of receipt dates them",
            "error_s": None,
            "answers": "exact: they are received after as_of, so no answer counts them; facts do",
        },
    ]
    if said.slow:
        found.append(
            {
                "what": "event_timestamp of events in requests that took 5 s or more",
                "requests": said.slow,
                "why": "sentAt and receivedAt were further apart than a right clock's may be, so it was corrected",
                "error_s": [0.0, round(said.slowest_s, 3)],
                "answers": "may differ near the edges of buckets and where silences last exactly 30 minutes",
            }
        )
    return found
