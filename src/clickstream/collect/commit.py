"""Group commit: requests that wait together become one write, and all get their result when it is durable.

In: the raw lines of one request, and a callback. Out: the callback gets None once the lines are durable, or a
StoreError if they are not, or not in time. A single request is written at once. Under load, a write waits until most of
the recently concurrent requests have arrived again, for at most the sink's linger. Work is done once per group, not per
request: one timer, one task for a writer thread. MAX_HELD_BYTES bounds the memory, RESPOND_WITHIN_S the waiting.
Figures: docs/decisions/0002-group-commit.md.
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
FULL_GROUP_BYTES = 1_048_576
RESPOND_WITHIN_S = 8.0
CONCURRENCY_WINDOW_S = 0.5

OnStored = Callable[[StoreError | None], None]
"""Called once, on the event loop; None: the lines are durable. It must not raise: the callbacks of others follow."""

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where groups of lines are stored: up to `parallel` writes at a time; a group waits up to `linger_s` for more.

    max_lines: the limit of a group, unless one request has more. A write must not take longer than clients wait.
    """

    parallel: int
    linger_s: float
    max_lines: int

    def write(self, lines: Sequence[RawLine]) -> None:
        """Return when the lines are durable; raise StoreError if they may not be. Called in threads."""


class _Group:
    """Requests that are stored together: one callback in `waiting` for each, until all were called."""

    __slots__ = ("is_settled", "lines", "opened_at", "size_bytes", "timer", "waiting")

    def __init__(self, opened_at: float) -> None:
        self.lines: list[RawLine] = []
        self.waiting: list[OnStored] = []
        self.size_bytes = 0
        self.is_settled = False
        self.opened_at = opened_at
        self.timer: asyncio.TimerHandle


class GroupCommit:
    """Owns the writer threads of a collector. Use as an async context manager; leaving it stores what waits.

    on_commit: called for each group with the seconds that its first request waited, and whether the group is durable.
    """

    def __init__(self, sink: Sink, on_commit: Callable[[float, bool], None]) -> None:
        self._sink = sink
        self._on_commit = on_commit
        self._open: _Group | None = None
        self._sealed: deque[_Group] = deque()
        self._running = 0
        self._last_write = float("-inf")
        self._linger: asyncio.TimerHandle | None = None
        self._concurrent = self._concurrent_before = 0
        self._window_end = 0.0
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

    def add(self, lines: Sequence[RawLine], on_stored: OnStored) -> None:
        """Write `lines`, and call `on_stored` when they are durable, or are not in time.

        It is called at once with an error if too many bytes wait. It is also called if the client has disconnected.
        """
        size_bytes = sum(map(len, lines))
        if self.held_bytes + size_bytes > MAX_HELD_BYTES:
            why = f"more than {MAX_HELD_BYTES} bytes wait to be written"
            on_stored(StoreError("storing events", why, "send them again later"))
            return
        group = self._open
        if group is None:
            group = self._open_group()
        elif len(group.lines) + len(lines) > self._sink.max_lines or group.size_bytes + size_bytes > MAX_OBJECT_BYTES:
            self._sealed.append(group)
            group = self._open_group()
        group.lines += lines
        group.waiting.append(on_stored)
        group.size_bytes += size_bytes
        self.held_bytes += size_bytes
        self.waiting_requests += 1
        self._concurrent = max(self._concurrent, self.waiting_requests)
        if self._running < self._sink.parallel:
            self._start_writes()

    def _open_group(self) -> _Group:
        self._open = group = _Group(self._loop.time())
        group.timer = self._loop.call_later(RESPOND_WITHIN_S, self._give_up, group)
        return group

    def _start_writes(self) -> None:
        """Start as many writes as there are free writers and ready groups."""
        while self._running < self._sink.parallel:
            if self._sealed:
                self._write(self._sealed.popleft())
            elif self._open is not None and self._is_ready(self._open):
                group, self._open = self._open, None
                self._write(group)
            else:
                return

    def _is_ready(self, group: _Group) -> bool:
        if (
            self._is_closing
            or len(group.waiting) >= self._full_group_requests()
            or group.size_bytes >= FULL_GROUP_BYTES
        ):
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

    def _full_group_requests(self) -> int:
        """Three quarters of the recently concurrent requests: once so many are here, few others can be on their way."""
        return max(1, 3 * max(self._concurrent, self._concurrent_before) // 4)

    def _write(self, group: _Group) -> None:
        now = self._loop.time()
        if now > self._window_end:
            self._concurrent_before, self._concurrent = self._concurrent, 0
            self._window_end = now + CONCURRENCY_WINDOW_S
        self._running += 1
        self._writers.submit(self._write_in_thread, group)

    def _write_in_thread(self, group: _Group) -> None:
        error: StoreError | None = None
        try:
            self._sink.write(group.lines)
        except StoreError as failed:
            error = failed
        except Exception as failed:  # the waiting requests need a response, whatever went wrong
            _log.exception("failed to store events")
            error = StoreError("storing events", type(failed).__name__, "see the log")
        self._loop.call_soon_threadsafe(self._finish, group, error)

    def _finish(self, group: _Group, error: StoreError | None) -> None:
        self._running -= 1
        self._last_write = self._loop.time()
        self._start_writes()  # first: the next write runs while these callbacks are called
        self._settle(group, error)
        self._release(group)

    def _give_up(self, group: _Group) -> None:
        """Report that the group was not stored in time.

        If its write has not begun, it is dropped. If it has, it may still be stored, as unacknowledged copies.
        """
        why = f"the raw store did not finish within {RESPOND_WITHIN_S:g} s"
        self._settle(group, StoreError("storing events", why, "send them again later"))
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
        self._on_commit(self._loop.time() - group.opened_at, error is None)
        if error is not None:
            _log.error("%s", error, extra={"requests": len(group.waiting), "events": len(group.lines)})
        for on_stored in group.waiting:
            on_stored(error)
        group.waiting = []
        self._idle.set()

    def _release(self, group: _Group) -> None:
        self.held_bytes -= group.size_bytes
        group.lines = []
