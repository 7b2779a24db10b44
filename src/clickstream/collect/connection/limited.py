"""The limits that the HTTP server lacks: how much of a request may come, in how long, and how long an answer may take.

In: connections. Out: the same, each ended when a head is too large (431) or does not come, when what comes is no HTTP
or hides its size (trailers, endless chunk extensions, tiny chunks), when a request does not end, or when its answer is
not read. What is refused here is told in the contract's form. How much of a body is read, and how long, is said by the
application. An offer to change the protocol is passed over, as RFC 9110 (7.8) has it.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from clickstream.collect.envelope import MAX_BODY_BYTES, Answer, refused_answer, unavailable
from clickstream.event import Rejection

MAX_HEAD_BYTES = 32_768
MAX_REQUEST_BYTES = 16 * MAX_BODY_BYTES
"""Above what the application reads of a body that is too large: it answers that itself."""
MAX_CHUNKS = 16_384
MAX_PIPELINED = 64
HEAD_TIMEOUT_S = 20.0
REQUEST_TIMEOUT_S = 45.0
"""From a whole head to the end of the request: above the application's own patience, which ends in 408."""
UNREAD_TIMEOUT_S = 30.0
"""How long a client may leave more than 64 KiB of answers unread."""
CLOSE_TIMEOUT_S = 10.0
"""How long the last answer of a connection may stay unread."""

_CLOSE = (b"connection", b"close")
_OFFERS = (b"upgrade", b"http2-settings")


class _HeadTooLargeError(ValueError):
    pass


class _Complete(list[tuple[bytes, bytes]]):
    """The headers of a request after its head: no trailer field is taken for one of them."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        del header
        raise ValueError("trailer fields are not taken")


COMPLETE = _Complete()


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose requests and answers are bounded in size and time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._silent_bytes = 0  # since the last whole head, piece of a body, or end of a request
        self._request_bytes = 0  # of a request that has not come whole
        self._chunks = 0
        self._may_be_large = False
        self._coming: asyncio.TimerHandle | None = self.loop.call_later(HEAD_TIMEOUT_S, transport.abort)
        self._going: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None
        # uvicorn's own way to bound connections refuses the next request of whoever is connected: here, who comes last.
        most, self.limit_concurrency = self.limit_concurrency, None
        if most is not None and len(self.connections) > most:
            self.refuse(unavailable())

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._silent_bytes += len(data)
        self._may_be_large = self._silent_bytes > MAX_HEAD_BYTES
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse_malformed(error)
        except httptools.HttpParserUpgrade as offer:
            self._feed_without_offers(memoryview(data)[offer.args[0] :])
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope or cycle.more_body:
            self._limit(len(data))

    def _limit(self, size_bytes: int) -> None:
        """Hold a request that has not come whole to what it may take."""
        if self.transport.is_closing():
            return
        self._request_bytes += size_bytes
        if self._silent_bytes > MAX_HEAD_BYTES and (self.cycle is None or self.cycle.scope is not self.scope):
            self._refuse_malformed(_HeadTooLargeError())
        elif self._silent_bytes > MAX_HEAD_BYTES or self._request_bytes > MAX_REQUEST_BYTES:
            self._refuse_malformed(ValueError("the request is too large"))
        elif self._coming is None:
            self._coming = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.abort)

    def on_headers_complete(self) -> None:
        if self._may_be_large and sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise _HeadTooLargeError
        if self.parser.should_upgrade():
            return  # it comes again, without the offer
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests wait on this connection")
        super().on_headers_complete()
        self.headers = COMPLETE
        self._silent_bytes = 0
        if self._coming is not None:
            self._coming.cancel()
        self._coming = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.abort)

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise ValueError("the body comes in too many chunks")

    def on_body(self, body: bytes) -> None:
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._note_whole()
        super().on_message_complete()
        self.cycle.more_body = False  # also of a request that was answered before its end

    def _note_whole(self) -> None:
        """A request has come whole: nothing of it counts against the next."""
        self._silent_bytes = self._chunks = 0
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
            self._request_bytes = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self.end()

    def timeout_keep_alive_handler(self) -> None:
        self.end()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._going is None:
            self._going = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._going is not None and not self.transport.is_closing():
            self._going.cancel()
            self._going = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._tell_running()
        for timer in (self._coming, self._going):
            if timer is not None:
                timer.cancel()

    def end(self) -> None:
        """End the connection, with or without the client's help."""
        self._tell_running()
        self.transport.close()
        if self._going is None:
            self._going = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _tell_running(self) -> None:
        """Tell the request that is being worked on that nobody reads its answer: uvicorn tells only the newest."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()

    def refuse(self, rejection: Rejection) -> None:
        """End the connection, and say why: unless that would be taken for the answer to an earlier request."""
        if self._is_in_turn():
            self.transport.write(rendered(refused_answer([rejection]), keep_alive=False)[0])
        self.end()

    def _is_in_turn(self) -> bool:
        cycle = self.cycle
        if cycle is None:
            return True
        if cycle.scope is self.scope and cycle.more_body:
            return not (self.pipeline or cycle.response_started)
        return cycle.response_complete

    def _refuse_malformed(self, error: Exception) -> None:
        cause = error.__context__ or error  # the parser wraps what its callbacks raise
        if isinstance(cause, _HeadTooLargeError):
            why = f"the head of a request has at most {MAX_HEAD_BYTES} bytes"
            self.refuse(Rejection(431, "head_too_large", why))
        else:
            self.refuse(Rejection(400, "invalid_request", f"this is no HTTP that is taken here: {cause}"))

    def _feed_without_offers(self, rest: memoryview) -> None:
        """Read a request whose head has come once more, without its offer to change the protocol; then `rest`."""
        while True:
            method, version = self.parser.get_method(), self.parser.get_http_version().encode()
            if method == b"CONNECT":
                self.refuse(Rejection(400, "invalid_request", "this is no proxy"))
                return
            lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
            lines += [b"%s: %s" % header for header in map(_without_offer, self.headers) if header[0] not in _OFFERS]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            try:
                self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
                self.parser.feed_data(rest)
                return
            except httptools.HttpParserError as error:
                self._refuse_malformed(error)
                return
            except httptools.HttpParserUpgrade as offer:  # of a later request
                rest = rest[offer.args[0] :]


def _without_offer(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    if name != b"connection":
        return header
    return name, b",".join(token for token in value.split(b",") if token.strip().lower() not in _OFFERS)


def rendered(answer: Answer, keep_alive: bool) -> tuple[bytes, bool]:
    """The bytes of an answer, and whether the connection ends with it."""
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    if not keep_alive and _CLOSE not in headers:
        headers.append(_CLOSE)
    head = STATUS_LINE[answer.status] + b"".join(b"%s: %s\r\n" % header for header in headers)
    return head + b"\r\n" + answer.body, _CLOSE in headers


rendered_once = lru_cache(256)(rendered)
"""The same for answers that are few and short."""
