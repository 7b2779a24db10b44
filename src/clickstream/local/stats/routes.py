"""The routes of the stats API. They only read; owner/api.py has the routes of the commands.

    GET /api/metrics          every metric with its question, options and filters
    GET /api/metrics/NAME     its answer, as JSON, CSV or Parquet
    GET /api/openapi.json     the description of all this

In: parameters as `clickstream metric` takes them. Out: the same rows, with the number of their load in the header
Clickstream-Load, and an ETag that stays the same until the rows change. The guard (owner/api.py) has checked host and
token before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache, partial
from hashlib import sha256
from typing import Any

import msgspec
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clickstream.errors import ClickstreamError, QuestionError, UnavailableError
from clickstream.local.owner.api import error_response
from clickstream.local.owner.context import WarehouseContext
from clickstream.local.owner.questions import MetricRequest, metric
from clickstream.local.stats.openapi import ANSWER_FORMATS, metric_list, openapi_document
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import mart_position
from clickstream.metrics.catalog import reads_warehouse
from clickstream.metrics.files.csv_file import answer_csv
from clickstream.metrics.files.parquet_file import answer_parquet
from clickstream.metrics.question import Answer, answer_json
from clickstream.metrics.rules.filters import join_names
from clickstream.progress import no_progress

THREADS = 4
"""Answers computed at a time; the others wait, so that the dashboard and the commands stay quick."""
RETRY_AFTER_S = 5
_LOAD_HEADER = "Clickstream-Load"
_WRITERS: Mapping[str, Callable[[Answer], bytes]] = {
    "json": answer_json,
    "csv": answer_csv,
    "parquet": answer_parquet,
}
_CLOCK_FACTS = ("as_of", "start", "end")
"""Facts of an answer that move with the clock while its rows stay the same."""
_log = logging.getLogger(__name__)


def stats_routes(context: WarehouseContext) -> list[Route]:
    """Return the routes."""
    limiter = CapacityLimiter(THREADS)

    async def list_metrics(request: Request) -> Response:
        return _constant(request, _list_bytes)

    async def describe(request: Request) -> Response:
        return _constant(request, _openapi_bytes)

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        try:
            kind, options = _parameters(request.query_params)
            return await run_sync(
                partial(_answer, context, request, MetricRequest(name, options), kind), limiter=limiter
            )
        except Exception as error:
            return _failure(error)

    return [
        _get("/api/metrics", list_metrics),
        _get("/api/metrics/{name}", answer),
        _get("/api/openapi.json", describe),
    ]


def _get(path: str, endpoint: Callable[..., Any]) -> Route:
    """Return a route for GET alone: Starlette would add HEAD."""
    route = Route(path, endpoint, methods=["GET"])
    route.methods = {"GET"}
    return route


def _parameters(query: QueryParams) -> tuple[str, dict[str, str | list[str]]]:
    """Return the format, and the parameters of the question; a repeated one becomes a list."""
    formats = query.getlist("format") or ["json"]
    if len(formats) != 1 or formats[0] not in _WRITERS:
        why = f"{', '.join(formats)!r} (expected {join_names(tuple(_WRITERS))})"
        raise QuestionError("invalid_option", "format", why)
    texts = {name: query.getlist(name) for name in query if name != "format"}
    return formats[0], {name: values[0] if len(values) == 1 else values for name, values in texts.items()}


def _answer(context: WarehouseContext, request: Request, question: MetricRequest, kind: str) -> Response:
    if not reads_warehouse(question.name):
        _require_mart(context.keeper)
    answer = metric(context, question, no_progress)
    body = _WRITERS[kind](answer)
    headers = {_LOAD_HEADER: str(answer.meta.get("load") or 0), "ETag": _tag(answer, kind), "Cache-Control": "no-cache"}
    if kind != "json":
        headers["Content-Disposition"] = f'attachment; filename="{answer.metric}.{kind}"'
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=ANSWER_FORMATS[kind])


def _require_mart(keeper: MartKeeper) -> None:
    """Refuse to wait for the first build of a mart, which can take minutes."""
    building = keeper.building
    if building and not mart_position(keeper.mart).epoch:
        why = f"the mart is being built: {building[0]:,} of {building[1]:,} events are done"
        raise UnavailableError("answering", why, f"send the request again in {RETRY_AFTER_S} seconds")


def _tag(answer: Answer, kind: str) -> str:
    """Return the entity tag of an answer: its load, and a hash of what it says. It is weak: `as_of` is left out."""
    meta = {name: value for name, value in answer.meta.items() if name not in _CLOCK_FACTS}
    if meta.get("compare"):
        meta["compare"] = {name: value for name, value in meta["compare"].items() if name not in _CLOCK_FACTS}
    said = msgspec.json.encode([kind, [column.name for column in answer.columns], answer.rows, meta], enc_hook=str)
    return f'W/"{answer.meta.get("load") or 0}-{sha256(said).hexdigest()[:16]}"'


def _constant(request: Request, content: Callable[[], bytes]) -> Response:
    """Respond with a document that is the same for every request; it has no parameters."""
    for name in request.query_params:
        return _failure(QuestionError("unknown_parameter", name, "this address has no parameters", "remove it"))
    tag = f'W/"{sha256(content()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content(), headers=headers, media_type="application/json")


@cache
def _list_bytes() -> bytes:
    return msgspec.json.encode(metric_list())


@cache
def _openapi_bytes() -> bytes:
    return msgspec.json.encode(openapi_document())


def _is_known(request: Request, tag: str) -> bool:
    """Whether the client has this version already (If-None-Match compares weakly)."""
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag.removeprefix("W/") in known or "*" in known


def _failure(error: Exception) -> Response:
    """Return an error as a response: a wrong question is 400 or 404, a mart that cannot answer now 503."""
    if isinstance(error, QuestionError):
        status = 404 if error.code == "unknown_metric" else 400
        return error_response(status, error.code, str(error), advice=error.advice, fields=error.as_fields())
    if isinstance(error, ClickstreamError):
        response = error_response(503, error.code, str(error), advice=error.advice, fields=error.as_fields())
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response
    _log.error("a request to the stats API failed", exc_info=error)
    advice = "report it with the traceback in DATA/logs/owner.log"
    return error_response(500, "error", "answering: a bug in clickstream", advice=advice)
