"""The embedded warehouse: one DuckDB file, held by one process.

In: SQL in the shared subset (dialects.py) with named parameters. Out: tables of plain Python values.
The instance has external access off (but for its stage folder), its configuration locked, its zone UTC.
A second process is refused with the holder's name. Readers use their own cursor and see committed data
only; writers go through `transaction`, one at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.warehouse.contract import SHADOW, Table
from clickstream.warehouse.dialects import Engine, render
from clickstream.warehouse.migrations import apply_schema
from clickstream.warehouse.query import QueryLimits, QueryResult, invalid_query, query_result, query_timeout

CATALOG = "warehouse"
MEMORY_MB = 256
"""MiB that DuckDB may hold, blocks of the file that it has read included; what is more is read again, or spilled."""
ROW_GROUP_ROWS = 20_480
"""A chunk of the ETL fills some of them: whole ones go straight into the file instead of through the log."""
_LOCKED = re.compile("could not set lock on file", re.IGNORECASE)
_PID = re.compile(r"\(PID (\d+)\)")


class DuckCursor:
    """Statements of one reader or one transaction, in the dialect of DuckDB."""

    engine: Engine = "duckdb"

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        self.raw = raw

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        self.raw.execute(render(sql, "duckdb"), params and dict(params))

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""
        result = self.raw.execute(render(sql, "duckdb"), params and dict(params))
        return Table(tuple(column[0] for column in result.description or ()), result.fetchall())

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """First column of the first row, or None when there is no row."""
        rows = self.fetch(sql, params).rows
        return rows[0][0] if rows else None


class DuckWarehouse:
    """An open DuckDB warehouse. Use `DuckWarehouse.open`, and close it (or use it as a context)."""

    engine: Engine = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> None:
        self._connection = connection
        self._catalog = catalog  # of the attached file that this is
        self._write_lock = threading.Lock()
        self._shadow_lock = threading.Lock()
        self.path = path
        self.migrated: list[str] = []

    @classmethod
    def open(cls, path: Path, threads: int | None = None, memory_mb: int = MEMORY_MB) -> DuckWarehouse:
        """Open the file at `path`, made anew when missing, with its schema up to date.

        Raises WarehouseBusyError when another process holds the file, WarehouseError when it is no
        DuckDB file or cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        stage = path.parent / "stage"
        try:
            connection = duckdb.connect(config={} if threads is None else {"threads": threads})
            connection.execute(_attach(path, CATALOG))
            connection.execute("set global TimeZone = 'UTC'")
            connection.execute(f"set memory_limit = '{memory_mb}MiB'")
            connection.execute(f"set temp_directory = {quoted(f'{path}.tmp')}")  # else in the working folder
            connection.execute(f"set allowed_directories = [{quoted(stage.resolve())}]")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
        except duckdb.Error as error:
            raise opening_error(path, error) from error
        warehouse = cls(connection, path, CATALOG)
        with warehouse.transaction() as cursor:
            warehouse.migrated = apply_schema(cursor)
        return warehouse

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> DuckWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[DuckCursor]:
        """A cursor on one consistent snapshot; whatever it does is rolled back."""
        raw = self._cursor()
        try:
            raw.execute("begin transaction read only")
            yield DuckCursor(raw)
        except duckdb.Error as error:
            raise _failed("reading the warehouse", error) from error
        finally:
            raw.close()

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on its own cursor and return all its rows."""
        with self.reading() as cursor:
            return cursor.fetch(sql, params)

    def query(self, sql: str, limits: QueryLimits) -> QueryResult:
        """Run one SELECT of a user, read-only and within limits."""
        with self.reading() as cursor:
            return _run_query(cursor.raw, sql, limits)

    @contextmanager
    def transaction(self) -> Iterator[DuckCursor]:
        """All or nothing: committed when the block ends, rolled back when it raises. One at a time."""
        with self._write_lock:
            raw = self._cursor()
            try:
                raw.execute("begin transaction")
                yield DuckCursor(raw)
                raw.execute("commit")
            except duckdb.Error as error:
                raise _failed("writing the warehouse", error) from error
            finally:
                raw.close()  # an open transaction ends with its cursor: rolled back

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """DuckDB keeps its statistics by itself."""

    def tidy(self) -> None:
        """Write what is in the log into the file, and its blocks without the deleted rows."""
        with self._write_lock:
            raw = self._cursor()
            try:
                raw.execute("checkpoint")
            except duckdb.Error as error:
                raise WarehouseError("tidying the warehouse", str(error).splitlines()[0]) from error
            finally:
                raw.close()

    @contextmanager
    def shadow(self) -> Iterator[DuckWarehouse]:
        """An empty warehouse beside this one: a file in the stage, attached to this instance as long as the block."""
        if not self._shadow_lock.acquire(blocking=False):
            raise WarehouseError("building the warehouse anew", "somebody is at it already", "wait until that is done")
        path = self.path.parent / "stage" / "rebuild.duckdb"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_database(path)
            self._run(_attach(path.resolve(), SHADOW))
            try:
                shadow = DuckWarehouse(self._connection, self.path, SHADOW)
                with shadow.transaction() as cursor:
                    apply_schema(cursor)
                yield shadow
            finally:
                self._run(f"detach {SHADOW}")
        finally:
            remove_database(path)
            self._shadow_lock.release()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raw = self._connection.cursor()
        raw.execute(f"use {self._catalog}")
        return raw

    def _run(self, sql: str) -> None:
        raw = self._connection.cursor()
        try:
            raw.execute(sql)
        except duckdb.Error as error:
            raise WarehouseError("building the warehouse anew", str(error).splitlines()[0]) from error
        finally:
            raw.close()


def _run_query(raw: duckdb.DuckDBPyConnection, sql: str, limits: QueryLimits) -> QueryResult:
    timer = threading.Timer(limits.time_s, raw.interrupt)
    timer.daemon = True
    try:
        statement = _reading_statement(raw, sql)
        timer.start()
        raw.execute(statement)
        columns = [column[0] for column in raw.description or ()]
        return query_result(columns, raw.fetchmany(limits.rows + 1), limits)
    except duckdb.InterruptException as error:
        raise query_timeout(limits) from error
    except duckdb.Error as error:
        raise invalid_query(str(error)) from error
    finally:
        timer.cancel()


def _reading_statement(raw: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """Return the one statement in `sql`. Raises QuestionError if there is not exactly one, or it is not a SELECT."""
    statements = raw.extract_statements(sql)
    if len(statements) != 1:
        raise invalid_query(f"expected one statement, got {len(statements)}")
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise invalid_query(f"expected a SELECT, got {statements[0].type.name}")
    return statements[0]


def remove_database(path: Path) -> None:
    """A file and its log, as far as they are there."""
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)


def _attach(path: Path, catalog: str) -> str:
    return f"attach {quoted(path)} as {catalog} (row_group_size {ROW_GROUP_ROWS})"


def _failed(doing: str, error: duckdb.Error) -> WarehouseError:
    is_full = isinstance(error, duckdb.OutOfMemoryException)
    advice = "give it more: CLICKSTREAM_WAREHOUSE_MEMORY_MB" if is_full else ""
    return WarehouseError(doing, str(error).splitlines()[0], advice)


def opening_error(path: Path, error: duckdb.Error) -> WarehouseError:
    text = str(error)
    if _LOCKED.search(text):  # not just "lock", which may stand in the path
        pid = _PID.search(text)
        return WarehouseBusyError(str(path), f"process {pid[1]}" if pid else "another process")
    return WarehouseError(f"opening the warehouse {path}", text.splitlines()[0], "check the path and its rights")


def quoted(path: Path | str) -> str:
    """A path as a literal of SQL, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"
