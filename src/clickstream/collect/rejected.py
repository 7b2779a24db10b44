"""Copies of refused input, for whoever has to find out why: `rejected/YYYY/MM/DD/rejected-<uuidv7>.ndjson`.

Best effort by design: at most 8 KiB of each and its SHA-256, never waited for, bounded in memory,
overflow counted and dropped. The answer to the client already said what was refused and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import uuid_utils

from clickstream.collect.envelope import Envelope
from clickstream.event import Rejection
from clickstream.raw.contract import RawStore

MAX_KEPT_BYTES = 8_192
MAX_WAITING = 1_000


def copies(body: bytes | Rejection, envelope: Envelope) -> Iterator[tuple[bytes, Rejection]]:
    """What was refused of a request, each with its reason: the body as it came, or single events as JSON."""
    for rejection in envelope.rejected:
        if rejection.index is not None:
            yield msgspec.json.encode(rejection.original), rejection
        else:
            yield body if isinstance(body, bytes) else b"", rejection


class RejectedLog:
    """Collects refused input until `flush` writes it."""

    def __init__(self, store: RawStore, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._clock_ns = clock_ns
        self._waiting: list[bytes] = []
        self.dropped = 0

    def put(self, data: bytes, rejection: Rejection, request: dict[str, Any], is_kept: bool = True) -> None:
        """Note `data` (a body, or one event of it as JSON) that was refused for `rejection`; `is_kept`: with bytes."""
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
            return
        entry = {
            "error": rejection.code,
            "message": rejection.message,
            "index": rejection.index,
            "sizeBytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "head": data[:MAX_KEPT_BYTES].decode("utf-8", "backslashreplace") if is_kept else None,
            "_ingest": request,
        }
        self._waiting.append(msgspec.json.encode(entry))

    def flush(self) -> None:
        if not self._waiting:
            return
        lines, self._waiting = self._waiting, []
        now_ns = self._clock_ns()
        day = datetime.fromtimestamp(now_ns / 1e9, UTC).date()
        key = f"rejected/{day:%Y/%m/%d}/rejected-{uuid_utils.uuid7(nanoseconds=now_ns)}.ndjson"
        self._store.put_unsynced(key, b"\n".join(lines) + b"\n")
