"""Days of the warehouse as files: Parquet or CSV, one file for each local day and table.

In: a table, a local day. Out: one complete file below a stage folder, with typed columns; the caller moves it to its
target folder (`move_into_place`), so that a file there is always complete. Rows are in no particular order. On both
engines DuckDB writes the same files, from its own rows or from those that PostgreSQL copies out, in little memory.

"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from clickstream.durable import sync
from clickstream.errors import ClickstreamError, QuestionError
from clickstream.metrics.rules.local_time import DAY, local_date, start_of
from clickstream.warehouse.contract import FileFormat, Warehouse
from clickstream.warehouse.dialects import fill

Format = FileFormat
_PREFIX = "export-"
_STALE_S = 3600


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table that can be exported: its rows, and the instant that decides the day of a row."""

    rows: str
    moment: str


@dataclass(frozen=True, slots=True)
class Extract:
    """One file to write: the rows of a table on a local day of a zone."""

    table: str
    day: date
    zone: ZoneInfo
    kind: Format


TABLES = {
    "clickstream_events": ExportTable("select t.* from clickstream_events as t", moment="t.event_timestamp"),
    "sessions": ExportTable("select t.* from sessions as t", moment="t.session_start"),
    "orders": ExportTable("select t.* from orders as t", moment="t.ordered_at"),
    "order_items": ExportTable(
        "select o.ordered_at, t.* from order_items as t join orders as o on o.order_id = t.order_id",
        moment="o.ordered_at",
    ),
    "refunds": ExportTable("select t.* from refunds as t", moment="t.refunded_at"),
    "seen": ExportTable("select t.* from seen as t", moment="t.first_seen_at"),
    "clients": ExportTable("select t.* from clients as t", moment="t.event_timestamp"),
}


def find_table(name: str) -> ExportTable:
    """Return a table by its name. Raises QuestionError for a table that cannot be exported."""
    table = TABLES.get(name)
    if table is None:
        raise QuestionError("unknown_table", name, "this table cannot be exported", f"one of: {', '.join(TABLES)}")
    return table


def days_with_rows(warehouse: Warehouse, table: str, zone: ZoneInfo) -> tuple[date, date] | None:
    """Return the first local day with rows and the day after the last one; None for an empty table."""
    exported = find_table(table)
    _, _, source = exported.rows.partition(" from ")
    sql = fill("select min({moment}), max({moment}) from {source}", moment=exported.moment, source=source)
    ((first, last),) = warehouse.fetch(sql).rows
    if first is None:
        return None
    return local_date(zone, first), local_date(zone, last) + DAY


def write_day(warehouse: Warehouse, extract: Extract, stage: Path) -> tuple[Path, int]:
    """Write the rows of a local day into a new file below `stage`; return its path and the number of rows."""
    table = find_table(extract.table)
    first, end = start_of(extract.zone, extract.day), start_of(extract.zone, extract.day + DAY)
    sql = f"{table.rows} where {table.moment} >= timestamptz '{first}' and {table.moment} < timestamptz '{end}'"
    _remove_stale(stage)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=stage))
    path = folder / f"{extract.table}-{extract.day}.{extract.kind}"
    try:
        with warehouse.reading() as cursor:
            rows = cursor.write_file(sql, path, extract.kind)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path, rows


def move_into_place(written: Path, folder: Path) -> Path:
    """Move a written file into `folder`, in one step: readers see the old file or the complete new one."""
    target = folder / written.name
    temporary = folder / f".{written.name}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, temporary)
        sync(temporary)
        temporary.rename(target)
    except BaseException as error:  # Ctrl-C too: no partial file may stay, not even a hidden one
        with suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        why = f"{error.strerror or error}: {error.filename or folder}"
        advice = "check that the folder is writable and has free space"
        raise ClickstreamError("writing an export", why, advice) from error
    finally:
        shutil.rmtree(written.parent, ignore_errors=True)
    return target


def remove_unfinished(stage: Path) -> None:
    """Remove the files that this process is still writing; for its end, when its threads stop anywhere."""
    for unfinished in stage.glob(f"{_PREFIX}{os.getpid()}-*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_stale(stage: Path) -> None:
    """Remove files of commands that were killed before they moved their file away."""
    stage.mkdir(parents=True, exist_ok=True)
    for folder in stage.glob(f"{_PREFIX}*"):
        try:
            is_stale = time.time() - folder.stat().st_mtime > _STALE_S
        except OSError:
            continue
        if is_stale:
            shutil.rmtree(folder, ignore_errors=True)
