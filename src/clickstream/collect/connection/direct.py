"""A POST that came whole is taken without ASGI in between: no task, no messages, one write.

In: connections of uvicorn's httptools server. Out: the same answers as by ASGI, because both end in `Collector.take`.
Nearly every POST of events comes in one piece and is taken here; whatever is special (another path, a query, a body in
several pieces, `Expect`, a request sent before the last one was answered, a reader that is behind) goes the usual way,
which is also the only way of every other application. Figures: docs/decisions/0002-group-commit.md.
"""

from __future__ import annotations

import asyncio
import logging

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from clickstream.collect.app import PATH, Collector
from clickstream.collect.connection.limited import COMPLETE, LimitedProtocol, rendered, rendered_once
from clickstream.collect.envelope import Answer
from clickstream.event import Rejection

MAX_CACHED_BYTES = 512
_URL = PATH.encode()
_FAILED = Answer(
    500, b"Internal Server Error", ((b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close"))
)
_log = logging.getLogger(__name__)


class DirectProtocol(LimitedProtocol):
    """A connection that hands whole POSTs to the collector itself."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._open: Exchange | None = None  # its body has not come whole yet

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        exchange, self._open = self._open, None
        if exchange is not None and not self.transport.is_closing():
            exchange.response_complete = True
            super().on_headers_complete()
            super().on_body(exchange.received)

    def on_headers_complete(self) -> None:
        if self.url == _URL and not self._may_be_large and self._is_plain_post():
            self.cycle = self._open = Exchange(self)
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
        if self._open is None:
            super().on_body(body)
        else:
            self._open.received = self._open.received + body if self._open.received else body

    def on_message_complete(self) -> None:
        exchange, self._open = self._open, None
        if exchange is None:
            super().on_message_complete()
            return
        self._note_whole()
        exchange.more_body = False
        collector: Collector = self.app
        body, exchange.received = exchange.received, b""  # the connection keeps its last exchange, but not what it held
        try:
            request = collector.request(self.scope["headers"], self.client[0] if self.client else None)
            answer = collector.turn_away(request, b"")
            if answer is None:
                collector.take(request, body, exchange.answer)
            else:
                exchange.answer(answer)
        except Exception:  # a fault of ours; the parser would call it a bad request
            _log.exception("taking a request")
            exchange.answer(_FAILED)

    def refuse(self, rejection: Rejection) -> None:
        collector: Collector = self.app
        collector.count_refused(rejection)
        super().refuse(rejection)


class Exchange(RequestResponseCycle):
    """A request that waits for its body, then for its answer: what the protocol asks of cycles, and no more."""

    message_event = asyncio.Event()  # nobody waits for it
    response_started = False  # it is written at once

    def __init__(self, protocol: DirectProtocol) -> None:
        self.scope = protocol.scope
        self.keep_alive = protocol.parser.should_keep_alive()
        self.response_complete = False
        self.more_body = True
        self.disconnected = False
        self.received = b""
        self._protocol = protocol

    def answer(self, answer: Answer) -> None:
        """Send the answer, unless there was one, or nobody is there any more."""
        transport = self._protocol.transport
        if self.response_complete or transport.is_closing():
            return
        self.response_complete = True
        small = len(answer.body) <= MAX_CACHED_BYTES  # one of few, most likely
        data, is_last = (rendered_once if small else rendered)(answer, self.keep_alive)
        transport.write(data)
        if is_last:
            transport.close()
        self._protocol.on_response_complete()
