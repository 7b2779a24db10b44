"""Writes a lake from a warehouse and its mart.

In: an open warehouse of any engine, its mart, an empty folder or a lake. Out: the lake, which shows the warehouse's
last load. Readers of the lake see the old version until the last step. Memory stays small: a day at a time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import clickstream
from clickstream.durable import sync
from clickstream.errors import WarehouseError
from clickstream.lake.manifest import (
    DAYS,
    FORMAT,
    MART,
    MART_DAYS,
    LakeTable,
    Manifest,
    Part,
    read_manifest,
    remove_leftovers,
    swap_manifest,
)
from clickstream.mart.file import Mart
from clickstream.mart.refresh import noted_position
from clickstream.mart.source import read_position
from clickstream.progress import Progress, no_progress
from clickstream.warehouse.contract import Cursor, Warehouse
from clickstream.warehouse.dialects import fill

WRITING = "writing the lake"
_EPOCH_DAY = date(1970, 1, 1)
_TABLES = {
    "duckdb": "select table_name from duckdb_tables() where schema_name = 'main' and not temporary "
    "and database_name = current_database()",
    "postgres": "select table_name from information_schema.tables where table_schema = current_schema() "
    "and table_type = 'BASE TABLE'",
}
_NOT_EXPORTED = {"schema_files", "passes", "watermarks", "closed_days"}
"""Tables that only the loader of a warehouse needs."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows of a table: all, or those of one day. sql: their SELECT."""

    table: str
    day: date | None
    sql: str


@dataclass(frozen=True, slots=True)
class WrittenLake:
    """What one write did. removed: files of older versions that were deleted."""

    version: int
    load_id: int
    files: int
    rows: int
    bytes: int
    removed: int


def write_lake(
    warehouse: Warehouse, mart: Mart, lake: Path, stage: Path, progress: Progress = no_progress
) -> WrittenLake:
    """Write all tables into new files, then swap the manifest, then remove what the last two versions do not name.

    stage: an empty folder in which the warehouse may write.
    Raises WarehouseError: the mart is of another load, the folder holds something else or cannot be written.
    """
    try:
        old = _existing(lake)
        version = old.version + 1 if old else 1
        with warehouse.reading() as cursor, mart.reading() as mart_cursor:
            position = read_position(cursor)
            if noted_position(mart_cursor) != position:
                raise WarehouseError(WRITING, "a load came in between", "try again")
            pieces = [(cursor, piece) for piece in _pieces(cursor)]
            pieces += [(mart_cursor, piece) for piece in _mart_pieces(mart_cursor)]
            tables: dict[str, LakeTable] = {}
            for done, (reader, piece) in enumerate(pieces):
                progress(done, len(pieces), WRITING)
                _note(tables, piece, _write(reader, piece, lake, version, stage))
        loaded_at = None if position.loaded_at is None else str(_instant(position.loaded_at))
        new = Manifest(FORMAT, version, position.epoch, position.load_id, loaded_at, clickstream.__version__, tables)
        swap_manifest(lake, new)
        removed = remove_leftovers(lake, new, *([old] if old else []))
    except OSError as error:
        why = f"{error.strerror or error}: {error.filename or lake}"
        raise WarehouseError(WRITING, why, "check that the folder is writable and has free space") from error
    parts = [part for table in tables.values() for part in table.parts()]
    totals = (sum(part.rows for part in parts), sum(part.bytes for part in parts))
    return WrittenLake(version, position.load_id, len(new.files()), *totals, removed)


def _existing(lake: Path) -> Manifest | None:
    """Return the manifest of an existing lake; make the folder of a new one."""
    lake.mkdir(parents=True, exist_ok=True)
    old = read_manifest(lake)
    strangers = [path.name for path in lake.iterdir() if not path.name.startswith(".")] if old is None else []
    if [name for name in strangers if not (lake / name).is_dir() or not any((lake / name).rglob("version=*"))]:
        raise WarehouseError(WRITING, f"{lake} is not a lake and not empty", "choose an empty folder")
    return old


def _pieces(cursor: Cursor) -> Iterator[_Piece]:
    """Yield the pieces of the warehouse."""
    names = {row[0] for row in cursor.fetch(_TABLES[cursor.engine]).rows} - _NOT_EXPORTED
    for table in sorted(names):
        moment = DAYS.get(table)
        number = "cast(floor(@quarter({moment}) / 96.0) as integer)"
        days = [] if moment is None else _days(cursor, table, fill(number, moment=moment))
        if not days:
            yield _Piece(table, None, fill("select * from {table}", table=table))
        for day in days:
            sql = "select * from {table} where {moment} >= timestamptz '{day} 00:00:00+00' "
            sql += "and {moment} < timestamptz '{next} 00:00:00+00' order by {moment}"
            slots = {"table": table, "moment": moment or "", "day": str(day), "next": str(day + timedelta(days=1))}
            yield _Piece(table, day, fill(sql, slots))


def _days(cursor: Cursor, table: str, number: str) -> list[date]:
    """Return the days with rows. number: SQL for the day of a row, counted from 1970."""
    sql = fill("select distinct {number} from {table} order by 1", number=number, table=table)
    return [_day(row[0]) for row in cursor.fetch(sql).rows]


def _mart_pieces(cursor: Cursor) -> Iterator[_Piece]:
    """Yield the pieces of the mart."""
    for (table,) in sorted(cursor.fetch(_TABLES["duckdb"]).rows):
        name = f"{MART}{table}"
        column, units = MART_DAYS.get(table, ("", 1))
        days = _days(cursor, table, f"{column} // {units}") if column else []
        if not days:
            yield _Piece(name, None, fill("select * from {table}", table=table))
        for day in days:
            first = (day - _EPOCH_DAY).days * units
            sql = "select * from {table} where {column} >= {first} and {column} < {last} order by {column}"
            slots = {"table": table, "column": column, "first": str(first), "last": str(first + units)}
            yield _Piece(name, day, fill(sql, slots))


def _write(cursor: Cursor, piece: _Piece, lake: Path, version: int, stage: Path) -> Part:
    """Write the rows of a piece into a new file of the lake, and fsync it.

    stage: where the warehouse may write; the file moves from there.
    """
    name = f"{piece.table}/{f'day={piece.day}/' if piece.day else ''}version={version}/part-00000.parquet"
    path, written = lake / name, stage / "part.parquet"
    written.unlink(missing_ok=True)
    rows = cursor.write_file(piece.sql, written, "parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(written, path)
    sync(path)
    sync(path.parent)
    return Part([name], rows, path.stat().st_size)


def _note(tables: dict[str, LakeTable], piece: _Piece, part: Part) -> None:
    if piece.day is None:
        tables[piece.table] = LakeTable(whole=part)
    else:
        tables.setdefault(piece.table, LakeTable(days={})).days[str(piece.day)] = part


def _day(number: int) -> date:
    return _EPOCH_DAY + timedelta(days=number)


def _instant(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
