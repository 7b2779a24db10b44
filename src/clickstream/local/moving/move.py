"""Moves the platform to another warehouse: builds it from the raw store, and compares both metric by metric.

In: an open warehouse with its mart and raw store, the URL of another warehouse. Out: what was loaded there, and every
metric whose answer differs. Nothing points to the new warehouse afterwards: the user changes one setting. The old one
stays as it is. A move that was interrupted continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from clickstream import warehouse as warehouses
from clickstream.errors import WarehouseError
from clickstream.etl import ledger
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from clickstream.metrics.catalog import METRICS, ask, reads_warehouse
from clickstream.metrics.question import Question
from clickstream.metrics.records import Records
from clickstream.progress import Progress
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse

MOVING = "moving to another warehouse"
COMPARING = "comparing metrics"
_ABOUT_LOADS = {"health_freshness", "health_late"}
"""They tell when events were loaded, which another warehouse does at another time."""
_NEEDS_VISITOR = {"visitor_timeline"}
_LIMIT = 10_000
_EPOCH = date(1970, 1, 1)


class MoveRequest(Request, frozen=True):
    """to: URL of the new warehouse, as in CLICKSTREAM_WAREHOUSE_URL."""

    to: str


class Difference(msgspec.Struct, frozen=True):
    """rows_before, rows_after: of the answer. example: a row that only one of them has, as text."""

    metric: str
    rows_before: int
    rows_after: int
    example: str


class MoveResult(msgspec.Struct, frozen=True):
    """to: name of the new warehouse, without its password. compared: how many metrics were asked of both."""

    to: str
    objects: int
    lines: int
    events: int
    compared: int
    differences: list[Difference]


def move(context: WarehouseContext, request: MoveRequest, progress: Progress) -> MoveResult:
    """Build the new warehouse and compare. Raises WarehouseError: it is this one, a lake, or of other data."""
    settings = _settings_of(request.to)
    if settings.is_embedded and settings.warehouse_path.resolve() == _path_of(context.warehouse):
        raise _in_use()
    context.load((), progress, None)
    with warehouses.open_warehouse(settings.warehouse_address) as target:
        _check_target(context, target)
        with closing(context.make_loader(target)) as loader:
            loaded = loader.run_pass(list(context.store.days()), progress)
        _copy_notes(context.warehouse, target)
        with TemporaryDirectory(prefix="move-", dir=context.stage) as folder, Mart.open(Path(folder) / "mart") as mart:
            refresh(mart, target, progress)
            names = [name for name in METRICS if name not in _ABOUT_LOADS | _NEEDS_VISITOR]
            differences = list(_differences(context, mart, target, names, progress))
        events = target.fetch("select count(*) from clickstream_events").rows[0][0]
    return MoveResult(settings.warehouse_name, loaded.objects, loaded.lines, events, len(names), differences)


def _settings_of(url: str) -> Settings:
    """Return settings with this warehouse. Raises WarehouseError for a URL that no warehouse has, or that of a lake."""
    try:
        settings = Settings(warehouse_url=url)
    except ValueError as error:
        raise WarehouseError(
            MOVING, "it is not the URL of a warehouse", "use duckdb:///path or postgresql://…"
        ) from error
    if settings.lake_path is not None:
        raise WarehouseError(MOVING, "a lake is not loaded from the raw store", "use clickstream export --lake FOLDER")
    return settings


def _check_target(context: WarehouseContext, target: Warehouse) -> None:
    """Raise a WarehouseError if the target is this warehouse, or holds objects that this one does not have."""
    sql = "select cast(epoch as text) from warehouse_epoch"
    if context.warehouse.fetch(sql).rows == target.fetch(sql).rows:
        raise _in_use()
    known = {row[0] for row in context.warehouse.fetch("select name from raw_objects").rows}
    strange = [row[0] for row in target.fetch("select name from raw_objects").rows if row[0] not in known]
    if strange:
        why = f"it holds {len(strange):,} objects that are not in this one, such as {strange[0]}"
        raise WarehouseError(MOVING, why, "choose an empty warehouse")


def _path_of(warehouse: Warehouse) -> Path | None:
    """Return the file of a warehouse that is one."""
    return warehouse.path.resolve() if isinstance(warehouse, DuckWarehouse) else None


def _in_use() -> WarehouseError:
    return WarehouseError(MOVING, "it is the warehouse that is in use", "choose another URL")


def _copy_notes(source: Warehouse, target: Warehouse) -> None:
    """Copy the notes, which no raw object holds."""
    notes = source.fetch("select * from notes")
    with target.transaction() as cursor:
        cursor.execute("delete from notes")
        names = ", ".join(notes.columns)
        values = ", ".join(f"${name}" for name in notes.columns)
        for row in notes.dicts():
            cursor.execute(f"insert into notes ({names}) values ({values})", row)  # noqa: S608 - names of our columns


def _differences(
    context: WarehouseContext, mart: Mart, target: Warehouse, names: list[str], progress: Progress
) -> Iterator[Difference]:
    """Ask each metric of both, over all days, and yield those whose rows differ."""
    question = _question(context, mart)
    old = context.keeper.current(progress)
    records = Records(target, lambda cursor, start, end: ledger.read(cursor, context.store, start, end))
    for done, name in enumerate(names):
        progress(done, len(names), COMPARING)
        asked = replace(question, compare="previous") if name == "movers" else question
        before, after = (
            ask(None if reads_warehouse(name) else each, name, asked, max_days=None, records=source).rows
            for each, source in ((old, context.records), (mart, records))
        )
        if before != after:
            only = next((row for row in [*before, *after] if (row in before) != (row in after)), "their order")
            yield Difference(name, len(before), len(after), str(only))


def _question(context: WarehouseContext, mart: Mart) -> Question:
    """Return a question about all days that either warehouse has, as of tomorrow: clocks of devices may be ahead."""
    as_of = context.clock() + timedelta(days=1)
    starts = []
    for each in (context.keeper.current(), mart):
        with each.reading() as cursor:
            starts.append(cursor.scalar("select min(moment) from hits"))
    first = min((start for start in starts if start is not None), default=None)
    from_date = (as_of if first is None else datetime.fromtimestamp(first / 1e6, UTC)).date() - timedelta(days=1)
    to_date = max(as_of.date(), from_date) + timedelta(days=2)
    return Question(as_of=as_of, tz=context.zone, from_date=from_date, to_date=to_date, compare="none", limit=_LIMIT)
