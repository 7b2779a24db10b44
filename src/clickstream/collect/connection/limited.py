"""The limits that uvicorn lacks: how large a request may be, how long it may take, how long a response may stay unread.

In: connections. Out: the same connections; each is ended if its head is too large (431) or does not arrive, if the
request is malformed or hides its size (trailer fields, endless chunk extensions, tiny chunks), if a request does not
end, or if its response is not read. What is refused here gets a response of the contract. The application limits how
much of a body is read, and for how long. If a response ends the connection before the request has ended, the rest of
the request is discarded first: closing at once would destroy the response before the client reads it. An offer to
upgrade the protocol is ignored, as RFC 9110 (7.8) allows.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from clickstream.collect.envelope import MAX_BODY_BYTES, Response, refused_response, unavailable
from clickstream.event import Rejection

MAX_HEAD_BYTES = 32_768
MAX_REQUEST_BYTES = 16 * MAX_BODY_BYTES
"""More than the application reads of a body that is too large, so that its own response comes first."""
MAX_DISCARDED_BYTES = 256 * MAX_BODY_BYTES
"""How much more a client may send after a response that ends the connection."""
MAX_CHUNKS = 16_384
MAX_PIPELINED = 64
HEAD_TIMEOUT_S = 20.0
REQUEST_TIMEOUT_S = 45.0
"""From the end of the head to the end of the request: longer than the application's own limit, which ends in 408."""
UNREAD_TIMEOUT_S = 30.0
"""How long a client may leave more than 64 KiB of responses unread."""
CLOSE_TIMEOUT_S = 10.0
"""How long the last response of a connection may stay unread."""

_CLOSE = (b"connection", b"close")
_OFFERS = (b"upgrade", b"http2-settings")
_VERSIONS = ("1.1", "1.0")


class _HeadTooLargeError(ValueError):
    pass


class _Complete(list[tuple[bytes, bytes]]):
    """The headers of a request after its head: a trailer field must not be added to them."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        del header
        raise ValueError("trailer fields are not supported")


COMPLETE = _Complete()


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose requests and responses are bounded in size and time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._pending_bytes = 0  # since the last complete head, piece of a body, or end of a request
        self._request_bytes = 0  # of a request that is not complete
        self._chunks = 0
        self._may_be_large = False
        self._is_discarding = False
        self._receive_timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_TIMEOUT_S, transport.abort)
        self._unread_timer: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None
        # uvicorn's own limit refuses the next request of any open connection; this one refuses the newest connection.
        most, self.limit_concurrency = self.limit_concurrency, None
        if most is not None and len(self.connections) > most:
            self.refuse(unavailable())

    def data_received(self, data: bytes) -> None:
        if self._is_discarding:
            self._request_bytes += len(data)
            if self._request_bytes > MAX_DISCARDED_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        self._pending_bytes += len(data)
        self._may_be_large = self._pending_bytes > MAX_HEAD_BYTES
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
        """Enforce the limits of a request that is not complete."""
        if self.transport.is_closing():
            return
        self._request_bytes += size_bytes
        if self._pending_bytes > MAX_HEAD_BYTES and (self.cycle is None or self.cycle.scope is not self.scope):
            self._refuse_malformed(_HeadTooLargeError())
        elif self._pending_bytes > MAX_HEAD_BYTES:
            self._refuse_malformed(ValueError("trailer fields or chunk extensions are too large"))
        elif self._request_bytes > MAX_REQUEST_BYTES:
            if self.cycle.response_complete:
                self.end_after_request()
            else:
                self._refuse_malformed(ValueError("the request is too large"))
        elif self._receive_timer is None:
            self._receive_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.abort)

    def on_headers_complete(self) -> None:
        if self._may_be_large and sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise _HeadTooLargeError
        if self.parser.should_upgrade():
            return  # the head is parsed again, without the offer
        self._check_head()
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many pipelined requests")
        super().on_headers_complete()
        self.headers = COMPLETE
        self._pending_bytes = 0
        if self._receive_timer is not None:
            self._receive_timer.cancel()
        self._receive_timer = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.abort)

    def _check_head(self) -> None:
        """Require what the parser does not: HTTP/1.0 or 1.1, and in 1.1 one Host header (RFC 9112, 3.2)."""
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            raise ValueError(f"HTTP/{version} is not supported (expected HTTP/1.1 or HTTP/1.0)")
        hosts = [name for name, _ in self.scope["headers"]].count(b"host")
        if hosts != 1 and (hosts or version == "1.1"):
            raise ValueError(f"the request has {hosts} Host headers (expected 1)")

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise ValueError("the body has too many chunks")

    def on_body(self, body: bytes) -> None:
        self._pending_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._on_request_complete()
        super().on_message_complete()
        self.cycle.more_body = False  # also if the response was sent before the request ended

    def _on_request_complete(self) -> None:
        """Reset the limits: nothing of a complete request counts against the next one."""
        self._pending_bytes = self._chunks = 0
        if self._receive_timer is not None:
            self._receive_timer.cancel()
            self._receive_timer = None
            self._request_bytes = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_discarding:
            self._unset_keepalive_if_required()
        elif self.transport.is_closing():
            self.end()

    def timeout_keep_alive_handler(self) -> None:
        self.end()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread_timer is not None and not self.transport.is_closing():
            self._unread_timer.cancel()
            self._unread_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disconnect_running()
        for timer in (self._receive_timer, self._unread_timer):
            if timer is not None:
                timer.cancel()

    def end(self) -> None:
        """Close the connection, at the latest after CLOSE_TIMEOUT_S if the client does not read."""
        self._disconnect_running()
        self.transport.close()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)

    def end_after_request(self) -> None:
        """Close the connection once the client has sent its request, within the limits of its size and time."""
        if self.cycle is None or not self.cycle.more_body or self.transport.is_closing():
            self.transport.close()
            return
        self._is_discarding = True
        self._request_bytes = 0
        self.flow.resume_reading()
        self.transport.write_eof()  # the client sees the end of the response, and closes the connection

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        cycle.transport = _CycleTransport(self)  # type: ignore[assignment]
        super()._start_asgi_task(cycle, app)

    def _disconnect_running(self) -> None:
        """Mark the running request as disconnected: uvicorn marks only the newest one."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()

    def refuse(self, rejection: Rejection) -> None:
        """Send why and close the connection. Nothing is sent if the client would read it as an earlier response."""
        if self._is_in_turn():
            self.transport.write(rendered(refused_response([rejection]), keep_alive=False)[0])
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
            why = f"the request line and headers are larger than {MAX_HEAD_BYTES} bytes"
            self.refuse(Rejection(431, "head_too_large", why))
        else:
            self.refuse(Rejection(400, "invalid_request", f"malformed or unsupported HTTP request: {cause}"))

    def _feed_without_offers(self, rest: memoryview) -> None:
        """Parse the head again without its offer to upgrade the protocol, then `rest`."""
        while True:
            method, version = self.parser.get_method(), self.parser.get_http_version().encode()
            if method == b"CONNECT":
                self.refuse(Rejection(400, "invalid_request", "CONNECT is not supported: this server is not a proxy"))
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


class _CycleTransport:
    """The part of a transport that uvicorn's cycles use. Closing it waits until the request has been sent."""

    def __init__(self, protocol: LimitedProtocol) -> None:
        self.write = protocol.transport.write
        self.close = protocol.end_after_request
        self.is_closing = protocol.transport.is_closing


def _without_offer(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = header
    if name != b"connection":
        return header
    return name, b",".join(token for token in value.split(b",") if token.strip().lower() not in _OFFERS)


def rendered(response: Response, keep_alive: bool) -> tuple[bytes, bool]:
    """Return the bytes of a response, and whether the connection ends with it."""
    headers = [*response.headers, (b"content-length", b"%d" % len(response.body))]
    if not keep_alive and _CLOSE not in headers:
        headers.append(_CLOSE)
    head = STATUS_LINE[response.status] + b"".join(b"%s: %s\r\n" % header for header in headers)
    return head + b"\r\n" + response.body, _CLOSE in headers


rendered_once = lru_cache(256)(rendered)
"""The same, cached: for short responses, of which there are few."""
