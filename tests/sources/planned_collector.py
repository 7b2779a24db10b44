"""A real HTTP server on loopback that accepts events like the collector, and fails where a test plans it."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What to do with one POST. status 0: cut the connection. rejected: indexes of refused events."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    rejected: tuple[int, ...] = ()
    body: bytes | None = None


class PlannedCollector:
    """plan(n): how to respond to POST number n (from 0); None = accept everything."""

    def __init__(self, plan: Callable[[int], Reply | None] = lambda _: None) -> None:
        self.posts: list[dict[str, Any]] = []
        self.sizes_bytes: list[int] = []
        self.agents: list[str | None] = []
        self.stored: dict[str, dict[str, Any]] = {}
        self.connections = 0
        self.counting = threading.Lock()  # each connection has its own thread
        self.plan = plan
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                with outer.counting:
                    outer.connections += 1
                super().setup()

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.counting:
                    number = len(outer.posts)
                    outer.sizes_bytes.append(len(data))
                    outer.agents.append(self.headers["User-Agent"])
                    outer.posts.append(json.loads(data))
                outer.answer(self, number, outer.plan(number) or Reply())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler, number: int, reply: Reply) -> None:
        if reply.status == 0:
            # Linger 0 makes the close a reset, as when a server is killed.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            handler.wfile = _Nowhere()  # type: ignore[assignment]
            return
        body = reply.body if reply.body is not None else json.dumps(self._judge(number, reply)).encode()
        handler.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _judge(self, number: int, reply: Reply) -> dict[str, Any]:
        events = self.posts[number]["events"]
        rejected = [{"index": i, "error": "invalid_name", "message": "too long"} for i in reply.rejected]
        accepted = [event for index, event in enumerate(events) if index not in reply.rejected]
        if reply.status != 200:
            return {"success": False, "error": "some_code", "message": "planned", "rejected": rejected}
        self.stored.update({event["eventId"]: event for event in accepted})
        return {"success": True, "accepted": len(accepted), "rejected": rejected}


class _Nowhere:
    closed = False

    def flush(self) -> None: ...
    def close(self) -> None: ...
