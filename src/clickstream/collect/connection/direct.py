"""The fast path: a POST that arrives whole is handled without ASGI: no task, no messages, one write.

In: connections of uvicorn's httptools server. Out: the same responses as by ASGI, because both end in
`Collector.store`. Nearly every POST of events arrives whole and is handled here. Everything else goes by ASGI: another
path, a query, a body in several pieces, `Expect`, a pipelined request, a client that reads slowly. What this gains, and
why uvicorn's minor version is pinned: docs/decisions/0014-fast-path.md.
"""

from __future__ import annotations

import asyncio
import logging

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from clickstream.collect.app import Collector
from clickstream.collect.connection.limited import COMPLETE, LimitedProtocol, rendered, rendered_once
from clickstream.collect.envelope import Response
from clickstream.collect.intake import PATH
from clickstream.event import Rejection

MAX_CACHED_BYTES = 512
_URL = PATH.encode()
_FAILED = Response(
    500, b"Internal Server Error", ((b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"))
)
_log = logging.getLogger(__name__)


class DirectProtocol(LimitedProtocol):
    """A connection that passes whole POSTs straight to the collector."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._unfinished: Exchange | None = None  # its body has not arrived whole yet

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        exchange, self._unfinished = self._unfinished, None
        if exchange is not None and not self.transport.is_closing():  # the body is incomplete: continue by ASGI
            exchange.response_complete = True
            super().on_headers_complete()
            super().on_body(exchange.received)

    def on_headers_complete(self) -> None:
        if self.url == _URL and not self._may_be_large and self._is_plain_post():
            self._check_head()
            self.cycle = self._unfinished = Exchange(self)
            self.headers = COMPLETE
        else:
            super().on_headers_complete()

    def _is_plain_post(self) -> bool:
        return (
            self.parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.expect_100_continue or self.parser.should_upgrade() or self.flow.write_paused)
            and self.parser.get_http_version() == "1.1"
        )

    def on_body(self, body: bytes) -> None:
        if self._unfinished is None:
            super().on_body(body)
        else:
            self._unfinished.received = self._unfinished.received + body if self._unfinished.received else body

    def on_message_complete(self) -> None:
        exchange, self._unfinished = self._unfinished, None
        if exchange is None:
            super().on_message_complete()
            return
        self._on_request_complete()
        exchange.more_body = False
        collector: Collector = self.app
        body, exchange.received = exchange.received, b""  # the connection keeps its last exchange, but not the body
        try:
            request = collector.request(self.scope["headers"], self.client[0] if self.client else None)
            collector.post(request, body, exchange.respond)
        except Exception:  # a bug of ours; without this, the parser would report a malformed request
            _log.exception("failed to handle a request")
            exchange.respond(_FAILED)

    def refuse(self, rejection: Rejection) -> None:
        collector: Collector = self.app
        collector.intake.counters.rejected[rejection.code] += 1
        super().refuse(rejection)


class Exchange(RequestResponseCycle):
    """A request that waits for its body, then for its response: the part of a cycle that the protocol uses."""

    message_event = asyncio.Event()  # nothing waits for it
    response_started = False  # a response is written in one piece

    def __init__(self, protocol: DirectProtocol) -> None:
        self.scope = protocol.scope
        self.keep_alive = protocol.parser.should_keep_alive()
        self.response_complete = False
        self.more_body = True
        self.disconnected = False
        self.received = b""
        self._protocol = protocol

    def respond(self, response: Response) -> None:
        """Send the response, unless one was sent before or the connection is closing."""
        transport = self._protocol.transport
        if self.response_complete or transport.is_closing():
            return
        self.response_complete = True
        is_small = len(response.body) <= MAX_CACHED_BYTES  # most likely one of a few
        data, is_last = (rendered_once if is_small else rendered)(response, self.keep_alive)
        transport.write(data)
        if is_last:
            transport.close()
        self._protocol.on_response_complete()
