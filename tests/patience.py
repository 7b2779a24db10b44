"""Waiting for a condition, however busy the machine is.

A test names the condition that it needs, not how long it should take: on an idle machine it comes true at once. Only
a condition that never comes true reaches the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0


def wait_until(holds: Callable[[], object], what: str = "success", seen: Callable[[], object] | None = None) -> None:
    """Return when `holds()` is true. After PATIENCE_S, fail with `what` was expected and what `seen()` returns."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            instead = f": {str(seen())[:300]}" if seen is not None else ""
            raise AssertionError(f"no {what} within {PATIENCE_S:.0f} s{instead}")
        time.sleep(0.02)
