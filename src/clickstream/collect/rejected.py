"""Copies of refused input, for whoever has to find out why: `rejected/YYYY/MM/DD/rejected-<uuidv7>.ndjson`.

Best effort by design: at most 8 KiB of each and its SHA-256, never waited for, bounded in memory,
overflow counted and dropped. The answer to the client already said what was refused and why.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import uuid_utils

from clickstream.event import Rejection
from clickstream.raw.store import LocalStore

MAX_KEPT_BYTES = 8_192
MAX_WAITING = 1_000
FLUSH_S = 1.0


class RejectedLog:
    """Collects refused input and writes it once a second."""

    def __init__(self, store: LocalStore, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._clock_ns = clock_ns
        self._waiting: list[bytes] = []
        self.dropped = 0

    def put(self, data: bytes, rejection: Rejection, request: dict[str, Any]) -> None:
        """Note `data` (a body, or one event of it as JSON) that was refused for `rejection`."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        entry = {
            "error": rejection.code,
            "message": rejection.message,
            "index": rejection.index,
            "sizeBytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "head": data[:MAX_KEPT_BYTES].decode("utf-8", "backslashreplace"),
            "_ingest": request,
        }
        self._waiting.append(msgspec.json.encode(entry))

    async def run(self) -> None:
        """Write what has come, once a second, for ever."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        if not self._waiting:
            return
        lines, self._waiting = self._waiting, []
        now_ns = self._clock_ns()
        day = datetime.fromtimestamp(now_ns / 1e9, UTC).date()
        key = f"rejected/{day:%Y/%m/%d}/rejected-{uuid_utils.uuid7(nanoseconds=now_ns)}.ndjson"
        self._store.put_unsynced(key, b"\n".join(lines) + b"\n")
