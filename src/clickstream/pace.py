"""The pace of work that is repeated while nothing forces it: about a tenth of one processor."""

from __future__ import annotations

PAUSES_PER_COST = 9


def pause_after(cost_s: float, shortest_s: float, longest_s: float) -> float:
    """Return how long to pause after work that took `cost_s`, within these limits (seconds)."""
    return max(shortest_s, min(longest_s, PAUSES_PER_COST * cost_s))
