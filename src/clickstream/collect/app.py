"""The collector as an ASGI application: HTTP only.

In: requests. Out: 2xx after the events are durable, 4xx with the reason, 503 when the store fails;
input never causes another 5xx. Judging is `envelope`'s, noting `request`'s, storing `commit`'s. What a POST does once
its body is here stands in `take`, which `connection/direct.py` calls without ASGI in between.

    POST /clickstream   one event, an array of events, or {"events": [...], "sentAt": ...}
    GET  /health        200 while the collector runs
    GET  /metrics       what it has done, as Prometheus text
    GET  /openapi.json  this contract, for machines
    GET  /clickstream.js, /clickstream.<hash>.js   the browser tracker (`tracker`)
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import uuid_utils

from clickstream.collect.commit import GroupCommit, Sink
from clickstream.collect.connection.body import Body, Held, Receive, Untaken
from clickstream.collect.counters import Counters
from clickstream.collect.door import Cors, Door, Headers, Rules
from clickstream.collect.envelope import (
    JSON,
    Answer,
    Envelope,
    accepted_answer,
    refused_answer,
    unavailable,
)
from clickstream.collect.objects import StoreSink
from clickstream.collect.rejected import Copy, RejectedLog, copies
from clickstream.collect.request import Notes, Request, read_events
from clickstream.collect.tracker import TrackerScripts
from clickstream.errors import StoreError
from clickstream.event import Rejection
from clickstream.raw.contract import RawStore

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/clickstream"
BODY_TIMEOUT_S = 30.0
_OPENAPI = Path(__file__).with_name("openapi.json")
_TEXT = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Options:
    """How a collector behaves. sink: where accepted events go when not straight into the raw store."""

    notes: Notes = field(default_factory=Notes)
    rules: Rules = field(default_factory=Rules)
    origins: tuple[str, ...] = ()
    sink: Sink | None = None
    gauges: Callable[[], dict[str, tuple[str, float]]] = dict
    body_timeout_s: float = BODY_TIMEOUT_S


class Collector:
    """The application. `clock_ns` (nanoseconds since 1970) is the only clock of what is stored."""

    def __init__(
        self, store: RawStore, options: Options | None = None, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        options = options or Options()
        self._options = options
        self._notes = options.notes
        self._cors = Cors(options.origins)
        self._door = Door(options.rules)
        self._clock_ns = clock_ns
        self._sink = options.sink or StoreSink(store, "batch", clock_ns)
        self._rejected = RejectedLog(store, clock_ns)
        self._scripts = TrackerScripts()
        self._counters = Counters()
        self._commit: GroupCommit
        self._answers = self._counters.answers
        self._reading: dict[asyncio.Task[Any] | None, float] = {}
        self._bodies = Held()
        # A request's id says which life of the collector took it, and as which of its requests.
        self._life = f"{uuid_utils.uuid7(nanoseconds=clock_ns()).hex}-"
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] == PATH and scope["method"] == "POST":
                await self._take(scope, receive, send)
            else:
                await self._route(scope, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start with the server; at its end, store what still waits and only then let it stop."""
        await receive()
        with self._rejected.flushed():
            async with GroupCommit(self._sink, self._counters.on_stored) as self._commit:
                task = asyncio.create_task(self._end_slow_bodies())
                await send({"type": "lifespan.startup.complete"})
                await receive()
                task.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _end_slow_bodies(self) -> None:
        """End requests whose body does not come."""
        while True:
            await asyncio.sleep(1)
            oldest = time.monotonic() - self._options.body_timeout_s
            for task in [task for task, since in self._reading.items() if since < oldest]:
                if task is not None:
                    task.cancel()

    async def _route(self, scope: Scope, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        extra = self._cors_headers(origin)
        if path == PATH and method == "OPTIONS":
            answer = Answer(204, b"", tuple(self._cors.preflight(origin)))
        elif method in ("GET", "HEAD") and (page := self._page(path)) is not None:
            answer = page
        elif path == PATH or self._page(path) is not None:
            allowed = b"POST, OPTIONS" if path == PATH else b"GET, HEAD"
            answer = refused_answer([Rejection(405, "method_not_allowed", f"{method} is not for {path}")])
            extra = [*extra, (b"allow", allowed)]
        elif method in ("GET", "HEAD") and (script := self._scripts.answer(path, headers)) is not None:
            answer, extra = Answer(script.status, script.body, tuple(script.headers)), []
        else:
            answer = refused_answer([Rejection(404, "not_found", "send events to POST /clickstream")])
        await _respond(send, answer.with_headers(extra))

    def _page(self, path: str) -> Answer | None:
        if path == "/health":
            return Answer(200, b'{"status": "ok"}', JSON)
        if path == "/metrics":
            return Answer(200, self._counters.text(self._gauges()), _TEXT)
        if path == "/openapi.json":
            return Answer(200, _OPENAPI.read_bytes(), JSON)
        return None

    def _gauges(self) -> dict[str, tuple[str, float]]:
        return {
            "waiting_requests": ("Requests whose events are not durable yet.", self._commit.waiting_requests),
            "waiting_bytes": ("Bytes of events that are held in memory.", self._commit.held_bytes),
            "unfinished_bytes": ("Bytes of bodies that have not come whole.", self._bodies.size_bytes),
            "dropped_rejected_copies_total": ("Copies of refused input that were not kept.", self._rejected.dropped),
            **self._options.gauges(),
        }

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one POST. All that guarding against slow senders costs is one look at the clock."""
        client = scope["client"]
        request = self.request(scope["headers"], client[0] if client else None)
        answer = self.turn_away(request, scope["query_string"])
        if answer is None:
            body = await self._read(receive)
            if body is None:
                return  # the client went away before its body was whole: nobody waits for an answer
            told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self.take(request, body, partial(_tell, told))
            try:
                answer = await told
            except asyncio.CancelledError:  # the server was told to stop, and the store did not answer
                answer = refused_answer([unavailable()])
        await _respond(send, answer)

    async def _read(self, receive: Receive) -> bytes | Untaken | None:
        """The whole body, or why it is none; None when the client went away."""
        task = asyncio.current_task()
        self._reading[task] = time.monotonic()
        with Body(self._bodies) as body:
            try:
                return await body.read(receive)
            except asyncio.CancelledError:
                why = f"the body did not come in {self._options.body_timeout_s:g} s"
                return body.untaken(Rejection(408, "request_timeout", why))
            finally:
                del self._reading[task]

    def request(self, headers: Iterable[tuple[bytes, bytes]], peer: str | None) -> Request:
        """A POST to PATH whose head has come. `peer` is the address of the connection."""
        sender = self._door.sender(peer, headers)
        return Request("POST", PATH, dict(headers), sender, 0, f"{self._life}{next(self._numbers)}")

    def turn_away(self, request: Request, query: bytes) -> Answer | None:
        """The answer to a sender who may not come in, else None."""
        if not self._door.is_guarded:
            return None
        refusal = self._door.refusal(request.ip, request.headers, query, time.monotonic())
        if refusal is None:
            return None
        self._counters.rejected[refusal.code] += 1
        return self._finished(request, refused_answer([refusal], self._door.retry_after_s))

    def count_refused(self, rejection: Rejection) -> None:
        """Note what was refused before it was a request."""
        self._counters.rejected[rejection.code] += 1

    def take(self, request: Request, body: bytes | Untaken, tell: Callable[[Answer], None]) -> None:
        """Judge a POST whose body has come, and `tell` its answer once: when what is accepted is durable, or not."""
        request.received_ns = self._clock_ns()
        envelope = self._judge(request, body)
        if not envelope.accepted:
            tell(self._finished(request, refused_answer(envelope.rejected)))
            return

        def on_stored(error: StoreError | None) -> None:
            tell(self._finished(request, self._acknowledge(request, envelope, error is None)))

        self._commit.add(self._notes.lines(request, envelope), on_stored)

    def _finished(self, request: Request, answer: Answer) -> Answer:
        """The answer as it goes out: counted, and readable for pages of the origins that may."""
        self._answers[answer.status] += 1
        origin = request.headers.get(b"origin")
        return answer if origin is None else answer.with_headers(self._cors_headers(origin))

    def _cors_headers(self, origin: bytes | None) -> Headers:
        if not self._cors.lists(origin):
            self._counters.unlisted_origins += 1
        return self._cors.headers(origin)

    def _judge(self, request: Request, body: bytes | Untaken) -> Envelope:
        if isinstance(body, Untaken):
            self._counters.body_bytes += body.size_bytes
            envelope = Envelope([], [body.rejection])
            self._note_rejected(request, body.copy, envelope)
            return envelope
        self._counters.body_bytes += len(body)
        envelope, body = read_events(request.headers, body, self._new_id)
        if envelope.rejected:
            self._note_rejected(request, body, envelope)
        return envelope

    def _acknowledge(self, request: Request, envelope: Envelope, is_stored: bool) -> Answer:
        count = len(envelope.accepted)
        if not is_stored:
            self._counters.rejected["unavailable"] += count
            return refused_answer([unavailable()])
        self._counters.accepted += count
        if self._notes.has_opted_out(request):
            self._counters.anonymous += count
        return accepted_answer(envelope)

    def _note_rejected(self, request: Request, body: bytes | Copy | None, envelope: Envelope) -> None:
        """Count what was refused and keep a copy; of a visitor who opted out, only its size and hash."""
        for rejection in envelope.rejected:
            self._counters.rejected[rejection.code] += 1
        if body is None:
            return
        block = self._notes.block(request)
        is_kept = not self._notes.has_opted_out(request)
        for data, rejection in copies(body, envelope):
            self._rejected.put(data, rejection, block, is_kept)

    def _new_id(self) -> str:
        return str(uuid_utils.uuid7(nanoseconds=self._clock_ns()))


async def _respond(send: Send, answer: Answer) -> None:
    length = [] if answer.status == 204 else [(b"content-length", b"%d" % len(answer.body))]
    headers = [*answer.headers, *length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _tell(told: asyncio.Future[Answer], answer: Answer) -> None:
    if not told.done():  # cancelled, when the server was told to stop at once
        told.set_result(answer)
