"""The owner's ETL loop: pass after pass, and once a day the expiry of old data.

In: a function that runs one pass and reports its progress. A failed pass is counted, logged once, and tried again after
growing pauses; loading resumes when the cause is removed. Passes never overlap, requested ones included. Expiry follows
loading, so that a finished day is loaded before it can expire.

While events trickle in, the pause after a pass follows its cost, so that loading takes about a twentieth of one
processor; an event is loaded within five seconds. Under load there is no pause.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from clickstream.errors import ClickstreamError
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.run import Loader, PassResult
from clickstream.pace import pause_after
from clickstream.progress import Progress, no_progress

PAUSE_S = 1.0
LONGEST_TRICKLE_PAUSE_S = 4.0
BUSY_LINES = 1000
"""A pass that loads as many is followed by the next at once."""
LONGEST_PAUSE_S = 60.0
REPORT_EVERY_S = 0.5
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_IDLE = (0, 0)

RunPass = Callable[[Collection[date], Progress], PassResult]


class EtlLoop:
    """Runs `run_pass` on its own thread. Use as a context: leaving it waits for the current pass.

    notice_load: called after a pass that loaded a few lines. Under load, readers follow at their own pace.
    """

    def __init__(
        self, run_pass: RunPass, pause_s: float = PAUSE_S, notice_load: Callable[[], None] = lambda: None
    ) -> None:
        self._run_pass = run_pass
        self._notice_load = notice_load
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="etl", daemon=True)
        self._passes = self._failures = self._failures_in_a_row = 0
        self._trouble = ""
        self._progress = _IDLE  # of the current pass: objects loaded, objects found

    def __enter__(self) -> EtlLoop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def run_now(self, reconcile: Collection[date] = ()) -> PassResult:
        """Run a pass after the current one. Raises what the pass raises."""
        return self.run_alone(lambda: self._tracked_pass(reconcile))

    def run_alone(self, work: Callable[[], _T], progress: Progress = no_progress) -> _T:
        """Do other work between two passes. progress: receives the progress of the pass that it waits for."""
        while not self._lock.acquire(timeout=REPORT_EVERY_S):
            if self._progress != _IDLE:
                progress(*self._progress)  # without a phase: the caller names its own
        try:
            return work()
        finally:
            self._lock.release()

    def status(self) -> dict[str, Any]:
        """Return the counts of passes and failures, and why loading fails now."""
        return {"passes": self._passes, "failures": self._failures, "trouble": self._trouble or None}

    def trouble(self) -> str:
        """Return why loading fails now; "" if it does not."""
        return self._trouble

    def _run(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                result = self.run_now()
            except Exception as error:
                self._note_failure(error)
                pause = min(LONGEST_PAUSE_S, self._pause_s * 2**self._failures_in_a_row)
            else:
                self._note_success()
                if 0 < result.lines < BUSY_LINES:
                    self._notice_load()
                pause = self._pause_after(result, time.monotonic() - started)
            self._stopping.wait(pause)

    def _pause_after(self, result: PassResult, cost_s: float) -> float:
        if result.lines >= BUSY_LINES:
            return 0.0
        return pause_after(cost_s, self._pause_s, LONGEST_TRICKLE_PAUSE_S)

    def _tracked_pass(self, reconcile: Collection[date]) -> PassResult:
        try:
            return self._run_pass(reconcile, self._keep_progress)
        finally:
            self._progress = _IDLE

    def _keep_progress(self, done: int, total: int, doing: str = "") -> None:  # noqa: ARG002 - the shape of Progress
        self._progress = (done, total)

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        self._failures_in_a_row = min(self._failures_in_a_row + 1, 10)
        trouble = str(error) or type(error).__name__
        if trouble != self._trouble:
            self._trouble = trouble
            # A bug needs its traceback in the log; a full disk does not.
            is_bug = not isinstance(error, ClickstreamError)
            _log.error("loading failed and will be retried: %s", trouble, exc_info=error if is_bug else None)

    def _note_success(self) -> None:
        self._passes += 1
        if self._failures_in_a_row:
            _log.warning("loading works again")
        self._failures_in_a_row, self._trouble = 0, ""


def with_daily_expiry(loader: Loader, keep: RetentionConfig, clock: Callable[[], datetime]) -> RunPass:
    """Return a pass of this loader that also expires old data, once a UTC day and after the owner starts."""
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
