"""The owner: the one process that holds the DuckDB file, and does all that needs it.

It loads new raw objects every second, serves the dashboard at /sbw_dashboard, and answers other commands
through the API (local/owner/api.py). In: settings, a port. It ends in order on SIGTERM and Ctrl-C.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from datetime import date, datetime
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from clickstream.collect.server import HOST, listen
from clickstream.dashboard.app import make_app
from clickstream.etl.expire import RetentionConfig
from clickstream.etl.run import PassResult
from clickstream.event import utc_now
from clickstream.local.owner.api import Guard, api_routes, error_response
from clickstream.local.owner.commands import Json, Place, make_loader, make_place
from clickstream.local.owner.expiry import with_daily_expiry
from clickstream.local.owner.file import Owner, open_warehouse, owner_file
from clickstream.local.owner.loop import EtlLoop
from clickstream.progress import Progress
from clickstream.raw.store import open_store
from clickstream.settings import Settings

PORT = 3838
DASHBOARD = "/sbw_dashboard"


def run(settings: Settings, port: int = PORT, clock: Callable[[], datetime] = utc_now) -> None:
    """Own the warehouse until told to stop.

    Raises WarehouseBusyError when another process holds it, UnavailableError when the port is taken.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(settings))
        listener = stack.enter_context(listen(port))
        store = open_store(settings)
        loader = stack.enter_context(closing(make_loader(settings, warehouse, store, clock)))
        keep = RetentionConfig(settings.keep_raw_days, settings.keep_warehouse_days)
        loop = stack.enter_context(EtlLoop(with_daily_expiry(loader, keep, clock)))

        def load(reconcile: Collection[date], progress: Progress, max_seconds: float | None) -> PassResult:
            return loop.run_alone(lambda: loader.run_pass(reconcile, progress, max_seconds), progress)

        place = make_place(settings, warehouse, store, clock, load)
        owner = _owner_of(settings, listener)
        # Only now, when it listens: whoever reads the file may ask at once, and waits until the server is ready.
        stack.enter_context(owner_file(settings.data, owner))
        dashboard = make_app(warehouse, settings.zone, clock, loader_trouble=loop.trouble)
        stack.callback(dashboard.close)  # before the warehouse closes under its questions
        sys.stderr.write(f"dashboard  {owner.url}{DASHBOARD}\n")
        serve(make_owner_app(place, owner, loop.status, dashboard), listener)


def make_owner_app(place: Place, owner: Owner, loop_status: Callable[[], Json], dashboard: ASGIApp) -> ASGIApp:
    """Everything that the owner serves, behind its guard."""

    def status() -> Json:
        events = place.warehouse.fetch("select count(*) from clickstream_events").rows[0][0]
        return {"pid": owner.pid, "warehouse": owner.warehouse, "events": events, "etl": loop_status()}

    async def to_dashboard(_request: Request) -> RedirectResponse:
        return RedirectResponse(DASHBOARD + "/")

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def no_route(request: Request, error: Exception) -> Response:
        status, code = (405, "method_not_allowed") if getattr(error, "status_code", 0) == 405 else (404, "not_found")
        return error_response(status, code, f"nothing answers {request.method} {request.url.path}")

    app = Starlette(
        routes=[
            Route("/", to_dashboard),
            Route("/health", health),
            *api_routes(place, status),
            Mount(DASHBOARD, app=dashboard),
        ],
        exception_handlers={404: no_route, 405: no_route},
    )
    return Guard(app, int(owner.url.rpartition(":")[2]), owner.token)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until a signal; open connections get three seconds to end."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _owner_of(settings: Settings, listener: socket.socket) -> Owner:
    return Owner(
        url=f"http://{HOST}:{listener.getsockname()[1]}",
        token=secrets.token_urlsafe(32),
        pid=os.getpid(),
        warehouse=settings.warehouse_name,
    )


def _leave(_number: int, _frame: FrameType | None) -> None:
    """uvicorn finishes first and raises its signal anew; then this unwinds what `run` opened."""
    raise SystemExit(0)
