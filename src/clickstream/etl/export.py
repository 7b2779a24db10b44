"""Days of the warehouse as files: Parquet or CSV, one file for each local day and table.

In: a table, a local day. Out: one whole file below a stage folder, with typed columns; who asked moves it to its place
(`put_in_place`), so that a file in the target folder is always whole. Rows are in no order. The same on both engines:
DuckDB writes the file, from its own rows or from those that PostgreSQL copies out; memory stays small either way.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
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
class Sheet:
    """A table that can be exported: its rows, and what tells the day of a row.

    moment: an instant; or day: a date in CLICKSTREAM_TIMEZONE already.
    """

    rows: str
    moment: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """One file: the rows of a table on a local day of a zone."""

    table: str
    day: date
    zone: ZoneInfo
    kind: Format


SHEETS = {
    "clickstream_events": Sheet("select t.* from clickstream_events as t", moment="t.event_timestamp"),
    "sessions": Sheet("select t.* from sessions as t", moment="t.session_start"),
    "orders": Sheet("select t.* from orders as t", moment="t.ordered_at"),
    "order_items": Sheet(
        "select o.ordered_at, t.* from order_items as t join orders as o on o.order_id = t.order_id",
        moment="o.ordered_at",
    ),
    "refunds": Sheet("select t.* from refunds as t", moment="t.refunded_at"),
    "seen": Sheet("select t.* from seen as t", moment="t.first_seen_at"),
    "clients": Sheet("select t.* from clients as t", moment="t.event_timestamp"),
    "daily_visitors": Sheet("select t.* from daily_visitors as t", day="t.day"),
    "daily_sessions": Sheet("select t.* from daily_sessions as t", day="t.day"),
}


def find_sheet(table: str) -> Sheet:
    """Raises QuestionError for a table that cannot be exported."""
    sheet = SHEETS.get(table)
    if sheet is None:
        raise QuestionError("unknown_table", table, "it cannot be exported", f"one of: {', '.join(SHEETS)}")
    return sheet


def days_with_rows(warehouse: Warehouse, table: str, zone: ZoneInfo) -> tuple[date, date] | None:
    """First local day with rows, and the day after the last one; None for an empty table."""
    sheet = find_sheet(table)
    column = sheet.moment or sheet.day
    _, _, source = sheet.rows.partition(" from ")
    sql = fill("select min({column}), max({column}) from {source}", column=column, source=source)
    ((first, last),) = warehouse.fetch(sql).rows
    if first is None:
        return None
    if isinstance(first, datetime):
        first, last = local_date(zone, first), local_date(zone, last)
    return first, last + DAY


def write_day(warehouse: Warehouse, wanted: Extract, stage: Path) -> tuple[Path, int]:
    """Write the rows of a local day into a new file below `stage`; its path, and how many rows it has."""
    sheet = find_sheet(wanted.table)
    if sheet.day:
        sql = f"{sheet.rows} where {sheet.day} = date '{wanted.day}'"
    else:
        first, end = start_of(wanted.zone, wanted.day), start_of(wanted.zone, wanted.day + DAY)
        sql = f"{sheet.rows} where {sheet.moment} >= timestamptz '{first}' and {sheet.moment} < timestamptz '{end}'"
    _remove_stale(stage)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=stage))
    path = folder / f"{wanted.table}-{wanted.day}.{wanted.kind}"
    try:
        with warehouse.reading() as cursor:
            rows = cursor.write_file(sql, path, wanted.kind)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path, rows


def put_in_place(written: Path, folder: Path) -> Path:
    """Move a written file into `folder`, in one step: whoever looks sees the old file or the whole new one."""
    target = folder / written.name
    temporary = folder / f".{written.name}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, temporary)
        sync(temporary)
        temporary.rename(target)
    except BaseException as error:  # Ctrl-C too: half a file, even a hidden one, is nobody's wish
        with suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        why = f"{error.strerror or error}: {error.filename or folder}"
        raise ClickstreamError("writing an export", why, "check the folder, its rights and free space") from error
    finally:
        shutil.rmtree(written.parent, ignore_errors=True)
    return target


def remove_begun(stage: Path) -> None:
    """Remove what this process began to write: its thread that does so ends with it, cut anywhere."""
    for begun in stage.glob(f"{_PREFIX}{os.getpid()}-*"):
        shutil.rmtree(begun, ignore_errors=True)


def _remove_stale(stage: Path) -> None:
    """Remove what commands left that were killed before they took their file away."""
    stage.mkdir(parents=True, exist_ok=True)
    for left in stage.glob(f"{_PREFIX}*"):
        try:
            is_stale = time.time() - left.stat().st_mtime > _STALE_S
        except OSError:
            continue
        if is_stale:
            shutil.rmtree(left, ignore_errors=True)
