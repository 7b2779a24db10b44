"""The load that the dashboards show: one look at the mart per second, for all browsers together.

In: the keeper of the mart, and a clock. Out: `snapshot`, a reactive value that changes when the mart has a new load,
and `loader_status`, when the loader last finished a pass. The watch runs only while a browser is connected. On a live
site new loads are shown at a pace that follows the cost of their answers: about a twentieth of one processor.

`live` is the snapshot of the page Live: its `as_of` moves every few seconds, with or without a new load, while a
browser shows that page.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shiny import reactive

from clickstream.errors import ClickstreamError
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import mart_position
from clickstream.mart.source import Position
from clickstream.metrics.rules.local_time import instant
from clickstream.pace import LONGEST_SILENCE, pause_after
from clickstream.warehouse.notes import Note, list_notes

_log = logging.getLogger(__name__)

INTERVAL_S = 1.0
MAX_AS_OF_AGE = timedelta(minutes=5)  # without new loads: days begin, open sessions end
MIN_STATUS_CHANGE = timedelta(seconds=30)  # smaller changes of `seen_at` are not sent to browsers
MAX_SILENCE = timedelta(minutes=3)  # an idle loader records a pass every minute; after this it counts as stopped

LONGEST_PAUSE_S = 30.0
LIVE_PAUSE_S, LONGEST_LIVE_PAUSE_S = 5.0, 10.0  # between two moments of `live`; longer if answers are expensive
FIRST_WAIT_S = 5.0

MAX_NOTES = 1000  # of the latest days

_PASSED_AT = "select greatest((select max(loaded_at) from loads), (select max(started_at) from passes))"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The load behind every number on screen. load_id is 0 before the first load."""

    load_id: int
    loaded_at: datetime | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class LoaderSource:
    """The loader of the warehouse.

    is_elsewhere: another process runs it, on its own schedule. trouble: returns why loading fails, "" if it does not or
    if that is not known; called once a second, on a thread.
    """

    is_elsewhere: bool = False
    trouble: Callable[[], str] = str

    @property
    def max_silence(self) -> timedelta:
        """How long no pass may finish before the loader counts as stopped."""
        return LONGEST_SILENCE if self.is_elsewhere else MAX_SILENCE


@dataclass(frozen=True, slots=True)
class LoaderStatus:
    """When the loader last finished a pass.

    failure: why the warehouse cannot be read. is_late: the next pass is overdue. trouble: why loading fails, "" = it
    does not. building: how much of the mart's first build is done, None while there are answers. is_elsewhere: as in
    LoaderSource.
    """

    seen_at: datetime | None
    failure: ClickstreamError | None = None
    is_late: bool = False
    trouble: str = ""
    building: tuple[int, int] | None = None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class AnswerCosts:
    """Seconds that the newest answers took to compute: those of all pages but Live, and those of the page Live."""

    of_load: Callable[[], float]
    of_live: Callable[[], float]


class LoadWatch:
    """Checks for new loads once a second while at least one browser is connected."""

    def __init__(
        self,
        keeper: MartKeeper,
        clock: Callable[[], datetime],
        threads: Executor,
        loader: LoaderSource,
        costs: AnswerCosts,
    ) -> None:
        self._keeper = keeper
        self._costs = costs
        self._live_viewers = 0
        self._live_at = 0.0
        self._published_at = 0.0
        self._clock = clock
        self._loader = loader
        self._threads = threads
        self._browsers = 0
        self._task: asyncio.Task[None] | None = None
        self._current: tuple[Snapshot | None, LoaderStatus] = (None, LoaderStatus(None))
        self.snapshot: reactive.Value[Snapshot | None] = reactive.Value(None, name="snapshot")
        self.live: reactive.Value[Snapshot | None] = reactive.Value(None, name="live")
        self.loader_status: reactive.Value[LoaderStatus] = reactive.Value(LoaderStatus(None), name="loader_status")
        self.notes: reactive.Value[list[Note]] = reactive.Value([], name="notes")
        self._current_notes: list[Note] = []

    def add_browser(self) -> None:
        """Count one more connected browser. Call it on the event loop."""
        self._browsers += 1
        self._keeper.add_watcher()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def remove_browser(self) -> None:
        """Count one browser less; the watch stops after the last one."""
        self._browsers -= 1
        self._keeper.remove_watcher()
        if self._browsers == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    def add_live_viewer(self) -> None:
        """Keep `live` current until as many viewers are removed as were added. Call it on the event loop."""
        self._live_viewers += 1
        if self._is_live_due():
            self._advance_live()

    def remove_live_viewer(self) -> None:
        self._live_viewers -= 1

    def _is_live_due(self) -> bool:
        """Whether `live` must move. It stops while the warehouse cannot be read: its last minutes would look empty."""
        snapshot, status = self._current
        if not self._live_viewers or snapshot is None or status.failure:
            return False
        pause = pause_after(self._costs.of_live(), LIVE_PAUSE_S, LONGEST_LIVE_PAUSE_S)
        return time.monotonic() - self._live_at >= pause

    def _advance_live(self) -> None:
        snapshot, _ = self._current
        assert snapshot
        self._live_at = time.monotonic()
        self.live.set(replace(snapshot, as_of=self._clock()))

    async def _run(self) -> None:
        while True:
            current = await asyncio.get_running_loop().run_in_executor(self._threads, self._check)
            if current != self._current:
                await self._publish(*current)
            if self._is_live_due():
                async with reactive.lock():
                    self._advance_live()
                    await reactive.flush()
            await self._follow_notes()
            await asyncio.sleep(INTERVAL_S)

    async def _follow_notes(self) -> None:
        """Publish the notes if they have changed. While they cannot be read, the old ones stay."""
        try:
            notes = await asyncio.get_running_loop().run_in_executor(
                self._threads, list_notes, self._keeper.warehouse, MAX_NOTES
            )
        except ClickstreamError:
            return
        if notes != self._current_notes:
            self._current_notes = notes
            async with reactive.lock():
                self.notes.set(notes)
                await reactive.flush()

    async def _publish(self, snapshot: Snapshot | None, loader_status: LoaderStatus) -> None:
        if snapshot != self._current[0]:
            self._published_at = time.monotonic()
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
            seen_at = self._keeper.warehouse.fetch(_PASSED_AT).rows[0][0]
            position = self._position(is_first=old is None)
            if self._keeper.failure:
                raise self._keeper.failure
        except Exception as error:  # the watch continues after any error
            return old, status if status.failure else replace(status, failure=_as_clickstream_error(error))
        is_late = seen_at is not None and now - seen_at > self._loader.max_silence
        building = None if position.epoch else self._keeper.building or (0, 0)
        new_status = LoaderStatus(
            seen_at,
            is_late=is_late,
            trouble=self._loader.trouble(),
            building=building,
            is_elsewhere=self._loader.is_elsewhere,
        )
        is_unchanged = replace(status, seen_at=seen_at) == new_status and _is_near(status.seen_at, seen_at)
        return self._snapshot(old, position, now), (status if is_unchanged else new_status)

    def _position(self, *, is_first: bool) -> Position:
        """Return what the mart shows. Before the first answers it is brought up to date, unless that takes long."""
        position = mart_position(self._keeper.mart)
        if is_first and position.epoch:
            self._keeper.wait(FIRST_WAIT_S)
            position = mart_position(self._keeper.mart)
        return position

    def _snapshot(self, old: Snapshot | None, position: Position, now: datetime) -> Snapshot | None:
        """Return the snapshot to show: the old one while nothing is new, or while it is too soon for new answers."""
        if not position.epoch:
            return None
        loaded_at = None if position.loaded_at is None else instant(position.loaded_at)
        new = Snapshot(position.load_id, loaded_at, now)
        if old is None:
            return new
        if old.load_id == new.load_id:
            return old if now - old.as_of < MAX_AS_OF_AGE else new
        pause = pause_after(self._costs.of_load(), 0.0, LONGEST_PAUSE_S)
        return new if time.monotonic() - self._published_at >= pause else old


def _as_clickstream_error(error: Exception) -> ClickstreamError:
    if isinstance(error, ClickstreamError):
        return error
    _log.exception("checking the warehouse for new loads failed")
    return ClickstreamError("checking for new loads", f"unexpected {type(error).__name__}", "see the log for details")


def _is_near(old: datetime | None, new: datetime | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(new - old) < MIN_STATUS_CHANGE
