"""`login_state` as it truly is: events and visitors by what each event says, sessions by the most they ever say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clickstream.sources.simulate.story import Visit
from clickstream.sources.simulate.truth.identity import NOBODY, Identity, Pair
from clickstream.sources.simulate.truth.orders import OrderRecord
from clickstream.sources.simulate.truth.sums import ratio

Row = dict[str, Any]
STATES = ("logged_in", "anonymous", "(none)")


@dataclass
class LoginState:
    """The three states over the instants `[start, end)`."""

    start: int
    end: int
    events: Counter[str] = field(default_factory=Counter)
    pairs: defaultdict[str, set[Pair]] = field(default_factory=lambda: defaultdict(set))
    sessions: Counter[str] = field(default_factory=Counter)
    ordering: Counter[str] = field(default_factory=Counter)

    def take(self, visit: Visit, placed: Mapping[int, list[OrderRecord]]) -> None:
        for session in visit.sessions:
            for event in session.events:
                if self.start <= event.at < self.end:
                    state = event.login_state or "(none)"
                    self.events[state] += 1
                    if (pair := (session.client, event.user)) != NOBODY:
                        self.pairs[state].add(pair)
            if session.is_loose or not self.start <= session.start < self.end:
                continue
            shown = {event.login_state or "(none)" for event in session.events}
            state = next(state for state in STATES if state in shown)
            self.sessions[state] += 1
            self.ordering[state] += id(session) in placed

    def rows(self, identity: Identity) -> list[Row]:
        return [
            {
                "value": state,
                "events": self.events[state],
                "visitors": len(identity.visitors(self.pairs[state])),
                "sessions": self.sessions[state],
                "order_sessions": self.ordering[state],
                "conversion_rate": ratio(self.ordering[state], self.sessions[state]),
            }
            for state in STATES
        ]
