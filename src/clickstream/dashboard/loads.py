"""Which load the dashboards stand on: one look at the warehouse a second, for all browsers together.

In: the warehouse and a clock. Out: `pulse`, a reactive value that changes when a load brought new rows, and
`heartbeat`, when the loader was last seen. The watch runs only while somebody looks.
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
AS_OF_AGE = timedelta(minutes=5)  # without new loads: days begin, open sessions close
HEARTBEAT_STEP = timedelta(seconds=30)  # smaller steps of the loader's last sign of life are not shown
SILENCE = timedelta(minutes=3)  # an idle loader notes a pass every minute; after this it is said to have stopped

_LOOK = """
select
    (select max(load_id) from loads) as load_id,
    (select max(loaded_at) from loads) as loaded_at,
    (select max(started_at) from passes) as passed_at
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What every number on screen rests on. load_id is 0 before the first load."""

    load_id: int
    loaded_at: datetime | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When the loader last finished a pass, and why the warehouse cannot be read now, if so.

    is_late: it should have finished another since. trouble: what it says of itself, "" = nothing.
    """

    seen_at: datetime | None
    failure: ClickstreamError | None = None
    is_late: bool = False
    trouble: str = ""


class LoadWatch:
    """Looks for new loads once a second while at least one browser is connected."""

    def __init__(
        self, warehouse: Warehouse, clock: Callable[[], datetime], threads: Executor, trouble: Callable[[], str]
    ) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._trouble = trouble
        self._threads = threads
        self._watchers = 0
        self._task: asyncio.Task[None] | None = None
        self._seen: tuple[Pulse | None, Heartbeat] = (None, Heartbeat(None))
        self.pulse: reactive.Value[Pulse | None] = reactive.Value(None)
        self.heartbeat: reactive.Value[Heartbeat] = reactive.Value(Heartbeat(None))

    def join(self) -> None:
        """One browser more looks. Call it on the event loop."""
        self._watchers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """One browser less looks; without any the watch ends."""
        self._watchers -= 1
        if self._watchers == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            seen = await asyncio.get_running_loop().run_in_executor(self._threads, self._look)
            if seen != self._seen:
                await self._tell(*seen)
            await asyncio.sleep(INTERVAL_S)

    async def _tell(self, pulse: Pulse | None, heartbeat: Heartbeat) -> None:
        self._seen = (pulse, heartbeat)
        async with reactive.lock():
            self.pulse.set(pulse)
            self.heartbeat.set(heartbeat)
            await reactive.flush()

    def _look(self) -> tuple[Pulse | None, Heartbeat]:
        """The old values themselves where nothing worth telling has changed: then no browser hears of it."""
        old, beat = self._seen
        now = self._clock()
        try:
            load_id, loaded_at, passed_at = self._warehouse.fetch(_LOOK).rows[0]
        except Exception as error:  # whatever it is, the watch goes on
            return old, beat if beat.failure else replace(beat, failure=_told(error))
        new = Pulse(load_id or 0, loaded_at, now)
        is_same = old is not None and old.load_id == new.load_id and now - old.as_of < AS_OF_AGE
        seen_at = max(filter(None, (passed_at, loaded_at)), default=None)
        is_late = seen_at is not None and now - seen_at > SILENCE
        seen = Heartbeat(seen_at, is_late=is_late, trouble=self._trouble())
        is_calm = replace(beat, seen_at=seen_at) == seen and _is_near(beat.seen_at, seen_at)
        return (old if is_same else new), (beat if is_calm else seen)


def _told(error: Exception) -> ClickstreamError:
    if isinstance(error, ClickstreamError):
        return error
    _log.exception("the warehouse could not be looked at")
    return ClickstreamError("looking for new loads", f"unexpected {type(error).__name__}", "the log has the details")


def _is_near(old: datetime | None, new: datetime | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(new - old) < HEARTBEAT_STEP
