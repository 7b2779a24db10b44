"""Keeps the mart of an open warehouse up to date.

In: an open warehouse and the path of its mart. Out: the mart, which shows the warehouse's last load within seconds
while anyone watches, a little later otherwise. The pace follows the cost: about a twentieth of one processor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from clickstream.errors import ClickstreamError
from clickstream.mart.file import Mart
from clickstream.mart.refresh import Refresh, build, find_gap, refresh
from clickstream.pace import pause_after
from clickstream.progress import Progress, no_progress
from clickstream.warehouse.contract import Warehouse

PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0
UNWATCHED_PAUSE_S = 10.0
_log = logging.getLogger(__name__)


class MartKeeper:
    """Refreshes a mart on request and, once started, on a thread. Use as a context; close it before the warehouse."""

    def __init__(self, path: Path, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.path = path
        self.building: tuple[int, int] | None = None
        """How much of the build that runs now is done: events, of how many."""
        self.failure: ClickstreamError | None = None
        """Why the last refresh failed."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._refreshed = threading.Event()
        self._is_stopping = False
        self._watchers = 0
        self._reader: Mart | None = None
        self._thread = threading.Thread(target=self._run, name="mart", daemon=True)

    def __enter__(self) -> MartKeeper:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the refresh that runs, and close the mart."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._close_reader()
        if "mart" in self.__dict__:
            self.mart.close()

    @cached_property
    def mart(self) -> Mart:
        """The mart, opened when it is first needed. Raises WarehouseBusyError when another process holds it."""
        self._close_reader()
        return Mart.open(self.path)

    def current(self, progress: Progress = no_progress) -> Mart:
        """Return the mart, up to date, for questions alone.

        One that is up to date already is opened for reading only, as several processes may do at the same time.
        Raises WarehouseBusyError when another process writes it.
        """
        if "mart" not in self.__dict__ and self._open_reader():
            assert self._reader
            with self.warehouse.reading() as cursor:
                if find_gap(self._reader, cursor).way == "unchanged":
                    return self._reader
        self.refresh(progress)
        return self.mart

    @contextmanager
    def peek(self) -> Iterator[Mart | None]:
        """Lend the mart as it is, without a refresh; None where there is none, or none that can be read.

        Raises WarehouseBusyError when another process holds it.
        """
        if "mart" in self.__dict__:
            yield self.mart
        elif found := Mart.open_existing(self.path):
            with found:
                yield found
        else:
            yield None

    def start(self) -> None:
        """Refresh from now on, on a thread. Raises WarehouseBusyError when another process holds the mart."""
        assert self.mart
        self._thread.start()

    def refresh(self, progress: Progress = no_progress) -> Refresh:
        """Bring the mart up to date now."""
        return self._alone(refresh, progress)

    def build(self, progress: Progress = no_progress) -> Refresh:
        """Build the mart from scratch now."""
        return self._alone(build, progress)

    def add_watcher(self) -> None:
        """Refresh at a quick pace from now on, until as many watchers are removed as were added."""
        self._watchers += 1
        if self._watchers == 1:
            self._refreshed.clear()
        self._wake.set()

    def remove_watcher(self) -> None:
        self._watchers -= 1

    def notice_load(self) -> None:
        """Refresh now if anyone watches: the warehouse has new rows."""
        if self._watchers:
            self._wake.set()

    def wait(self, seconds: float) -> None:
        """Wait for the refresh that the first watcher caused, but not longer than this."""
        if self._thread.is_alive():
            self._refreshed.wait(seconds)

    def _open_reader(self) -> bool:
        self._close_reader()
        self._reader = Mart.open_existing(self.path)
        return self._reader is not None

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _alone(self, work: Callable[[Mart, Warehouse, Progress], Refresh], progress: Progress) -> Refresh:
        def note(done: int, total: int, doing: str = "") -> None:
            self.building = (done, total)
            progress(done, total, doing)

        with self._lock:
            try:
                return work(self.mart, self.warehouse, note)
            finally:
                self.building = None

    def _run(self) -> None:
        while not self._is_stopping:
            started = time.monotonic()
            self._try()
            self._refreshed.set()
            shortest = PAUSE_S if self._watchers else UNWATCHED_PAUSE_S
            self._wake.wait(pause_after(time.monotonic() - started, shortest, LONGEST_PAUSE_S))
            self._wake.clear()

    def _try(self) -> None:
        try:
            self.refresh()
        except ClickstreamError as error:
            self.failure = error
        except Exception as error:
            if self.failure is None:
                _log.exception("refreshing the mart failed and will be tried again")
            self.failure = ClickstreamError(
                "refreshing the mart", f"unexpected {type(error).__name__}", "see the log for details"
            )
        else:
            self.failure = None
