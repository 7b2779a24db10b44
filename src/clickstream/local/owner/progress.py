"""How far long work is, on its way from the owner to the command that waits for it.

Whoever asks for LINES is answered with one JSON object a line: how far the work is, twice a second (also when nothing
moved: silence means that the owner is gone), and at the end the status and body that a plain answer would have.

    {"done": 120, "total": 400, "doing": "searching"}
    {"status": 200, "answer": {"success": true, "result": …}}

The work goes on when nobody listens any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable

import msgspec
from starlette.responses import Response, StreamingResponse

from clickstream.progress import Progress

LINES = "application/x-ndjson"
PERIOD_S = 0.5


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """status, answer: of the last line alone."""

    done: int = 0
    total: int = 0
    doing: str = ""
    status: int = 0
    answer: msgspec.Raw = msgspec.Raw(b"")


class Far:
    """How far a piece of work is: told by its thread, read by another."""

    def __init__(self) -> None:
        self.line = _Line()

    def reached(self, done: int, total: int, doing: str = "") -> None:
        self.line = _Line(done, total, doing)


def stream(far: Far, answer: Awaitable[Response]) -> Response:
    """Lines about work that keeps `far` up to date, and then its answer."""
    return StreamingResponse(_lines(far, answer), headers={"Cache-Control": "no-store"}, media_type=LINES)


async def _lines(far: Far, answer: Awaitable[Response]) -> AsyncIterator[bytes]:
    work = asyncio.ensure_future(answer)
    told = far.line
    while not work.done():
        await asyncio.wait({work}, timeout=PERIOD_S)
        if not work.done() or far.line is not told:
            told = far.line
            yield msgspec.json.encode(told) + b"\n"
    response = work.result()
    last = _Line(status=response.status_code, answer=msgspec.Raw(bytes(response.body)))
    yield msgspec.json.encode(last) + b"\n"


def read_lines(lines: Iterable[bytes], reached: Progress) -> tuple[int, bytes]:
    """Tell how far the work is while it lasts; status and body of the answer.

    Raises msgspec.MsgspecError when the lines end without one.
    """
    for text in lines:
        line = msgspec.json.decode(text, type=_Line)
        if line.status:
            return line.status, bytes(line.answer)
        if line.total or line.doing:
            reached(line.done, line.total, line.doing)
    raise msgspec.DecodeError("the answer was cut off")
