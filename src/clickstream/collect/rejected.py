"""Excerpts of rejected input, kept for debugging: `rejected/YYYY/MM/DD/rejected-<uuidv7>.ndjson`.

In: rejected bodies and events with their reasons. Out: raw objects, best effort by design: at most 8 KiB and the
SHA-256 of each, written once a second, never waited for. More than about MAX_WAITING_BYTES a second are counted and
dropped. The client has the reason already: it is in the response.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

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
class Excerpt:
    """The beginning of rejected bytes, with the size and the hash of all of them."""

    head: bytes
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> Excerpt:
        return cls(data[:MAX_KEPT_BYTES], len(data), hashlib.sha256(data).hexdigest())


def rejected_parts(body: bytes | Excerpt, envelope: Envelope) -> Iterator[tuple[bytes | Excerpt, Rejection]]:
    """Yield each rejected part of a request with its reason: the whole body, or single events as JSON."""
    for rejection in envelope.rejected:
        data = body
        if rejection.index is not None:
            with suppress(RecursionError):  # an event nested so deep is described by the whole body
                data = msgspec.json.encode(rejection.original)
        yield data, rejection


class RejectedLog:
    """Collects excerpts until `flush` writes them."""

    def __init__(self, store: RawStore, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._clock_ns = clock_ns
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self.dropped = 0

    def put(
        self, data: bytes | Excerpt, rejection: Rejection, ingest: dict[str, object], with_head: bool = True
    ) -> None:
        """Add rejected data: a body, or one of its events as JSON. with_head: keep the beginning of its bytes too."""
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            self.dropped += 1
            return
        excerpt = data if isinstance(data, Excerpt) else Excerpt.of(data)
        entry = {
            "error": rejection.code,
            "message": rejection.message,
            "index": rejection.index,
            "sizeBytes": excerpt.size_bytes,
            "sha256": excerpt.sha256,
            # Text where it is text, not base64: `clickstream forget` searches it for ids.
            "head": excerpt.head.decode("utf-8", "backslashreplace") if with_head else None,
            "_ingest": ingest,
        }
        line = msgspec.json.encode(entry)
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Flush once a second during the block, and at its end. A thread does it: a slow store delays nothing else."""
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
            except Exception:  # the excerpts may be lost; the thread must go on
                _log.exception("failed to store excerpts of rejected input")

    def flush(self) -> None:
        """Write what was put since the last flush."""
        if not self._waiting:
            return
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        now_ns = self._clock_ns()
        day = datetime.fromtimestamp(now_ns / 1e9, UTC).date()
        key = f"rejected/{day:%Y/%m/%d}/rejected-{uuid_utils.uuid7(nanoseconds=now_ns)}.ndjson"
        self._store.put_unsynced(key, b"\n".join(lines) + b"\n")
