"""The pace of work that is repeated while nothing forces it: each kind takes about a twentieth of one processor."""

from __future__ import annotations

from datetime import timedelta

PAUSES_PER_COST = 19
LONGEST_SILENCE = timedelta(minutes=90)
"""After this without a pass, a loader that runs every hour, in another process, counts as stopped."""


def pause_after(cost_s: float, shortest_s: float, longest_s: float) -> float:
    """Return how long to pause after work that took `cost_s`, within these limits (seconds)."""
    return max(shortest_s, min(longest_s, PAUSES_PER_COST * cost_s))
