"""The progress of long work, on its way from the owner to the command that waits for it.

A request that accepts NDJSON receives one JSON object a line: the progress twice a second (also while nothing changes,
so silence means that the owner has ended), and at the end the status and body of the plain response.

    {"done": 120, "total": 400, "doing": "searching"}
    {"status": 200, "response": {"success": true, "result": …}}

The work continues if the client disconnects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable

import msgspec
from starlette.responses import Response, StreamingResponse

from clickstream.progress import Progress

NDJSON = "application/x-ndjson"
PERIOD_S = 0.5


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """status, response: only in the last line."""

    done: int = 0
    total: int = 0
    doing: str = ""
    status: int = 0
    response: msgspec.Raw = msgspec.Raw(b"")


class LatestProgress:
    """A `Progress` that keeps the latest call: the thread of the work writes it, another thread reads it."""

    def __init__(self) -> None:
        self.line = _Line()

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        self.line = _Line(done, total, doing)


def stream(progress: LatestProgress, response: Awaitable[Response]) -> Response:
    """Return a response that streams the progress of the work behind `response`, and then `response`."""
    return StreamingResponse(_lines(progress, response), headers={"Cache-Control": "no-store"}, media_type=NDJSON)


async def _lines(progress: LatestProgress, response: Awaitable[Response]) -> AsyncIterator[bytes]:
    work = asyncio.ensure_future(response)
    sent = progress.line
    while not work.done():
        await asyncio.wait({work}, timeout=PERIOD_S)
        if not work.done() or progress.line is not sent:
            sent = progress.line
            yield msgspec.json.encode(sent) + b"\n"
    done = work.result()
    last = _Line(status=done.status_code, response=msgspec.Raw(bytes(done.body)))
    yield msgspec.json.encode(last) + b"\n"


def read_stream(lines: Iterable[bytes], progress: Progress) -> tuple[int, bytes]:
    """Report progress while the lines arrive; return the status and body of the response.

    Raises msgspec.MsgspecError if the lines end without a response.
    """
    for text in lines:
        line = msgspec.json.decode(text, type=_Line)
        if line.status:
            return line.status, bytes(line.response)
        if line.total or line.doing:
            progress(line.done, line.total, line.doing)
    raise msgspec.DecodeError("the response was cut off")
