"""Runs the collector on a loopback port, until SIGTERM or Ctrl-C; then what was accepted is finished."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from clickstream.collect.app import Collector
from clickstream.errors import UnavailableError
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings

HOST = "127.0.0.1"
PORT = 8000


def serve(settings: Settings, port: int = PORT) -> None:
    """Serve until told to stop. Raises UnavailableError when the port is taken, StoreError when the store is."""
    store = LocalStore(settings.raw_path)
    store.prepare()
    app = Collector(store, layout=settings.raw_layout, origins=settings.cors_origins)
    with listen(port) as listener:
        uvicorn.Server(server_config(app)).run(sockets=[listener])


def server_config(app: Callable[..., Awaitable[None]]) -> uvicorn.Config:
    """The HTTP server around an ASGI application, as it runs in production."""
    return uvicorn.Config(
        app,
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=10,
    )


def listen(port: int) -> socket.socket:
    """A listening socket on loopback. Raises UnavailableError when something else listens there."""
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        why = "something else listens there" if error.errno == errno.EADDRINUSE else str(error)
        raise UnavailableError(f"listening on {HOST}:{port}", why, "stop it, or choose another --port") from error
