"""Sums over sessions, as several metrics show them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from clickstream.sources.simulate.calendar import SECOND
from clickstream.sources.simulate.story import KEY_EVENTS, Session


@dataclass(slots=True)
class Sums:
    """Counts of whole sessions. durations: microseconds, one for each session."""

    engaged: int = 0
    events: int = 0
    page_views: int = 0
    carts: int = 0
    checkouts: int = 0
    ordering: int = 0
    durations: array[int] = field(default_factory=lambda: array("q"))

    @property
    def sessions(self) -> int:
        return len(self.durations)

    def take(self, session: Session, has_order: bool) -> None:
        names = {event.name for event in session.events}
        page_views = sum(event.is_page_view for event in session.events)
        is_long = session.duration >= 10 * SECOND
        self.engaged += page_views >= 2 or is_long or has_order or not names.isdisjoint(KEY_EVENTS)
        self.events += len(session.events)
        self.page_views += page_views
        self.carts += "add_to_cart_click" in names
        self.checkouts += "checkout_start" in names
        self.ordering += has_order
        self.durations.append(session.duration)

    def add(self, other: Sums) -> None:
        for name in ("engaged", "events", "page_views", "carts", "checkouts", "ordering"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.durations.extend(other.durations)

    def average_s(self) -> float | None:
        return ratio(sum(self.durations), self.sessions * SECOND)

    def median_s(self) -> float | None:
        """An actual value: of n ascending ones, number ceil(n / 2)."""
        if not self.durations:
            return None
        return sorted(self.durations)[(self.sessions + 1) // 2 - 1] / SECOND


def total(parts: Iterable[Sums]) -> Sums:
    found = Sums()
    for part in parts:
        found.add(part)
    return found


def ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
