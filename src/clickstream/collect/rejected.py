"""Copies of refused input, for whoever has to find out why: `rejected/YYYY/MM/DD/rejected-<uuidv7>.ndjson`.

Best effort by design: at most 8 KiB of each and its SHA-256, never waited for, overflow counted and dropped: a `flush`
writes little more than MAX_WAITING_BYTES. The answer to the client already said what was refused and why.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import uuid_utils

from clickstream.collect.envelope import Envelope
from clickstream.event import Rejection
from clickstream.raw.contract import RawStore

MAX_KEPT_BYTES = 8_192
MAX_WAITING_BYTES = 65_536
FLUSH_EVERY_S = 1.0
LAST_FLUSH_WITHIN_S = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of refused bytes: the first ones, and what tells them from others."""

    head: bytes
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> Copy:
        return cls(data[:MAX_KEPT_BYTES], len(data), hashlib.sha256(data).hexdigest())


def copies(body: bytes | Copy, envelope: Envelope) -> Iterator[tuple[bytes | Copy, Rejection]]:
    """What was refused of a request, each with its reason: the body as it came, or single events as JSON."""
    for rejection in envelope.rejected:
        if rejection.index is not None:
            yield msgspec.json.encode(rejection.original), rejection
        else:
            yield body, rejection


class RejectedLog:
    """Collects refused input until `flush` writes it."""

    def __init__(self, store: RawStore, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._clock_ns = clock_ns
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.dropped = 0

    def put(self, data: bytes | Copy, rejection: Rejection, request: dict[str, Any], is_kept: bool = True) -> None:
        """Note `data` (a body, or one event of it as JSON) that was refused for `rejection`; `is_kept`: with bytes."""
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            self.dropped += 1
            return
        copy = data if isinstance(data, Copy) else Copy.of(data)
        entry = {
            "error": rejection.code,
            "message": rejection.message,
            "index": rejection.index,
            "sizeBytes": copy.size_bytes,
            "sha256": copy.sha256,
            # Text as far as it is text, not base64: `clickstream forget` looks for ids in it.
            "head": copy.head.decode("utf-8", "backslashreplace") if is_kept else None,
            "_ingest": request,
        }
        line = msgspec.json.encode(entry)
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    @contextmanager
    def flushed(self) -> Iterator[None]:
        """Flush once a second while the block lasts, and at its end: in a thread that nothing waits for long."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._flush_until, args=(is_over,), name="rejected", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(LAST_FLUSH_WITHIN_S)

    def _flush_until(self, is_over: threading.Event) -> None:
        is_last = False
        while not is_last:
            is_last = is_over.wait(FLUSH_EVERY_S)
            try:
                self.flush()
            except Exception:  # the loss costs nothing: go on
                _log.exception("keeping copies of refused input")

    def flush(self) -> None:
        if not self._waiting:
            return
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        now_ns = self._clock_ns()
        day = datetime.fromtimestamp(now_ns / 1e9, UTC).date()
        key = f"rejected/{day:%Y/%m/%d}/rejected-{uuid_utils.uuid7(nanoseconds=now_ns)}.ndjson"
        self._store.put_unsynced(key, b"\n".join(lines) + b"\n")
