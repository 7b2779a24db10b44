"""Answers as files: `download/METRIC.csv` and `download/METRIC.parquet` below the dashboard.

In: a question in the address, written as the stats API reads it (metrics/parse.py); the panels link to it. Out: the
whole answer, up to the limit of a metric, computed for this request. A page of another site may not fetch it: browsers
say where a request comes from. Errors have the shape of every error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from clickstream.dashboard.answers.cache import AnswerCache
from clickstream.errors import ClickstreamError, QuestionError
from clickstream.metrics.files.address import answer_query
from clickstream.metrics.files.csv_file import answer_csv
from clickstream.metrics.files.parquet_file import answer_parquet
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Answer

PATH = "/download/{name}.{kind}"
_WRITERS: dict[str, tuple[Callable[[Answer], bytes], str]] = {
    "csv": (answer_csv, "text/csv"),
    "parquet": (answer_parquet, "application/vnd.apache.parquet"),
}
_OWN_SITES = ("same-origin", "none")  # none: an address that the reader typed or saved


def file_address(answer: Answer) -> str:
    """Return where to download an answer: the metric and its question, without the format."""
    return f"{answer.metric}?{answer_query(answer)}"


class Downloads:
    """The endpoint. Use it on the event loop of the cache."""

    def __init__(self, cache: AnswerCache, clock: Callable[[], datetime], zone: ZoneInfo) -> None:
        self._cache = cache
        self._clock = clock
        self._zone = zone

    async def respond(self, request: Request) -> Response:
        """Answer a GET of `PATH`."""
        name, kind = request.path_params["name"], request.path_params["kind"]
        if not _is_own(request):
            return _failure(403, "forbidden_origin", "pages of other sites may not download answers")
        if kind not in _WRITERS:
            return _failure(404, "not_found", f"no such format: {kind!r} (expected csv or parquet)")
        write, media = _WRITERS[kind]
        options = {key: request.query_params.getlist(key) for key in request.query_params}
        try:
            question = question_from_text(name, options, self._clock(), self._zone)
            content = await self._cache.computed(name, question, write)
        except QuestionError as error:
            return _failure(404 if error.code == "unknown_metric" else 400, error.code, str(error), error.advice)
        except ClickstreamError as error:
            return _failure(503, error.code, str(error), error.advice)
        headers = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
        return Response(content, headers=headers, media_type=media)


def _is_own(request: Request) -> bool:
    """Whether the request comes from a page of the dashboard, or from no page at all."""
    origin = request.headers.get("origin")
    is_own_origin = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return is_own_origin and request.headers.get("sec-fetch-site", "none") in _OWN_SITES


def _failure(status: int, code: str, message: str, advice: str = "") -> Response:
    body = {"success": False, "error": code, "message": message, **({"advice": advice} if advice else {})}
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, "application/json")
