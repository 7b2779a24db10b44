"""The load that the dashboards show: one query to the warehouse per second, for all browsers together.

In: the warehouse and a clock. Out: `snapshot`, a reactive value that changes after a load with new rows, and
`loader_status`, when the loader last finished a pass. The watch runs only while a browser is connected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shiny import reactive

from clickstream.errors import ClickstreamError
from clickstream.warehouse.contract import Warehouse

_log = logging.getLogger(__name__)

INTERVAL_S = 1.0
MAX_AS_OF_AGE = timedelta(minutes=5)  # without new loads: days begin, open sessions end
MIN_STATUS_CHANGE = timedelta(seconds=30)  # smaller changes of `seen_at` are not sent to browsers
MAX_SILENCE = timedelta(minutes=3)  # an idle loader records a pass every minute; after this it counts as stopped

_QUERY = """
select
    (select max(load_id) from loads) as load_id,
    (select max(loaded_at) from loads) as loaded_at,
    (select max(started_at) from passes) as passed_at
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the warehouse behind every number on screen. load_id is 0 before the first load."""

    load_id: int
    loaded_at: datetime | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class LoaderStatus:
    """When the loader last finished a pass.

    failure: why the warehouse cannot be read. is_late: the next pass is overdue. trouble: why loading fails, "" = it
    does not.
    """

    seen_at: datetime | None
    failure: ClickstreamError | None = None
    is_late: bool = False
    trouble: str = ""


class LoadWatch:
    """Checks for new loads once a second while at least one browser is connected."""

    def __init__(
        self, warehouse: Warehouse, clock: Callable[[], datetime], threads: Executor, trouble: Callable[[], str]
    ) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._trouble = trouble
        self._threads = threads
        self._browsers = 0
        self._task: asyncio.Task[None] | None = None
        self._current: tuple[Snapshot | None, LoaderStatus] = (None, LoaderStatus(None))
        self.snapshot: reactive.Value[Snapshot | None] = reactive.Value(None)
        self.loader_status: reactive.Value[LoaderStatus] = reactive.Value(LoaderStatus(None))

    def add_browser(self) -> None:
        """Count one more connected browser. Call it on the event loop."""
        self._browsers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def remove_browser(self) -> None:
        """Count one browser less; the watch stops after the last one."""
        self._browsers -= 1
        if self._browsers == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            current = await asyncio.get_running_loop().run_in_executor(self._threads, self._check)
            if current != self._current:
                await self._publish(*current)
            await asyncio.sleep(INTERVAL_S)

    async def _publish(self, snapshot: Snapshot | None, loader_status: LoaderStatus) -> None:
        self._current = (snapshot, loader_status)
        async with reactive.lock():
            self.snapshot.set(snapshot)
            self.loader_status.set(loader_status)
            await reactive.flush()

    def _check(self) -> tuple[Snapshot | None, LoaderStatus]:
        """Return the current state; unchanged objects where no change is worth sending to browsers."""
        old, status = self._current
        now = self._clock()
        try:
            load_id, loaded_at, passed_at = self._warehouse.fetch(_QUERY).rows[0]
        except Exception as error:  # the watch continues after any error
            return old, status if status.failure else replace(status, failure=_as_clickstream_error(error))
        new = Snapshot(load_id or 0, loaded_at, now)
        is_same = old is not None and old.load_id == new.load_id and now - old.as_of < MAX_AS_OF_AGE
        seen_at = max(filter(None, (passed_at, loaded_at)), default=None)
        is_late = seen_at is not None and now - seen_at > MAX_SILENCE
        new_status = LoaderStatus(seen_at, is_late=is_late, trouble=self._trouble())
        is_unchanged = replace(status, seen_at=seen_at) == new_status and _is_near(status.seen_at, seen_at)
        return (old if is_same else new), (status if is_unchanged else new_status)


def _as_clickstream_error(error: Exception) -> ClickstreamError:
    if isinstance(error, ClickstreamError):
        return error
    _log.exception("checking the warehouse for new loads failed")
    return ClickstreamError("checking for new loads", f"unexpected {type(error).__name__}", "see the log for details")


def _is_near(old: datetime | None, new: datetime | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(new - old) < MIN_STATUS_CHANGE
