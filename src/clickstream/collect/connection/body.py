"""Bodies that arrive in pieces: each bounded in size, and all of them together in memory.

In: ASGI messages. Out: the whole body, or a RefusedBody with an excerpt. A refused body is read further and discarded,
so that the client can read the response, but only up to MAX_READ_BYTES.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from clickstream.collect.envelope import MAX_BODY_BYTES, body_too_large, unavailable
from clickstream.collect.rejected import MAX_KEPT_BYTES, Excerpt
from clickstream.event import Rejection

MAX_READ_BYTES = 8 * MAX_BODY_BYTES
MAX_HELD_BYTES = 64 * MAX_BODY_BYTES

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class RefusedBody:
    """A body that was not read whole. excerpt: what arrived of it; None if nothing did, or if it is not at fault."""

    rejection: Rejection
    excerpt: Excerpt | None
    size_bytes: int


class BodyMemory:
    """The memory that all unfinished bodies use together."""

    def __init__(self) -> None:
        self.size_bytes = 0


class BodyReader:
    """Reads one body. Leaving its context releases its memory."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._data = bytearray()
        self._digest: Any = None  # of a body that is discarded
        self._rejection: Rejection | None = None
        self._size_bytes = 0

    def __enter__(self) -> BodyReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.size_bytes -= len(self._data)

    async def read(self, receive: Receive) -> bytes | RefusedBody | None:
        """Return the whole body, or why it is refused; None if the client disconnected."""
        message = await receive()
        while message["type"] == "http.request":
            part = message.get("body", b"")
            if not message.get("more_body"):
                return self._finish(part)
            self._add(part)
            if self._size_bytes > MAX_READ_BYTES:
                return self._finish(b"")
            message = await receive()
        return None

    def refused(self, rejection: Rejection) -> RefusedBody:
        """Return the body as refused, with an excerpt of what has arrived."""
        digest = self._digest or hashlib.sha256(self._data)
        excerpt = Excerpt(bytes(self._data[:MAX_KEPT_BYTES]), self._size_bytes, digest.hexdigest())
        return RefusedBody(rejection, excerpt if rejection.status != 503 else None, self._size_bytes)

    def _finish(self, part: bytes) -> bytes | RefusedBody:
        if not self._size_bytes and len(part) <= MAX_BODY_BYTES:
            return part
        self._add(part)
        return bytes(self._data) if self._rejection is None else self.refused(self._rejection)

    def _add(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._rejection is not None:
            self._digest.update(part)
            return
        self._data += part
        self._memory.size_bytes += len(part)
        if self._size_bytes > MAX_BODY_BYTES:
            self._refuse(body_too_large())
        elif self._memory.size_bytes > MAX_HELD_BYTES:
            self._refuse(unavailable())

    def _refuse(self, rejection: Rejection) -> None:
        """Discard what an excerpt does not need."""
        self._rejection = rejection
        self._digest = hashlib.sha256(self._data)
        self._memory.size_bytes -= len(self._data[MAX_KEPT_BYTES:])
        del self._data[MAX_KEPT_BYTES:]
