"""The collector's process: it listens on a loopback port until SIGTERM or Ctrl-C, then finishes what it accepted.

In: settings. Out: a running collector, its parts wired together, on an HTTP server whose connections (`connection/`)
have the limits that uvicorn lacks. Logs are JSON, one object per line on stderr; they contain no data from clients.
"""

from __future__ import annotations

import errno
import gc
import json
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from types import FrameType

import uvicorn

from clickstream.collect.app import Collector
from clickstream.collect.commit import Sink
from clickstream.collect.connection.direct import DirectProtocol
from clickstream.collect.connection.limited import LimitedProtocol
from clickstream.collect.intake import IntakeConfig
from clickstream.collect.objects import StoreSink
from clickstream.collect.spool import Spool, SpoolConfig
from clickstream.errors import StoreError, UnavailableError
from clickstream.raw.contract import RawStore
from clickstream.raw.store import open_store
from clickstream.settings import Settings

HOST = "127.0.0.1"
PORT = 8000
IDLE_TIMEOUT_S = 15
STOP_WITHIN_S = 9
"""From the signal to the end of the process, even if the store hangs: `docker stop` kills after 10 s."""
FINISH_WITHIN_S = 8
"""The part of it for requests that have begun: as long as a request may wait for the store."""
MAX_CONNECTIONS = 4_096
_log = logging.getLogger(__name__)
_EXTRA_FIELDS = ("requests", "events", "waiting_bytes")


def serve(settings: Settings, port: int = PORT) -> None:
    """Serve until a signal ends it. Raises UnavailableError if the port is in use, StoreError if the store fails."""
    log_as_json()
    most = raise_file_limit()
    store = open_store(settings)
    _prepare(store, settings)
    spool = _spool(settings, store)
    sink: Sink = spool if spool and settings.ack == "disk" else StoreSink(store, settings.raw_layout, time.time_ns)
    app = Collector(store, sink, IntakeConfig.of(settings), gauges=spool.gauges if spool else dict)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again after it has stopped
    gc.freeze()  # these objects live as long as the process: the collector need not visit them again
    gc.set_threshold(50_000, 20, 50)
    with listen(port) as listener, spool or nullcontext():
        Server(server_config(app, most)).run(sockets=[listener])


class Server(uvicorn.Server):
    """Stops in order, and in time: what a hanging store has not finished by then was not acknowledged."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
            signal.alarm(STOP_WITHIN_S)
        super().handle_exit(sig, frame)


def _prepare(store: RawStore, settings: Settings) -> None:
    """Prepare the raw store. With a spool, the store may be unreachable for a while; without one, it may not."""
    try:
        store.prepare()
    except StoreError as error:
        if settings.ack != "disk":
            raise
        _log.warning("the raw store is not reachable yet: %s", error)


def _spool(settings: Settings, store: RawStore) -> Spool | None:
    """Return the spool if the settings use one, or if an earlier run left events in it."""
    folder = settings.spool_path
    if settings.ack == "store" and not any(folder.glob("*.wal")):
        return None
    config = SpoolConfig(settings.spool_max_mb * 1_048_576, settings.raw_layout)
    return Spool(folder, store, config, time.time_ns)


def raise_file_limit() -> int:
    """Raise the limit of open files as far as needed; return how many connections leave enough files to the store."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MAX_CONNECTIONS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MAX_CONNECTIONS, soft * 4 // 5)


def server_config(app: Callable[..., Awaitable[None]], connections: int = MAX_CONNECTIONS) -> uvicorn.Config:
    """Return the configuration of the HTTP server in production, around any ASGI application."""
    return uvicorn.Config(
        app,
        http=DirectProtocol if isinstance(app, Collector) else LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # admission.py decides whose X-Forwarded-For is trusted
        server_header=False,
        date_header=False,
        limit_concurrency=connections,  # enforced by connection/limited.py
        timeout_keep_alive=IDLE_TIMEOUT_S,
        timeout_graceful_shutdown=FINISH_WITHIN_S,
    )


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback. Raises UnavailableError if the port is in use."""
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        why = "the port is in use" if error.errno == errno.EADDRINUSE else str(error)
        raise UnavailableError(
            f"listening on {HOST}:{port}", why, "stop the other process, or choose another --port"
        ) from error


def log_as_json() -> None:
    """Log warnings and errors to stderr as JSON, one object per line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _EXTRA_FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)
