"""Who was who: known only at the end, since a login tells whose the client was before.

In: sessions as they pass. Out: the visitor of a pair of client and user (user id, else the first user id that the
client ever showed, else the client id), when each visitor was first seen, and each visitor's first session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from clickstream.sources.simulate.story import Session

Pair = tuple[str | None, str | None]
NOBODY: Pair = (None, None)


@dataclass
class Identity:
    """`first_users`: client -> (when, user). `seen`: pair -> (when, what the event said of a first visit)."""

    first_users: dict[str, tuple[int, str]] = field(default_factory=dict)
    seen: dict[Pair, tuple[int, bool | None]] = field(default_factory=dict)
    first_sessions: dict[Pair, tuple[int, Session]] = field(default_factory=dict)

    def take(self, session: Session) -> None:
        client, shown = session.client, set[str | None]()
        for event in session.events:
            if event.user in shown:
                continue
            shown.add(event.user)
            pair = (client, event.user)
            if pair != NOBODY and (pair not in self.seen or event.at < self.seen[pair][0]):
                self.seen[pair] = (event.at, event.is_first_visit)
            if client is not None and event.user is not None:
                first = self.first_users.get(client)
                if first is None or event.at < first[0]:
                    self.first_users[client] = (event.at, event.user)
        pair = (client, session.user)
        if not session.is_loose and pair != NOBODY:
            before = self.first_sessions.get(pair)
            if before is None or session.start < before[0]:
                self.first_sessions[pair] = (session.start, session.emptied())

    def visitor(self, pair: Pair) -> str | None:
        client, user = pair
        if user is not None or client is None:
            return user
        first = self.first_users.get(client)
        return first[1] if first else client

    def visitors(self, pairs: set[Pair]) -> set[str]:
        return {visitor for pair in pairs if (visitor := self.visitor(pair)) is not None}

    @cached_property
    def new_at(self) -> dict[str, int]:
        """When each visitor was first seen, of those whose first event does not say that they had been here before."""
        firsts: dict[str, tuple[int, bool | None]] = {}
        for pair, (at, is_first) in self.seen.items():
            visitor = self.visitor(pair)
            if visitor is not None and (visitor not in firsts or at < firsts[visitor][0]):
                firsts[visitor] = (at, is_first)
        return {visitor: at for visitor, (at, is_first) in firsts.items() if is_first is not False}

    @cached_property
    def first_session(self) -> dict[str, tuple[int, Session]]:
        """Each visitor's first session, with its start; its events are gone."""
        found: dict[str, tuple[int, Session]] = {}
        for pair, (start, session) in self.first_sessions.items():
            visitor = self.visitor(pair)
            if visitor is not None and (visitor not in found or start < found[visitor][0]):
                found[visitor] = (start, session)
        return found
