"""The owner's HTTP: who may call it, and the API through which other commands use the warehouse.

    GET  /api/status
    POST /api/<path>    each command of registry.py: its request in JSON, its result in JSON
    GET  /api/metrics   the stats API (local/stats)

A page of another site can make a browser send requests to loopback. So every request must name loopback as its host, a
WebSocket must come from a page of the same host, and the API requires the owner's token. The stats API, which only
reads, also accepts the token of the setting CLICKSTREAM_API_TOKEN.
A client that accepts application/x-ndjson receives the progress of the work before the result (progress.py).
Errors have one shape: {"success": false, "error": code, "message": text}, with `advice` where there is some, and the
facts of the error in `fields`.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clickstream.errors import ClickstreamError, QuestionError, StoreError, UnavailableError
from clickstream.local.owner.context import WarehouseContext
from clickstream.local.owner.progress import NDJSON, LatestProgress, stream
from clickstream.local.owner.registry import COMMANDS, Command, encode

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_log = logging.getLogger(__name__)


class Guard:
    """Passes on the requests that may reach the application behind it.

    port, token: the owner's. stats_token: another one for the stats API, "" = there is none.
    """

    def __init__(self, app: ASGIApp, port: int, token: str, stats_token: str = "") -> None:
        self._app = app
        self._port = port
        self._token = token.encode()
        self._stats_token = stats_token.encode()

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
            return error_response(403, "forbidden_host", "use the host name localhost or 127.0.0.1")
        origin = connection.headers.get("origin")
        if connection.scope["type"] == "websocket" and origin is not None and _host(urlsplit(origin).netloc) != host:
            return error_response(403, "forbidden_origin", "pages of other sites may not open a WebSocket")
        if not (connection.url.path + "/").startswith("/api/"):
            return None
        if host[1] != self._port:
            return error_response(403, "forbidden_host", f"the API is available on port {self._port} only")
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        is_stats = _is_stats(connection.url.path)
        if scheme.lower() == "bearer" and self._is_token(token.strip().encode(), is_stats):
            return None
        source = "the setting CLICKSTREAM_API_TOKEN" if is_stats else "owner.json"
        refusal = error_response(401, "invalid_token", f"send the token in {source}: Authorization: Bearer …")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal

    def _is_token(self, sent: bytes, is_stats: bool) -> bool:
        """Compare with every token that is valid here, each in constant time."""
        is_owner = hmac.compare_digest(sent, self._token)
        is_reader = hmac.compare_digest(sent, self._stats_token) and bool(self._stats_token)
        return is_owner or (is_stats and is_reader)


def _is_stats(path: str) -> bool:
    return path in ("/api/metrics", "/api/openapi.json") or path.startswith("/api/metrics/")


def api_routes(context: WarehouseContext, status: Callable[[], object]) -> list[Route]:
    """Return the routes below /api. status: returns the result of GET /api/status."""

    async def read_status(_request: Request) -> Response:
        return await _respond(status)

    commands = [_route(context, command) for command in COMMANDS]
    return [Route("/api/status", read_status, methods=["GET"]), *commands]


def _route(context: WarehouseContext, command: Command[Any, Any]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            decoded = msgspec.json.decode(await request.body() or b"{}", type=command.request)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return error_response(400, "invalid_request", str(error))
        progress = LatestProgress()
        response = _respond(lambda: command.run(context, decoded, progress))
        return stream(progress, response) if request.headers.get("accept") == NDJSON else await response

    return Route(f"/api/{command.path}", endpoint, methods=["POST"])


async def _respond(work: Callable[[], object]) -> Response:
    """Run the work on a thread, so that the event loop keeps serving the dashboard."""
    try:
        result = encode(await run_in_threadpool(work))
        return _json(200, {"success": True, "result": msgspec.Raw(result)})
    except ClickstreamError as error:
        return _error_response(error)
    except Exception:
        _log.exception("a request to the API failed")
        advice = "report it with the traceback in DATA/logs/owner.log"
        return _error_response(ClickstreamError("running a command in the owner", "a bug in clickstream", advice))


def _error_response(error: ClickstreamError) -> Response:
    is_temporary = isinstance(error, UnavailableError | StoreError)
    status = 400 if isinstance(error, QuestionError) else 503 if is_temporary else 500
    return error_response(status, error.code, str(error), advice=error.advice, fields=error.as_fields())


def error_response(status: int, code: str, message: str, **more: Any) -> Response:
    """Return a response in the shape of every error. more: its other keys, left out if they are empty."""
    body = {"success": False, "error": code, "message": message}
    return _json(status, body | {name: value for name, value in more.items() if value})


def _json(status: int, body: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before accepting it: the client receives a plain 403
    else:
        await refusal(scope, receive, send)


def _host(netloc: str) -> tuple[str, int] | None:
    """Return the name and port in a Host header; None if it is malformed."""
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "", parts.port or 80)
    except ValueError:
        return None
