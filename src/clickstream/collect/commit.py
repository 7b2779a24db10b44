"""Group commit: requests that wait together become one raw object, and each is answered when it is stored.

In: raw lines of one request. Out: nothing, once they are durable; StoreError when they are not.
A lone request is written at once. While objects follow one another, the next one waits up to LINGER_S
for company, so that a busy minute makes hundreds of objects, not tens of thousands. Memory is bounded
by MAX_WAITING_BYTES. The object's name is taken when its upload starts (raw/keys.py).
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import uuid_utils

from clickstream.errors import StoreError
from clickstream.event import RawLine
from clickstream.raw.keys import batch_key, event_key
from clickstream.raw.store import LocalStore

LINGER_S = 0.010
LINGER_LINES = 32
MAX_OBJECT_LINES = 10_000
MAX_OBJECT_BYTES = 16 * 1_048_576
MAX_WAITING_BYTES = 64 * 1_048_576

Layout = Literal["batch", "single"]


@dataclass(slots=True)
class _Waiting:
    lines: Sequence[RawLine]
    size_bytes: int
    stored: asyncio.Future[None]


class GroupCommit:
    """Owns the only writer of one collector process. Use as an async context; leaving it stores what waits."""

    def __init__(self, store: LocalStore, clock_ns: Callable[[], int], layout: Layout = "batch") -> None:
        self._store = store
        self._clock_ns = clock_ns
        self._layout = layout
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._waiting_lines = 0
        self._arrived = asyncio.Event()
        self._enough = asyncio.Event()
        self._writer = ThreadPoolExecutor(1, "raw-writer")

    async def __aenter__(self) -> GroupCommit:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._waiting:
            await asyncio.gather(*(entry.stored for entry in self._waiting), return_exceptions=True)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.shutdown()

    async def store(self, lines: Sequence[RawLine]) -> None:
        """Return when `lines` are durable. Raises StoreError when they could not be stored, or too many wait."""
        size_bytes = sum(map(len, lines))
        if self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            raise StoreError("storing events", "too many bytes wait to be written", "send again later")
        entry = _Waiting(lines, size_bytes, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._waiting_bytes += size_bytes
        self._waiting_lines += len(lines)
        self._arrived.set()
        if self._waiting_lines >= LINGER_LINES:
            self._enough.set()
        await entry.stored

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last_write = float("-inf")
        while True:
            await self._arrived.wait()
            pause_s = last_write + LINGER_S - loop.time()
            if pause_s > 0 and not self._enough.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._enough.wait(), pause_s)
            last_write = loop.time()
            await self._write(self._take())

    def _take(self) -> list[_Waiting]:
        """The requests of the next object, oldest first; a request is never split."""
        lines = size_bytes = count = 0
        for entry in self._waiting:
            lines, size_bytes = lines + len(entry.lines), size_bytes + entry.size_bytes
            if count and (lines > MAX_OBJECT_LINES or size_bytes > MAX_OBJECT_BYTES):
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_lines -= sum(len(entry.lines) for entry in group)
        if not self._waiting:
            self._arrived.clear()
        if self._waiting_lines < LINGER_LINES:
            self._enough.clear()
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        lines = [line for entry in group for line in entry.lines]
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._put, lines)
        except Exception as error:  # whoever waits must be told, whatever went wrong
            for entry in group:
                if not entry.stored.done():
                    entry.stored.set_exception(error)
        else:
            for entry in group:
                if not entry.stored.done():
                    entry.stored.set_result(None)
        finally:
            self._waiting_bytes -= sum(entry.size_bytes for entry in group)

    def _put(self, lines: list[RawLine]) -> None:
        """Runs on the writer's thread: packing and waiting for the disk both let the event loop go on."""
        if self._layout == "single" or len(lines) == 1:
            self._store.put([(event_key(self._new_name()), line) for line in lines])
        else:
            data = gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1, mtime=0)
            self._store.put([(batch_key(self._new_name(), len(lines)), data)])

    def _new_name(self) -> UUID:
        return UUID(int=uuid_utils.uuid7(nanoseconds=self._clock_ns()).int)
