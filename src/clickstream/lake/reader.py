"""Answers from a lake: its files as the tables of a warehouse and of a mart, in a DuckDB that holds no rows itself.

In: the folder of a lake. Out: a Warehouse that only reads, and a Mart. Both follow the lake: the first question after a
new manifest reads the new version. Only the columns and row groups that a question needs are read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import duckdb

from clickstream.errors import WarehouseError
from clickstream.lake.manifest import MART, NAME, LakeTable, Manifest, read_manifest
from clickstream.mart.file import CATALOG as MART_CATALOG
from clickstream.mart.file import VERSION, Mart
from clickstream.warehouse.dialects import read_sql
from clickstream.warehouse.duckdb import CATALOG, DuckCursor, DuckStatements, DuckWarehouse, quoted
from clickstream.warehouse.migrations import apply_schema

MEMORY_MB = 512
_AGAIN = "write the lake again: clickstream export --lake"
_Stamp = tuple[int, int]


class LakeWarehouse(DuckWarehouse):
    """The warehouse of a lake, for reading. Close it, or use it as a context manager."""

    is_shared = True
    is_writable = False

    def __init__(self, lake: Path) -> None:
        """Open the lake in this folder. Raises WarehouseError where there is none."""
        self._stamp = _stamp(lake)
        self._follow_lock = threading.Lock()
        super().__init__(_connect(lake, CATALOG, "", _put_schema), lake, CATALOG)

    @contextmanager
    def reading(self) -> Iterator[DuckCursor]:
        """Open a cursor on the version that the manifest names now."""
        with self._follow_lock:
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                self._connection = _connect(self.path, CATALOG, "", _put_schema)
                self._statements = DuckStatements(self._connection)
                self._stamp = stamp
        with super().reading() as cursor:
            yield cursor

    def transaction(self) -> NoReturn:
        """Raise a WarehouseError: a lake is only read here."""
        why = f"{self.path} is a lake, which is only read"
        raise WarehouseError("writing the warehouse", why, "write to the warehouse that it was exported from")


class LakeMart(Mart):
    """The mart of a lake. Close it, or use it as a context manager."""

    def __init__(self, lake: Path) -> None:
        """Open the lake in this folder. Raises WarehouseError where there is none, or one of another version."""
        self._stamp = _stamp(lake)
        super().__init__(lake, _connect(lake, MART_CATALOG, MART, _put_mart_schema), MEMORY_MB)

    @contextmanager
    def reading(self) -> Iterator[DuckCursor]:
        """Open a cursor on the version that the manifest names now."""
        with self._changed:
            stamp = _stamp(self.path)
            if stamp != self._stamp:
                self._connection = _connect(self.path, MART_CATALOG, MART, _put_mart_schema)
                self._statements = DuckStatements(self._connection)
                self.forget()
                self._stamp = stamp
        with super().reading() as cursor:
            yield cursor


def _connect(
    lake: Path, catalog: str, prefix: str, put_schema: Callable[[duckdb.DuckDBPyConnection], None]
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB in memory in which each table of the lake with this prefix is a view of its files."""
    manifest = read_manifest(lake)
    if manifest is None:
        advice = "check CLICKSTREAM_WAREHOUSE_URL; clickstream export --lake writes a lake"
        raise WarehouseError(f"opening the lake {lake}", f"it has no {NAME}", advice)
    connection = duckdb.connect()
    try:
        connection.execute(f"attach ':memory:' as {catalog}")
        connection.execute(f"use {catalog}")
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{MEMORY_MB}MiB'")
        put_schema(connection)
        connection.execute(f"set allowed_directories = [{quoted(lake.resolve())}]")
        connection.execute("set enable_external_access = false")
        for name, table in _tables(manifest, prefix):
            connection.execute(f"drop table if exists {name}")
            connection.execute(f"create view {name} as from {_files(lake, table)}")
        if prefix and connection.execute("select version from mart").fetchall() != [(VERSION,)]:
            raise WarehouseError(f"opening the lake {lake}", "its mart is of another version of clickstream", _AGAIN)
    except duckdb.Error as error:
        connection.close()
        raise WarehouseError(f"opening the lake {lake}", str(error).splitlines()[0], _AGAIN) from error
    return connection


def _tables(manifest: Manifest, prefix: str) -> Iterator[tuple[str, LakeTable]]:
    """Yield the tables of the warehouse, or of the mart, with their names there."""
    for name, table in manifest.tables.items():
        if name.startswith(MART) == bool(prefix):
            yield name.removeprefix(prefix), table


def _files(lake: Path, table: LakeTable) -> str:
    paths = [quoted((lake / file).resolve()) for part in table.parts() for file in part.files]
    return f"read_parquet([{', '.join(paths)}], hive_partitioning = false)"


def _put_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create all tables and views of a warehouse; those that the lake has are then replaced."""
    apply_schema(DuckCursor(connection, DuckStatements(connection)))


def _put_mart_schema(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(read_sql("clickstream.mart", "sql/schema.sql"))


def _stamp(lake: Path) -> _Stamp:
    """Return what changes whenever the manifest is replaced."""
    try:
        found = (lake / NAME).stat()
    except OSError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)
