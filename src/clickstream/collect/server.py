"""Runs the collector on a loopback port, until SIGTERM or Ctrl-C; then what was accepted is finished.

Here the settings become parts, and the HTTP server gets connections (`connection/`) with limits that its own lack. Logs
are JSON, one object a line on stderr, without anything that came from a client.
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
from typing import Any

import uvicorn

from clickstream.collect.app import Collector, Options
from clickstream.collect.connection.direct import DirectProtocol
from clickstream.collect.connection.limited import LimitedProtocol
from clickstream.collect.door import Rules
from clickstream.collect.objects import StoreSink
from clickstream.collect.request import Notes
from clickstream.collect.spool import Spool, SpoolRules
from clickstream.errors import StoreError, UnavailableError
from clickstream.raw.contract import RawStore
from clickstream.raw.store import open_store
from clickstream.settings import Settings

HOST = "127.0.0.1"
PORT = 8000
IDLE_TIMEOUT_S = 15
STOP_WITHIN_S = 9
"""From the signal to the end of the process, whatever hangs: `docker stop` kills after 10 s."""
FINISH_WITHIN_S = 8
"""Of these, for requests that have begun: as long as one may wait for the store."""
MAX_CONNECTIONS = 4_096
_log = logging.getLogger(__name__)
_FACTS = ("requests", "events", "waiting_bytes")


def serve(settings: Settings, port: int = PORT) -> None:
    """Serve until told to stop. Raises UnavailableError when the port is taken, StoreError when the store is."""
    log_as_json()
    most = raise_file_limit()
    store = open_store(settings)
    _prepare(store, settings)
    spool = _spool(settings, store)
    app = Collector(store, _options(settings, store, spool))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again when it has stopped
    gc.freeze()  # what is here now stays: no need to look at it again
    gc.set_threshold(50_000, 20, 50)
    with listen(port) as listener, spool or nullcontext():
        Server(server_config(app, most)).run(sockets=[listener])


class Server(uvicorn.Server):
    """Ends in order when it is told to, and in time: what a store that hangs still holds then, nobody was promised."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
            signal.alarm(STOP_WITHIN_S)
        super().handle_exit(sig, frame)


def _prepare(store: RawStore, settings: Settings) -> None:
    """A spool can do without the store for a while; whoever writes straight into it cannot."""
    try:
        store.prepare()
    except StoreError as error:
        if settings.ack != "disk":
            raise
        _log.warning("the raw store cannot be reached yet: %s", error)


def _spool(settings: Settings, store: RawStore) -> Spool | None:
    """The spool, when it is wanted, or when an earlier life left events in it."""
    folder = settings.spool_path
    if settings.ack == "store" and not any(folder.glob("*.wal")):
        return None
    rules = SpoolRules(settings.spool_max_mb * 1_048_576, settings.raw_layout)
    return Spool(folder, store, rules, time.time_ns)


def _options(settings: Settings, store: RawStore, spool: Spool | None) -> Options:
    is_direct = settings.ack == "store" or spool is None
    return Options(
        notes=Notes.of(settings),
        rules=Rules.of(settings),
        origins=settings.cors_origins,
        sink=StoreSink(store, settings.raw_layout, time.time_ns) if is_direct else spool,
        gauges=spool.gauges if spool else dict,
    )


def raise_file_limit() -> int:
    """Let this process open the files that it may need; return how many connections leave enough to the store."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MAX_CONNECTIONS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MAX_CONNECTIONS, soft * 4 // 5)


def server_config(app: Callable[..., Awaitable[None]], connections: int = MAX_CONNECTIONS) -> uvicorn.Config:
    """The HTTP server around an ASGI application, as it runs in production, for so many connections."""
    return uvicorn.Config(
        app,
        http=DirectProtocol if isinstance(app, Collector) else LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # collect/door.py decides whose X-Forwarded-For is believed
        server_header=False,
        date_header=False,
        limit_concurrency=connections,  # in the sense of connection/limited.py
        timeout_keep_alive=IDLE_TIMEOUT_S,
        timeout_graceful_shutdown=FINISH_WITHIN_S,
    )


def listen(port: int) -> socket.socket:
    """A listening socket on loopback. Raises UnavailableError when something else listens there."""
    try:
        return socket.create_server((HOST, port), backlog=2048)
    except OSError as error:
        why = "something else listens there" if error.errno == errno.EADDRINUSE else str(error)
        raise UnavailableError(f"listening on {HOST}:{port}", why, "stop it, or choose another --port") from error


def log_as_json() -> None:
    """One JSON object a line on stderr, from warnings on; collector's own notes too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FACTS if hasattr(record, name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)
