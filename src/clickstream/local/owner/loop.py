"""The ETL loop of the owner: a pass every second, for as long as the owner lives.

In: a function that runs one pass and tells how far it is. A failing pass is counted and said once, and tried again
after growing pauses; loading goes on by itself when the cause is gone. Passes never overlap, also not those asked for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from datetime import date
from typing import Any, TypeVar

from clickstream.errors import ClickstreamError
from clickstream.etl.run import PassResult
from clickstream.progress import Progress, no_progress

PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
TELL_EVERY_S = 0.5
_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


class EtlLoop:
    """Runs `run_pass` on a thread of its own. Use as a context: leaving it waits for the pass at work."""

    def __init__(self, run_pass: Callable[[Collection[date], Progress], PassResult], pause_s: float = PAUSE_S) -> None:
        self._run_pass = run_pass
        self._pause_s = pause_s
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="etl", daemon=True)
        self._passes = self._failures = self._failures_in_a_row = 0
        self._trouble = ""
        self._far = (0, 0, "")  # objects of the pass at work: loaded, found

    def __enter__(self) -> EtlLoop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def run_now(self, reconcile: Collection[date] = ()) -> PassResult:
        """Run a pass now, after the one at work; what it raises is the caller's."""
        return self.run_alone(lambda: self._passed(reconcile))

    def run_alone(self, work: Callable[[], _Answer], progress: Progress = no_progress) -> _Answer:
        """Do other work between two passes. `progress` is told how far the pass is that it waits for."""
        while not self._one_at_a_time.acquire(timeout=TELL_EVERY_S):
            if self._far[1]:
                progress(*self._far)
        try:
            return work()
        finally:
            self._one_at_a_time.release()

    def status(self) -> dict[str, Any]:
        return {"passes": self._passes, "failures": self._failures, "trouble": self._trouble or None}

    def trouble(self) -> str:
        """Why loading fails now; "" while it does not."""
        return self._trouble

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_now()
            except Exception as error:
                self._note(error)
            else:
                self._note_success()
            self._stopping.wait(min(LONGEST_PAUSE_S, self._pause_s * 2**self._failures_in_a_row))

    def _passed(self, reconcile: Collection[date]) -> PassResult:
        try:
            return self._run_pass(reconcile, self._reached)
        finally:
            self._far = (0, 0, "")

    def _reached(self, done: int, total: int, doing: str = "") -> None:
        self._far = (done, total, doing)

    def _note(self, error: Exception) -> None:
        self._failures += 1
        self._failures_in_a_row = min(self._failures_in_a_row + 1, 10)
        trouble = str(error) or type(error).__name__
        if trouble != self._trouble:
            self._trouble = trouble
            # A fault of ours needs its traceback in the log; the user's disk being full does not.
            ours = not isinstance(error, ClickstreamError)
            _log.error("loading failed, it is tried again: %s", trouble, exc_info=error if ours else None)

    def _note_success(self) -> None:
        self._passes += 1
        if self._failures_in_a_row:
            _log.warning("loading works again")
        self._failures_in_a_row, self._trouble = 0, ""
