"""Commands on the mart: its status, its build from scratch, and its comparison with the warehouse.

Each is a request type, a result type and a function from (context, request, progress) to the result; registry.py lists
them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.mart.compare import compare
from clickstream.mart.file import VERSION, Mart
from clickstream.mart.refresh import Way, find_gap
from clickstream.mart.source import Position, read_position
from clickstream.progress import Progress
from clickstream.warehouse.contract import Cursor

COMPARE_ATTEMPTS = 10
_NEXT: dict[Way, Literal["nothing", "update", "build"]] = {
    "unchanged": "nothing",
    "updated": "update",
    "built": "build",
}


class MartStatusRequest(Request, frozen=True):
    """Examine the mart without changing it."""


class MartStatus(msgspec.Struct, frozen=True):
    """The mart's file, the load that it shows, and what it needs to show the last one.

    version: of its tables; None if the file is missing, damaged or of another version. load_id, loaded_at: of the load
    that it shows (ISO 8601, UTC); None before the first. loads_behind: the loads since. next: what the next question
    does first. failure: why the running owner could not bring it up to date, "" if it could.
    """

    path: str
    size_bytes: int
    version: int | None
    load_id: int | None
    loaded_at: str | None
    warehouse_load_id: int
    loads_behind: int
    events: int
    sessions: int
    bytes_per_event: float | None
    next: Literal["nothing", "update", "build"]
    failure: str


def mart_status(context: WarehouseContext, _request: MartStatusRequest, _progress: Progress) -> MartStatus:
    """Examine the mart. One that does not exist is not created."""
    keeper = context.keeper
    with context.warehouse.reading() as cursor, keeper.peek() as mart:
        gap = find_gap(mart, cursor) if mart else None
        known = gap.known if gap else Position()
        events, sessions = _counts(mart) if mart else (0, 0)
        size = _size(keeper.path)
        return MartStatus(
            path=str(keeper.path.absolute()),
            size_bytes=size,
            version=VERSION if mart else None,
            load_id=known.load_id or None,
            loaded_at=_text(known.loaded_at),
            warehouse_load_id=read_position(cursor).load_id,
            loads_behind=_loads_after(cursor, known.load_id),
            events=events,
            sessions=sessions,
            bytes_per_event=round(size / events, 1) if events else None,
            next=_NEXT[gap.way if gap else "built"],
            failure=str(keeper.failure or ""),
        )


class MartBuildRequest(Request, frozen=True):
    """Build the mart from scratch."""


class MartBuild(msgspec.Struct, frozen=True):
    """A mart that was built. duration_s: how long it took. load_id: the load that it shows; None before the first."""

    path: str
    size_bytes: int
    load_id: int | None
    events: int
    sessions: int
    duration_s: float
    events_per_s: int


def mart_build(context: WarehouseContext, _request: MartBuildRequest, progress: Progress) -> MartBuild:
    """Build the mart from scratch. The old one answers until it is done."""
    started = time.monotonic()
    done = context.keeper.build(progress)
    duration_s = time.monotonic() - started
    events, sessions = _counts(context.keeper.mart)
    return MartBuild(
        path=str(context.keeper.path.absolute()),
        size_bytes=_size(context.keeper.path),
        load_id=done.position.load_id or None,
        events=events,
        sessions=sessions,
        duration_s=round(duration_s, 3),
        events_per_s=int(events / duration_s),
    )


class DayDifference(msgspec.Struct, frozen=True):
    """A UTC day on which mart and warehouse contain other numbers of events, sessions or orders."""

    day: date
    kind: Literal["events", "sessions", "orders"]
    warehouse: int
    mart: int


def differences(context: WarehouseContext, since: date | None, progress: Progress) -> Sequence[DayDifference] | None:
    """Bring the mart up to date and compare it with the warehouse; None if loads kept arriving meanwhile."""
    for _ in range(COMPARE_ATTEMPTS):
        context.keeper.refresh(progress)
        with context.warehouse.reading() as cursor, context.keeper.mart.reading() as mart:
            found = compare(cursor, mart, since)
        if found is not None:
            return [DayDifference(each.day, each.kind, each.warehouse, each.mart) for each in found]
    return None


def _counts(mart: Mart) -> tuple[int, int]:
    """Return the numbers of events and sessions."""
    with mart.reading() as cursor:
        events, sessions = cursor.fetch("select (select count(*) from hits), (select count(*) from sessions)").rows[0]
    return events, sessions


def _loads_after(cursor: Cursor, load_id: int) -> int:
    return int(cursor.scalar("select count(*) from loads where load_id > $known", {"known": load_id}))


def _size(path: Path) -> int:
    """Return the bytes of the file and of its log."""
    size = 0
    for part in (path, path.with_name(f"{path.name}.wal")):
        with suppress(FileNotFoundError):
            size += part.stat().st_size
    return size


def _text(micros: int | None) -> str | None:
    return None if micros is None else f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
