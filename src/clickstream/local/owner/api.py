"""The owner's HTTP: who may ask, and the API by which other commands use the warehouse.

    GET  /api/status
    POST /api/report, /api/metric, /api/check, /api/query                   JSON in, JSON out
    POST /api/etl/run, /api/etl/rebuild, /api/bad/list, /api/bad/show, /api/bad/replay
    POST /api/forget, /api/expire, /api/export/days, /api/export/day

A page of another site can make a browser send requests to loopback. So all requests must name loopback as
their host, WebSockets must come from a page of the same host, and the API needs the owner's token.
Whoever accepts application/x-ndjson is told how far the work is before the answer comes (progress.py).
Errors have one shape: {"success": false, "error": code, "message": text}, with `advice` where there is some.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clickstream.errors import ClickstreamError, QuestionError, StoreError, UnavailableError
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.etl.repair.replay import ReplayFilter
from clickstream.local.owner import commands, life, repairs
from clickstream.local.owner.commands import Json, Place
from clickstream.local.owner.progress import LINES, Far, stream
from clickstream.local.owner.query import Limits
from clickstream.local.owner.wire import pack_report
from clickstream.progress import Progress

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_log = logging.getLogger(__name__)
_Work = Callable[[Any, Progress], Json]


class MetricRequest(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    options: dict[str, str | list[str]] = {}


class ReportRequest(msgspec.Struct, forbid_unknown_fields=True):
    options: dict[str, str | list[str]] = {}


class CheckRequest(msgspec.Struct, forbid_unknown_fields=True):
    since: date | None = None


class QueryRequest(msgspec.Struct, forbid_unknown_fields=True):
    sql: str
    rows: int = Limits().rows
    time_s: float = Limits().time_s


class EtlRequest(msgspec.Struct, forbid_unknown_fields=True):
    reconcile: list[date] = []
    max_seconds: float | None = None


class BadListRequest(msgspec.Struct, forbid_unknown_fields=True):
    since: date | None = None
    reason: str | None = None


class BadShowRequest(msgspec.Struct, forbid_unknown_fields=True):
    object: str
    line: int


class Guard:
    """Lets through what may reach the application behind it. `port` and `token` are the owner's."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._port = port
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            refusal = self._refusal(HTTPConnection(scope))
            if refusal is not None:
                await _refuse(refusal, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        host = _host(connection.headers.get("host", ""))
        if host is None or host[0] not in LOOPBACK:
            return error_response(403, "forbidden_host", "ask by the name localhost or 127.0.0.1")
        origin = connection.headers.get("origin")
        if connection.scope["type"] == "websocket" and origin is not None and _host(urlsplit(origin).netloc) != host:
            return error_response(403, "forbidden_origin", "a page of another site may not ask")
        if not (connection.url.path + "/").startswith("/api/"):
            return None
        if host[1] != self._port:
            return error_response(403, "forbidden_host", f"the API is asked at port {self._port}")
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            return error_response(401, "invalid_token", "send the token of owner.json: Authorization: Bearer …")
        return None


def api_routes(place: Place, status: Callable[[], Json]) -> list[Route]:
    """The routes below /api. `status`: what GET /api/status answers."""

    async def read_status(_request: Request) -> Response:
        return await _answer(status)

    def quick(work: Callable[[Any], Json]) -> _Work:
        return lambda asked, _reached: work(asked)

    works: dict[str, tuple[type[Any], _Work]] = {
        "metric": (MetricRequest, quick(lambda asked: commands.metric(place, asked.name, asked.options))),
        "report": (ReportRequest, quick(lambda asked: pack_report(commands.report(place, asked.options)))),
        "check": (CheckRequest, quick(lambda asked: commands.check(place, asked.since))),
        "query": (
            QueryRequest,
            quick(lambda asked: commands.query(place, asked.sql, Limits(asked.rows, asked.time_s))),
        ),
        "etl/run": (
            EtlRequest,
            lambda asked, reached: commands.etl_run(place, asked.reconcile, reached, asked.max_seconds),
        ),
        "etl/rebuild": (
            RebuildRequest,
            lambda asked, reached: repairs.etl_rebuild(place, asked, reached),
        ),
        "bad/list": (BadListRequest, quick(lambda asked: repairs.bad_list(place, asked.since, asked.reason))),
        "bad/show": (BadShowRequest, quick(lambda asked: repairs.bad_show(place, asked.object, asked.line))),
        "bad/replay": (
            ReplayFilter,
            lambda asked, reached: repairs.bad_replay(place, asked, reached),
        ),
        "forget": (life.ForgetRequest, lambda asked, reached: life.forget(place, asked, reached)),
        "expire": (life.ExpireRequest, lambda asked, reached: life.expire(place, asked, reached)),
        "export/days": (life.DaysRequest, quick(lambda asked: life.export_days(place, asked))),
        "export/day": (life.ExportRequest, quick(lambda asked: life.export_day(place, asked))),
    }
    routes = [_route(f"/api/{name}", kind, work) for name, (kind, work) in works.items()]
    return [Route("/api/status", read_status, methods=["GET"]), *routes]


def _route(path: str, kind: type[Any], work: _Work) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body() or b"{}", type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return error_response(400, "invalid_request", str(error))
        far = Far()
        answer = _answer(lambda: work(asked, far.reached))
        return stream(far, answer) if request.headers.get("accept") == LINES else await answer

    return Route(path, endpoint, methods=["POST"])


async def _answer(work: Callable[[], Json]) -> Response:
    """Run `work` on a thread: the event loop serves the dashboard meanwhile."""
    try:
        return _json(200, {"success": True, "result": await run_in_threadpool(work)})
    except ClickstreamError as error:
        status = 400 if isinstance(error, QuestionError) else 503 if _may_pass(error) else 500
        return error_response(status, error.code, str(error), error.advice)
    except Exception:
        _log.exception("a request to the API failed")
        return error_response(500, "internal", "answering: the owner failed; DATA/logs/owner.log says why")


def _may_pass(error: ClickstreamError) -> bool:
    return isinstance(error, UnavailableError | StoreError)


def error_response(status: int, code: str, message: str, advice: str = "") -> Response:
    body: Json = {"success": False, "error": code, "message": message}
    return _json(status, body | {"advice": advice} if advice else body)


def _json(status: int, body: Json) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before accepting: the client sees a plain 403
    else:
        await refusal(scope, receive, send)


def _host(netloc: str) -> tuple[str, int] | None:
    """Host name and port of a Host header; None when it is none."""
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "", parts.port or 80)
    except ValueError:
        return None
