"""The owner's daily expiry: what the settings let go, once a UTC day, between two passes of the loop.

In: a loader, the rules. Out: a pass that expires as well when a new day has begun (or the owner has). It follows
loading, so that a day that is over is loaded before it can expire; when it fails, the loop says so and tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime

from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.run import Loader, PassResult
from clickstream.progress import Progress, no_progress


def with_daily_expiry(
    loader: Loader, keep: RetentionConfig, clock: Callable[[], datetime]
) -> Callable[[Collection[date], Progress], PassResult]:
    """A pass of this loader that keeps the rules. Without a rule it is a plain pass."""
    if keep == RetentionConfig():
        return loader.run_pass
    expired_on: date | None = None

    def run_pass(reconcile: Collection[date], progress: Progress = no_progress) -> PassResult:
        nonlocal expired_on
        result = loader.run_pass(reconcile, progress)
        today = clock().astimezone(UTC).date()
        if today != expired_on:
            expire(loader, keep)
            expired_on = today
        return result

    return run_pass
