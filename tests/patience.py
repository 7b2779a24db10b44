"""Waiting for what must come to pass, however busy the machine is.

A test names the condition it needs, and never a time in which it should have come about: what is waited for comes at
once on an idle machine. Patience is only for what never comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0


def wait_until(holds: Callable[[], object], what: str = "such thing", seen: Callable[[], object] | None = None) -> None:
    """Return when `holds()` is true; fail when it never is, with what was `seen` instead."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            instead = f": {str(seen())[:300]}" if seen is not None else ""
            raise AssertionError(f"no {what} within {PATIENCE_S:.0f} s{instead}")
        time.sleep(0.02)
