"""The limits that the HTTP server lacks: the size of a request's head, and the time that one may take.

In: connections. Out: the same, ended when a head is too large (431) or does not come. Bodies are the application's
business.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32_768
HEAD_TIMEOUT_S = 20.0


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose request heads are bounded in size and time (bodies are the application's business)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._may_be_large = False
        self._timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_TIMEOUT_S, transport.close)

    def data_received(self, data: bytes) -> None:
        size_bytes = self._head_bytes + len(data)
        self._may_be_large = size_bytes > MAX_HEAD_BYTES
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:
            self._head_bytes = 0
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return
        self._head_bytes = size_bytes  # the head is not whole yet
        if self._may_be_large and not self.transport.is_closing():
            self.send_400_response("")
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def on_headers_complete(self) -> None:
        if self._may_be_large and sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise ValueError("the head of the request is too large")  # ends in send_400_response
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self._may_be_large:
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
        else:
            super().send_400_response(msg)
