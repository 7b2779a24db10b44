"""Commands that load the warehouse or repair what was loaded: a pass, a rebuild, bad rows.

Each is a request type, a result type and a function from (context, request, progress) to the result; registry.py lists
them. Repairs use a second loader, so the owner keeps loading meanwhile.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date
from functools import partial
from typing import Any

import msgspec

from clickstream.etl.repair import bad_rows
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.repair.replay import ReplayFilter, ReplayResult, replay
from clickstream.etl.run import PassResult
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.progress import Progress


class EtlRunRequest(Request, frozen=True):
    """reconcile: UTC days to list completely, even if they are closed. max_seconds: None for no limit."""

    reconcile: tuple[date, ...] = ()
    max_seconds: float | None = None


def etl_run(context: WarehouseContext, request: EtlRunRequest, progress: Progress) -> PassResult:
    """Load everything that is new."""
    return context.load(request.reconcile, progress, request.max_seconds)


class Move(msgspec.Struct, frozen=True):
    """A figure that changes. of: its key, such as a currency; empty for a total."""

    figure: str
    of: str
    before: int | str
    after: int | str


class Reason(msgspec.Struct, frozen=True):
    """A setting, or the code, that the live rows were loaded with and that differs now."""

    what: str
    before: list[str]
    after: str | None


class EventChange(msgspec.Struct, frozen=True):
    """Events that differ in the same columns. example: an event id, and its values `before` and `after`."""

    columns: list[str]
    events: int
    example: dict[str, Any]


class EventChanges(msgspec.Struct, frozen=True):
    """Events that only one side has, with examples of their ids; and events that differ."""

    only_before: int
    only_after: int
    changed: int
    examples_before: list[str]
    examples_after: list[str]
    kinds: list[EventChange]


class TableChange(msgspec.Struct, frozen=True):
    table: str
    only_before: int
    only_after: int


class RebuildResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from"}):
    """What a rebuild found (etl/repair/compare.py). first: the first day that was read again, None for all."""

    applied: bool
    first: date | None
    objects: int
    lines: int
    never_loaded: int
    same: bool
    moves: list[Move]
    events: EventChanges
    tables: list[TableChange]
    reasons: list[Reason]


def etl_rebuild(context: WarehouseContext, request: RebuildRequest, progress: Progress) -> RebuildResult:
    """Rebuild the warehouse beside the live one, compare, and swap if the request says so."""

    def load() -> object:
        return context.load((), partial(progress, doing="loading new objects"), None)

    site = RebuildContext(context.warehouse, context.store, context.clock, load, context.make_loader)
    return msgspec.convert(rebuild(site, request, partial(progress, doing="rebuilding")), RebuildResult)


class BadListRequest(Request, frozen=True):
    """since: the first UTC day. reason: only rows with this reason."""

    since: date | None = None
    reason: str | None = None


class BadReason(msgspec.Struct, frozen=True):
    reason: str
    lines: int
    objects: int
    first_seen: str
    last_seen: str


class BadPreview(msgspec.Struct, frozen=True):
    """begins: the first characters, escaped; None where the object ends before the line."""

    object: str
    line: int
    reason: str
    hour: str
    begins: str | None


class BadList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """reasons: most lines first. newest: newest first."""

    lines: int
    reasons: list[BadReason]
    newest: list[BadPreview]


def bad_list(context: WarehouseContext, request: BadListRequest, _progress: Progress) -> BadList:
    """Count bad rows by reason and list the newest."""
    return msgspec.convert(bad_rows.list_bad_rows(context.warehouse, request.since, request.reason), BadList)


class BadShowRequest(Request, frozen=True):
    """object: the key of a raw object, or its file name."""

    object: str
    line: int


class BadRowDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bad row in full. text, original_base64: its bytes, escaped and exact; None where the object ends before."""

    object: str
    line: int
    reason: str
    hour: str
    load_id: int
    loaded_at: str | None
    code: str | None
    what_to_do: str
    size_bytes: int | None
    text: str | None
    original_base64: str | None


def bad_show(context: WarehouseContext, request: BadShowRequest, _progress: Progress) -> BadRowDetails:
    """Show one bad row with its bytes."""
    return msgspec.convert(bad_rows.show_bad_row(context.warehouse, request.object, request.line), BadRowDetails)


def bad_replay(context: WarehouseContext, request: ReplayFilter, progress: Progress) -> ReplayResult:
    """Read bad lines again and load those that are valid now."""
    bad_rows.assert_any(context.warehouse, request.reason, request.object)
    with closing(context.make_loader(context.warehouse)) as loader:
        return replay(loader, request, progress)
