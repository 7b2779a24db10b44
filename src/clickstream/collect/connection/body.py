"""Bodies that come in pieces: each bounded in size, all of them together in memory.

In: messages of ASGI. Out: the body; or why it was not taken, with a copy that says what it was. What is refused is read
on and thrown away, so that the client can read the answer, but only so far.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from clickstream.collect.envelope import MAX_BODY_BYTES, body_too_large, unavailable
from clickstream.collect.rejected import MAX_KEPT_BYTES, Copy
from clickstream.event import Rejection

MAX_READ_BYTES = 8 * MAX_BODY_BYTES
MAX_HELD_BYTES = 64 * MAX_BODY_BYTES

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Untaken:
    """A body that was not read as a whole. copy: None when nothing is wrong with it."""

    rejection: Rejection
    copy: Copy | None
    size_bytes: int


class Held:
    """What the bodies that are being read hold together."""

    def __init__(self) -> None:
        self.size_bytes = 0


class Body:
    """One body, from its first piece on. Leaving its context gives its memory back."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._data = bytearray()
        self._digest: Any = None  # of a body that is not kept
        self._refusal: Rejection | None = None
        self._size_bytes = 0

    def __enter__(self) -> Body:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.size_bytes -= len(self._data)

    async def read(self, receive: Receive) -> bytes | Untaken | None:
        """All of it, or why it was not taken; None when the client went away."""
        message = await receive()
        while message["type"] == "http.request":
            part = message.get("body", b"")
            if not message.get("more_body"):
                return self._last(part)
            self._add(part)
            if self._size_bytes > MAX_READ_BYTES:
                return self._last(b"")
            message = await receive()
        return None

    def untaken(self, rejection: Rejection) -> Untaken:
        """Why it is not taken, and a copy of what came."""
        digest = self._digest or hashlib.sha256(self._data)
        copy = Copy(bytes(self._data[:MAX_KEPT_BYTES]), self._size_bytes, digest.hexdigest())
        return Untaken(rejection, copy if rejection.status != 503 else None, self._size_bytes)

    def _last(self, part: bytes) -> bytes | Untaken:
        if not self._size_bytes and len(part) <= MAX_BODY_BYTES:
            return part
        self._add(part)
        return bytes(self._data) if self._refusal is None else self.untaken(self._refusal)

    def _add(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._refusal is not None:
            self._digest.update(part)
            return
        self._data += part
        self._held.size_bytes += len(part)
        if self._size_bytes > MAX_BODY_BYTES:
            self._refuse(body_too_large())
        elif self._held.size_bytes > MAX_HELD_BYTES:
            self._refuse(unavailable())

    def _refuse(self, rejection: Rejection) -> None:
        """Keep no more of it than a copy needs."""
        self._refusal = rejection
        self._digest = hashlib.sha256(self._data)
        self._held.size_bytes -= len(self._data[MAX_KEPT_BYTES:])
        del self._data[MAX_KEPT_BYTES:]
