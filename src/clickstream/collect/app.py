"""The collector as an ASGI application: HTTP only.

In: requests. Out: 2xx after the events are durable, 4xx with the reason, 503 when the store fails; no input causes
another 5xx. `intake` judges requests and forms responses, `commit` stores. `post` handles a POST whose body is
complete; `connection/direct.py` calls it without ASGI.

    POST /clickstream   one event, an array of events, or {"events": [...], "sentAt": ...}
    GET  /health        200 while the collector runs
    GET  /metrics       counters and gauges, as Prometheus text
    GET  /openapi.json  this contract, for machines
    GET  /clickstream.js, /clickstream.<hash>.js   the browser tracker (`tracker`)
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

import uuid_utils

from clickstream.collect.commit import GroupCommit, Sink
from clickstream.collect.connection.body import BodyMemory, BodyReader, Receive, RefusedBody
from clickstream.collect.envelope import (
    JSON,
    MAX_BODY_BYTES,
    Response,
    body_too_large,
    refused_response,
    unavailable,
)
from clickstream.collect.intake import PATH, PATHS, Intake, IntakeConfig
from clickstream.collect.rejected import RejectedLog
from clickstream.collect.request import Request
from clickstream.collect.tracker import TrackerScripts
from clickstream.errors import StoreError
from clickstream.event import Rejection
from clickstream.raw.contract import RawStore

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Gauges = dict[str, tuple[str, float]]
Respond = Callable[[Response], None]
"""Called once, on the event loop, with the response to a request. It must not raise."""

BODY_TIMEOUT_S = 30.0
_OPENAPI = Path(__file__).with_name("openapi.json")
_TEXT = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)


class Collector:
    """The application. `sink` stores the accepted events; excerpts of rejected input go into `store`.

    clock_ns: nanoseconds since 1970, the only clock of what is stored. gauges: further values for `GET /metrics`.
    """

    def __init__(
        self,
        store: RawStore,
        sink: Sink,
        config: IntakeConfig,
        clock_ns: Callable[[], int] = time.time_ns,
        gauges: Callable[[], Gauges] = dict,
    ) -> None:
        pages = {"/metrics": self._metrics, "/openapi.json": lambda: Response(200, _OPENAPI.read_bytes(), JSON)}
        self.intake = Intake(config, RejectedLog(store, clock_ns), pages)
        self._sink = sink
        self._clock_ns = clock_ns
        self._gauges = gauges
        self._scripts = TrackerScripts()
        self._commit: GroupCommit
        self._reading: dict[asyncio.Task[object] | None, float] = {}
        self._memory = BodyMemory()
        # A request's id is the id of this run of the collector, and the request's number in it.
        self._run = f"{uuid_utils.uuid7(nanoseconds=clock_ns()).hex}-"
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["method"] == "POST" and scope["path"] in PATHS:
                await self._post(scope, receive, send)
            else:
                await self._get(scope, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Start with the server. When it stops, store what still waits before it may end."""
        await receive()
        with self.intake.rejected.flushing():
            async with GroupCommit(self._sink, self.intake.counters.on_commit) as self._commit:
                task = asyncio.create_task(self._end_slow_bodies())
                await send({"type": "lifespan.startup.complete"})
                await receive()
                task.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _end_slow_bodies(self) -> None:
        """Cancel requests whose body does not arrive in time: one task for all, one clock reading for each."""
        while True:
            await asyncio.sleep(1)
            oldest = time.monotonic() - BODY_TIMEOUT_S
            for task in [task for task, since in self._reading.items() if since < oldest]:
                if task is not None:
                    task.cancel()

    async def _get(self, scope: Scope, send: Send) -> None:
        path, method, headers = scope["path"], scope["method"], dict(scope["headers"])
        response = self._scripts.respond(path, headers) if method in ("GET", "HEAD") else None
        await _send(send, response or self.intake.respond(method, path, headers))

    def _metrics(self) -> Response:
        gauges = {
            "waiting_requests": ("Requests whose events are not durable yet.", self._commit.waiting_requests),
            "waiting_bytes": ("Bytes of events that are held in memory.", self._commit.held_bytes),
            "unfinished_bytes": ("Bytes of bodies that have not arrived whole.", self._memory.size_bytes),
            "dropped_rejected_copies_total": (
                "Excerpts of rejected input that were not kept.",
                self.intake.rejected.dropped,
            ),
            **self._gauges(),
        }
        return Response(200, self.intake.counters.text(gauges), _TEXT)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"]
        request = self.request(scope["headers"], client[0] if client else None)
        response = self.intake.admit(request, scope["query_string"])
        if response is None:
            body = await self._read(request, receive)
            if body is None:
                return  # the client disconnected before its body was complete: there is no one to respond to
            responded: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
            self.store(request, body, partial(_set, responded))
            try:
                response = await responded
            except asyncio.CancelledError:  # the server is stopping, and the store has not finished
                response = refused_response([unavailable()])
        await _send(send, response)

    async def _read(self, request: Request, receive: Receive) -> bytes | RefusedBody | None:
        """Return the whole body, or why it is refused; None if the client disconnected."""
        if b"expect" in request.headers and int(request.headers.get(b"content-length", b"0")) > MAX_BODY_BYTES:
            return RefusedBody(body_too_large(), None, 0)  # reading would ask the client to send the body
        task = asyncio.current_task()
        self._reading[task] = time.monotonic()
        with BodyReader(self._memory) as reader:
            try:
                return await reader.read(receive)
            except asyncio.CancelledError:
                why = f"the body did not arrive within {BODY_TIMEOUT_S:g} s"
                return reader.refused(Rejection(408, "request_timeout", why))
            finally:
                del self._reading[task]

    def request(self, headers: Iterable[tuple[bytes, bytes]], peer: str | None) -> Request:
        """Return the facts of a POST to PATH. peer: the address of the connection."""
        sender = self.intake.sender(peer, headers)
        return Request("POST", PATH, dict(headers), sender, 0, f"{self._run}{next(self._numbers)}")

    def post(self, request: Request, body: bytes, respond: Respond) -> None:
        """Handle a POST that arrived whole: admit the sender, judge the body, store its events."""
        refused = self.intake.admit(request, b"")
        if refused is not None:
            respond(refused)
        else:
            self.store(request, body, respond)

    def store(self, request: Request, body: bytes | RefusedBody, respond: Respond) -> None:
        """Judge the body of an admitted POST, and `respond` once its accepted events are durable, or cannot be."""
        request.received_ns = self._clock_ns()
        envelope = self.intake.judge(request, body, self._new_id)
        if not envelope.accepted:
            respond(self.intake.refuse(request, envelope))
            return

        def on_stored(error: StoreError | None) -> None:
            respond(self.intake.acknowledge(request, envelope, error is None))

        self._commit.add(self.intake.lines(request, envelope), on_stored)

    def _new_id(self) -> str:
        return str(uuid_utils.uuid7(nanoseconds=self._clock_ns()))


async def _send(send: Send, response: Response) -> None:
    length = [] if response.status == 204 else [(b"content-length", b"%d" % len(response.body))]
    headers = [*response.headers, *length]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _set(responded: asyncio.Future[Response], response: Response) -> None:
    if not responded.done():  # cancelled, when the server had to stop at once
        responded.set_result(response)
