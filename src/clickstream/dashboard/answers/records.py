"""Single rows of the warehouse for the pages: an event with all its columns, its raw line, and pages of events.

In: the warehouse, and how raw lines are read. Out: plain values. These calls block: run them on a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from clickstream.dashboard.answers.raw_lines import NO_LINE, RawLine, RawLines
from clickstream.metrics.question import Question
from clickstream.metrics.visitors.event_key import EventKey
from clickstream.metrics.visitors.raw_events import SEARCH_S, EventPage, count_newer, find_event, newest_events
from clickstream.warehouse.contract import Warehouse

MOST_NEWER = 1000


@dataclass(frozen=True, slots=True)
class ShownEvents:
    """A page of events. newer: how many events match that are newer than the first one, up to MOST_NEWER."""

    page: EventPage
    newer: int


@dataclass(frozen=True, slots=True)
class RecordSource:
    """Reads rows. raw_lines: returns what reads raw lines."""

    warehouse: Warehouse
    raw_lines: Callable[[], RawLines]

    def find(self, key: EventKey) -> dict[str, Any] | None:
        """Return all columns of an event; None if the warehouse does not have it."""
        with self.warehouse.reading() as cursor:
            return find_event(cursor, key.event_timestamp, key.event_id)

    def raw_line(self, key: EventKey) -> RawLine:
        """Return the line that an event was loaded from."""
        if key.raw_object is None:
            return RawLine("", NO_LINE)
        return self.raw_lines().read(key.raw_object, key.raw_line)

    def events(self, question: Question, shown_as_of: Question, before: EventKey | None) -> ShownEvents:
        """Return a page of events.

        shown_as_of: the question as of when the reader opened the page: what came later is counted, not shown.
        """
        with self.warehouse.reading() as cursor:
            page = newest_events(cursor, shown_as_of, before, SEARCH_S)
            newest = EventKey.of(page.rows[0]) if page.rows else None
            is_late = before is not None and not page.rows
            newer = 0 if is_late else count_newer(cursor, replace(question, limit=1), newest, MOST_NEWER)
            return ShownEvents(page, newer)
