"""The collector as an ASGI application: HTTP only.

In: requests. Out: 2xx after the events are durable, 4xx with the reason, 503 when the store fails;
input never causes another 5xx. Judging is `envelope`'s, storing is `commit`'s.

    POST /clickstream   one event, an array of events, or {"events": [...], "sentAt": ...}
    GET  /health        200 while the store takes writes
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import uuid_utils

from clickstream.collect.commit import GroupCommit, Layout
from clickstream.collect.cors import Cors
from clickstream.collect.envelope import MAX_BODY_BYTES, Envelope, body_too_large, gunzip, read_envelope
from clickstream.collect.rejected import RejectedLog
from clickstream.collect.request import ingest_block, raw_lines
from clickstream.errors import StoreError
from clickstream.event import Rejection
from clickstream.raw.store import LocalStore

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

BODY_TIMEOUT_S = 30.0
MAX_READ_BYTES = 8 * MAX_BODY_BYTES
RETRY_AFTER_S = 5
_JSON: Headers = [(b"content-type", b"application/json")]
_log = logging.getLogger(__name__)


class Collector:
    """The application. `clock_ns` (nanoseconds since 1970) is the only clock in here."""

    def __init__(
        self,
        store: LocalStore,
        *,
        layout: Layout = "batch",
        origins: tuple[str, ...] = (),
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = store
        self._layout: Layout = layout
        self._cors = Cors(origins)
        self._clock_ns = clock_ns
        self._rejected = RejectedLog(store, clock_ns)
        self._commit: GroupCommit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._route(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start with the server; at its end, store what still waits and only then let it stop."""
        await receive()
        async with GroupCommit(self._store, self._clock_ns, self._layout) as self._commit:
            task = asyncio.create_task(self._rejected.run())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            task.cancel()
        self._rejected.flush()
        await send({"type": "lifespan.shutdown.complete"})

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        headers = dict(scope["headers"])
        extra = self._cors.headers(headers.get(b"origin"))
        if path == "/clickstream" and method == "POST":
            await self._take(scope, headers, receive, send, extra)
        elif path == "/clickstream" and method == "OPTIONS":
            await _respond(send, 204, b"", extra + self._cors.preflight(headers.get(b"origin")))
        elif path == "/health" and method in ("GET", "HEAD"):
            await _respond(send, 200, b'{"status": "ok"}', extra + _JSON)
        elif path in ("/clickstream", "/health"):
            allowed = b"POST, OPTIONS" if path == "/clickstream" else b"GET"
            refusal = Rejection(405, "method_not_allowed", f"{method} is not for {path}")
            await _refuse(send, [refusal], [*extra, (b"allow", allowed)])
        else:
            await _refuse(send, [Rejection(404, "not_found", "send events to POST /clickstream")], extra)

    async def _take(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send, extra: Headers
    ) -> None:
        """Judge one POST, store what is accepted, and answer."""
        now_ns = self._clock_ns()
        body = await _read_body(headers, receive)
        if body is None:
            return  # the client went away before its body was whole: nobody waits for an answer
        envelope = (
            Envelope(rejected=[body])
            if isinstance(body, Rejection)
            else read_envelope(body, lambda: str(uuid_utils.uuid7()))
        )
        ingest = ingest_block(scope, headers, now_ns, str(uuid_utils.uuid7()))
        for rejection in envelope.rejected:
            data = body if rejection.index is None else msgspec.json.encode(rejection.original)
            self._rejected.put(data if isinstance(data, bytes) else b"", rejection, ingest)
        if not envelope.accepted:
            await _refuse(send, envelope.rejected, extra)
            return
        try:
            await self._commit.store(raw_lines(envelope.accepted, ingest, envelope.sent_at))
        except StoreError as error:
            _log.error("%s", error)
            await _refuse(
                send, [Rejection(503, "unavailable", "the events could not be stored; send them again")], extra
            )
            return
        await _respond(send, 200, _success(envelope), extra + _JSON)


async def _read_body(headers: dict[bytes, bytes], receive: Receive) -> bytes | Rejection | None:
    """The request's body, unpacked; a Rejection; or None when the client went away."""
    body = await _receive_in_time(receive)
    if not isinstance(body, bytes):
        return body
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type not in (b"", b"application/json", b"text/plain"):
        return Rejection(415, "unsupported_media_type", "send application/json or text/plain")
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"gzip", b"identity", b""):
        return Rejection(415, "unsupported_media_type", "the only content-encoding is gzip")
    return gunzip(body) if encoding == b"gzip" and body else body


async def _receive_in_time(receive: Receive) -> bytes | Rejection | None:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _receive_all(receive)
    except TimeoutError:
        return Rejection(408, "request_timeout", f"the body did not come within {BODY_TIMEOUT_S:.0f} s")


async def _receive_all(receive: Receive) -> bytes | Rejection | None:
    """Read to the end, so that the client can read the answer; what is too large is read and thrown away."""
    parts: list[bytes] = []
    size_bytes = 0
    while size_bytes <= MAX_READ_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        size_bytes += len(message.get("body", b""))
        if size_bytes <= MAX_BODY_BYTES:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts) if size_bytes <= MAX_BODY_BYTES else body_too_large()


def _success(envelope: Envelope) -> bytes:
    return msgspec.json.encode(
        {"success": True, "accepted": len(envelope.accepted), "rejected": _listed(envelope.rejected)}
    )


def _listed(rejections: list[Rejection]) -> list[dict[str, Any]]:
    return [
        {"index": rejection.index, "error": rejection.code, "message": rejection.message}
        for rejection in rejections
        if rejection.index is not None
    ]


async def _refuse(send: Send, rejections: list[Rejection], extra: Headers) -> None:
    """Answer with the first rejection's status and code, and the list of all."""
    first = rejections[0]
    body = {"success": False, "error": first.code, "message": first.message, "rejected": _listed(rejections)}
    headers = extra + _JSON
    if first.status == 503:
        headers = [*headers, (b"retry-after", str(RETRY_AFTER_S).encode())]
    if first.code in ("body_too_large", "request_timeout"):
        headers = [*headers, (b"connection", b"close")]  # what is left of the body is not read
    await _respond(send, first.status, msgspec.json.encode(body), headers)


async def _respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
