"""Group commit: requests that wait together become one write, and all are answered when it is durable.

In: raw lines of one request, and whom to tell: None once they are durable, or a StoreError when not, or not in time.
A lone request is written at once. Among many, a write waits until most of those that came together lately have come
again, for at most the sink's linger. Work happens once for each group, not for each request: one timer, one hand-over
to a writer's thread and back. Memory is bounded by MAX_HELD_BYTES, waiting by ANSWER_WITHIN_S.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from clickstream.errors import StoreError
from clickstream.event import RawLine

MAX_OBJECT_BYTES = 16 * 1_048_576
MAX_HELD_BYTES = 32 * 1_048_576
ENOUGH_BYTES = 1_048_576
ANSWER_WITHIN_S = 8.0
CROWD_S = 0.5

Tell = Callable[[StoreError | None], None]
"""Called once, on the event loop: None when the lines are durable. It must not raise: others are told after it."""

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where groups of lines go. `parallel` writes may run at a time; a group waits up to `linger_s` for company.

    max_lines: of a group, unless one request has more. What takes a write longer than clients wait is written in vain.
    """

    parallel: int
    linger_s: float
    max_lines: int

    def write(self, lines: Sequence[RawLine]) -> None:
        """Return when the lines are durable; raise StoreError when they may not be. Called in threads."""


class _Group:
    """Requests that are answered together: one entry in `waiting` for each, until they were told."""

    __slots__ = ("is_settled", "lines", "opened_at", "size_bytes", "timer", "waiting")

    def __init__(self, opened_at: float) -> None:
        self.lines: list[RawLine] = []
        self.waiting: list[Tell] = []
        self.size_bytes = 0
        self.is_settled = False
        self.opened_at = opened_at
        self.timer: asyncio.TimerHandle


class GroupCommit:
    """Owns the writers of one collector process. Use as an async context; leaving it stores what waits.

    on_stored: told of each group how long its first request waited (s), and whether it is durable.
    """

    def __init__(self, sink: Sink, on_stored: Callable[[float, bool], None]) -> None:
        self._sink = sink
        self._on_stored = on_stored
        self._open: _Group | None = None
        self._sealed: deque[_Group] = deque()
        self._running = 0
        self._last_write = float("-inf")
        self._linger: asyncio.TimerHandle | None = None
        self._crowd = self._crowd_before = 0
        self._crowd_until = 0.0
        self._is_closing = False
        self._idle = asyncio.Event()
        self.waiting_requests = 0
        self.held_bytes = 0

    async def __aenter__(self) -> GroupCommit:
        self._loop = asyncio.get_running_loop()
        self._writers = ThreadPoolExecutor(self._sink.parallel, "raw-writer")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing = True
        self._start_writes()
        while self.waiting_requests:
            self._idle.clear()
            await self._idle.wait()
        self._writers.shutdown(wait=self._running == 0)

    def add(self, lines: Sequence[RawLine], tell: Tell) -> None:
        """Write `lines`, and `tell` when they are durable; or that they are not in time, or at once that too many wait.

        Whoever gives up waiting is told all the same.
        """
        size_bytes = sum(map(len, lines))
        if self.held_bytes + size_bytes > MAX_HELD_BYTES:
            tell(StoreError("storing events", "too many bytes wait to be written", "send again later"))
            return
        group = self._open
        if group is None:
            group = self._open_group()
        elif len(group.lines) + len(lines) > self._sink.max_lines or group.size_bytes + size_bytes > MAX_OBJECT_BYTES:
            self._sealed.append(group)
            group = self._open_group()
        group.lines += lines
        group.waiting.append(tell)
        group.size_bytes += size_bytes
        self.held_bytes += size_bytes
        self.waiting_requests += 1
        self._crowd = max(self._crowd, self.waiting_requests)
        if self._running < self._sink.parallel:
            self._start_writes()

    def _open_group(self) -> _Group:
        self._open = group = _Group(self._loop.time())
        group.timer = self._loop.call_later(ANSWER_WITHIN_S, self._give_up, group)
        return group

    def _start_writes(self) -> None:
        """Give the writers that are free what is ready; look again when a group has lingered long enough."""
        while self._running < self._sink.parallel:
            if self._sealed:
                self._write(self._sealed.popleft())
            elif self._open is not None and self._is_ready(self._open):
                group, self._open = self._open, None
                self._write(group)
            else:
                return

    def _is_ready(self, group: _Group) -> bool:
        if self._is_closing or len(group.waiting) >= self._enough() or group.size_bytes >= ENOUGH_BYTES:
            return True
        rest_s = self._last_write + self._sink.linger_s - self._loop.time()
        if rest_s <= 0:
            return True
        if self._linger is None:
            self._linger = self._loop.call_later(rest_s, self._after_linger)
        return False

    def _after_linger(self) -> None:
        self._linger = None
        self._start_writes()

    def _enough(self) -> int:
        """Most of the requests that were open at a time lately: when so many are here, few others can be coming."""
        return max(1, 3 * max(self._crowd, self._crowd_before) // 4)

    def _write(self, group: _Group) -> None:
        now = self._loop.time()
        if now > self._crowd_until:
            self._crowd_before, self._crowd, self._crowd_until = self._crowd, 0, now + CROWD_S
        self._running += 1
        self._writers.submit(self._write_in_thread, group)

    def _write_in_thread(self, group: _Group) -> None:
        error: StoreError | None = None
        try:
            self._sink.write(group.lines)
        except StoreError as failed:
            error = failed
        except Exception as failed:  # whoever waits must be told, whatever went wrong
            _log.exception("storing events")
            error = StoreError("storing events", f"{type(failed).__name__}", "see the log")
        self._loop.call_soon_threadsafe(self._finish, group, error)

    def _finish(self, group: _Group, error: StoreError | None) -> None:
        self._running -= 1
        self._last_write = self._loop.time()
        self._start_writes()  # first: it goes on while these are answered
        self._settle(group, error)
        self._release(group)

    def _give_up(self, group: _Group) -> None:
        """Its time is up. Not begun: it is dropped. Begun: it may still be stored, as a copy nobody was promised."""
        self._settle(group, StoreError("storing events", "the raw store is too slow", "send again later"))
        if group is self._open:
            self._open = None
        elif group in self._sealed:
            self._sealed.remove(group)
        else:
            return
        self._release(group)

    def _settle(self, group: _Group, error: StoreError | None) -> None:
        group.timer.cancel()
        if group.is_settled:
            return
        group.is_settled = True
        self.waiting_requests -= len(group.waiting)
        self._on_stored(self._loop.time() - group.opened_at, error is None)
        if error is not None:
            _log.error("%s", error, extra={"requests": len(group.waiting), "events": len(group.lines)})
        for tell in group.waiting:
            tell(error)
        group.waiting = []
        self._idle.set()

    def _release(self, group: _Group) -> None:
        self.held_bytes -= group.size_bytes
        group.lines = []
