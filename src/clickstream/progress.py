"""How long work reports its progress, in every package: one call shape from the raw store to the terminal.

A caller of long work may pass a `Progress`; the work calls it as it advances and never depends on it.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work advances. total: 0 when it is unknown. doing: the phase of the work; "" keeps the current one."""

    def __call__(self, done: int, total: int, doing: str = "") -> None: ...


def no_progress(done: int, total: int, doing: str = "") -> None:
    """Ignore the progress: the default for callers that do not follow the work."""
