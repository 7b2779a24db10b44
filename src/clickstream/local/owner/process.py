"""The owner: the one process that holds the DuckDB file, and does all work on it.

It loads new raw objects within seconds, keeps the mart up to date, serves the dashboard at /sbw_dashboard, the stats
API (local/stats), and other commands through the API (local/owner/api.py). In: settings, a port. It shuts down in order
on SIGTERM and Ctrl-C.

On a PostgreSQL warehouse whose role may only read, it loads nothing: another process does, such as the function on AWS.
Everything else stays the same.
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
from dataclasses import dataclass
from datetime import date, datetime
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from clickstream.collect.server import HOST, listen
from clickstream.dashboard.answers.loads import LoaderSource
from clickstream.dashboard.answers.raw_lines import RawLines
from clickstream.dashboard.app import make_app
from clickstream.errors import WarehouseError
from clickstream.etl.expire import RetentionConfig
from clickstream.etl.run import PassResult
from clickstream.event import utc_now
from clickstream.local.orders import order_source
from clickstream.local.owner.api import Guard, api_routes, error_response
from clickstream.local.owner.client import OwnerStatus
from clickstream.local.owner.context import RunPass, WarehouseContext, make_context, make_loader, open_keeper
from clickstream.local.owner.file import Owner, open_warehouse, owner_file
from clickstream.local.owner.loop import EtlLoop, with_daily_expiry
from clickstream.local.stats.routes import stats_routes
from clickstream.mart.keeper import MartKeeper
from clickstream.progress import Progress
from clickstream.raw.contract import RawStore
from clickstream.raw.store import open_store
from clickstream.settings import Settings
from clickstream.visible import VisibleFormatter

PORT = 3838
DASHBOARD = "/sbw_dashboard"


def run(settings: Settings, port: int = PORT, clock: Callable[[], datetime] = utc_now) -> None:
    """Run the owner until a signal stops it.

    Raises WarehouseBusyError when another process holds it, UnavailableError when the port is taken.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(VisibleFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(settings))
        keeper = stack.enter_context(open_keeper(settings, warehouse))
        keeper.start()
        listener = stack.enter_context(listen(port))
        store = open_store(settings)
        loading = _start_loading(stack, settings, keeper, store, clock) if warehouse.is_writable else _NO_LOADING
        context = make_context(settings, keeper, store, clock, loading.run_pass)
        owner = _owner_of(settings, listener)
        # Only now, when it listens: a command that reads the file may connect at once; it waits for the server.
        stack.enter_context(owner_file(settings.data, owner))
        dashboard = make_app(keeper, settings.zone, clock, loader=loading.source)
        dashboard.connect(context.records)
        dashboard.orders = order_source(context)
        dashboard.raw_lines = RawLines(store, warehouse)
        stack.callback(dashboard.close)  # before the mart closes: the dashboard may still be reading it
        sys.stderr.write(f"dashboard  {owner.url}{DASHBOARD}\n")
        if loading.source.is_elsewhere:
            sys.stderr.write("loading    by another process: this process may only read the warehouse\n")
        token = settings.api_token.get_secret_value() if settings.api_token else ""
        serve(make_owner_app(context, owner, loading.status, dashboard, token), listener)


@dataclass(frozen=True, slots=True)
class _Loading:
    """run_pass: runs a pass between two of the loop. status: returns what GET /api/status reports about the loop."""

    run_pass: RunPass
    status: Callable[[], dict[str, Any]]
    source: LoaderSource


def _start_loading(
    stack: ExitStack, settings: Settings, keeper: MartKeeper, store: RawStore, clock: Callable[[], datetime]
) -> _Loading:
    """Load from now on, until the stack is left."""
    loader = stack.enter_context(closing(make_loader(settings, keeper.warehouse, store, clock)))
    keep = RetentionConfig(settings.keep_raw_days, settings.keep_warehouse_days)
    loop = stack.enter_context(EtlLoop(with_daily_expiry(loader, keep, clock), notice_load=keeper.notice_load))

    def run_pass(reconcile: Collection[date], progress: Progress, max_seconds: float | None) -> PassResult:
        return loop.run_alone(lambda: loader.run_pass(reconcile, progress, max_seconds), progress)

    return _Loading(run_pass, loop.status, LoaderSource(trouble=loop.trouble))


def _refuse_pass(_reconcile: Collection[date], _progress: Progress, _max_seconds: float | None) -> PassResult:
    why = "this process may only read the warehouse"
    raise WarehouseError(
        "loading new events",
        why,
        "load as a user in the role clickstream_loader, or into the warehouse that a lake was exported from",
    )


_NO_LOADING = _Loading(_refuse_pass, lambda: {"reads_only": True}, LoaderSource(is_elsewhere=True))


def make_owner_app(
    context: WarehouseContext,
    owner: Owner,
    loop_status: Callable[[], dict[str, Any]],
    dashboard: ASGIApp,
    stats_token: str = "",
) -> ASGIApp:
    """Return everything that the owner serves, behind its guard. stats_token: see Guard."""

    def status() -> OwnerStatus:
        events = context.warehouse.fetch("select count(*) from clickstream_events").rows[0][0]
        return OwnerStatus(owner.pid, owner.warehouse, events, loop_status())

    async def to_dashboard(_request: Request) -> RedirectResponse:
        return RedirectResponse(DASHBOARD + "/")

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def no_route(request: Request, error: Exception) -> Response:
        status, code = (405, "method_not_allowed") if getattr(error, "status_code", 0) == 405 else (404, "not_found")
        refusal = error_response(status, code, f"no such route: {request.method} {request.url.path}")
        refusal.headers.update(getattr(error, "headers", None) or {})  # Allow
        return refusal

    app = Starlette(
        routes=[
            Route("/", to_dashboard),
            Route("/health", health),
            *stats_routes(context),
            *api_routes(context, status),
            Mount(DASHBOARD, app=dashboard),
        ],
        exception_handlers={404: no_route, 405: no_route},
    )
    return Guard(app, int(owner.url.rpartition(":")[2]), owner.token, stats_token)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until a signal; open connections have three seconds to finish."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,  # its messages go through the handler of `run`
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
    """Close what `run` opened: uvicorn finishes first, then raises its signal again."""
    raise SystemExit(0)
