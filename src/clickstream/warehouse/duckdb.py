"""The embedded warehouse: one DuckDB file, which one process holds.

In: SQL in the shared subset (dialects.py) with named parameters. Out: tables of plain Python values.
The instance cannot access files outside its stage folder, its configuration is locked, its time zone is UTC.
A second process gets an error that names the holder. Readers have a cursor each and see committed data only;
writers use `transaction`, one at a time.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.warehouse import MEMORY_MB
from clickstream.warehouse.contract import REBUILDING, SHADOW, Cursor, FileFormat, ParsedRows, Table
from clickstream.warehouse.dialects import Engine, fill, render
from clickstream.warehouse.migrations import apply_schema
from clickstream.warehouse.query import QueryLimits, QueryResult, invalid_query, query_result, query_timeout

CATALOG = "warehouse"
ROW_GROUP_ROWS = 20_480
"""A chunk of the ETL fills several: full ones are written straight into the file, not into the log first."""
KEPT_STATEMENTS = 128
"""Most that are kept as parsed: those of a load, with room for others."""
_LOCKED = re.compile("could not set lock on file", re.IGNORECASE)
_FILE_OPTIONS: dict[FileFormat, str] = {
    "parquet": "format parquet, compression zstd",
    "csv": "format csv, header, nullstr ''",
}
_PID = re.compile(r"\(PID (\d+)\)")
TIDY_PATIENCE_S = 30.0


class DuckStatements:
    """The statements of SQL texts, parsed once per text: a fifth of what a load of few rows costs is parsing SQL."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._parse = lru_cache(maxsize=KEPT_STATEMENTS)(connection.extract_statements)

    def run(
        self, raw: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run the statements of a text in order. params: of the last one; return its result."""
        statements = self._parse(sql)
        for statement in statements[:-1]:
            raw.execute(statement)
        for statement in statements[-1:]:
            raw.execute(statement, params and dict(params))
        return raw


class DuckCursor:
    """The statements of one reader or one transaction, in the dialect of DuckDB."""

    engine: Engine = "duckdb"

    def __init__(self, raw: duckdb.DuckDBPyConnection, statements: DuckStatements) -> None:
        self.raw = raw
        self.statements = statements
        # Name -> the SELECT and its parameters; None once the table exists.
        self._derived: dict[str, tuple[str, Mapping[str, Any]] | None] = {}

    def derive(self, name: str, sql: str, params: Mapping[str, Any]) -> None:
        """Define a table of this reader by a SELECT of ids, which runs when a statement first names the table.

        Results of statements may be shared by readers: one name means the same rows for all of them.
        """
        self._derived.setdefault(name, (sql, params))

    def create_derived(self, name: str, sql: str, params: Mapping[str, Any]) -> None:
        """Create a derived table."""
        self.raw.execute(f"create temp table {name} as {render(sql, 'duckdb')}", dict(params))

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        self.statements.run(self.raw, render(sql, "duckdb"), params)

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""
        for name, definition in list(self._derived.items()):
            if definition is not None and name in sql:
                self._derived[name] = None
                self.create_derived(name, *definition)
        result = self.raw.execute(render(sql, "duckdb"), params and dict(params))
        return Table(tuple(column[0] for column in result.description or ()), result.fetchall())

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or None when there is no row."""
        rows = self.fetch(sql, params).rows
        return rows[0][0] if rows else None

    def write_file(self, sql: str, path: Path, file_format: FileFormat) -> int:
        """Write the rows of a SELECT without parameters into a new file; return how many there are."""
        return write_file(self.raw, render(sql, "duckdb"), path, file_format)

    def copy_into(
        self, target: duckdb.DuckDBPyConnection, table: str, sql: str, params: Mapping[str, Any] | None = None
    ) -> None:
        """Make the rows of a SELECT a temporary table of another DuckDB, in place of one of that name."""
        rows = self.raw.sql(render(sql, "duckdb"), params=params and dict(params))
        target.register("copied_rows", _ArrowStream(rows))
        try:
            target.execute(f"create or replace temp table {table} as from copied_rows")
        finally:
            target.unregister("copied_rows")


class ArrowRows:
    """Rows that go from the parser's DuckDB into this one by the Arrow C stream.

    It needs neither pyarrow nor access to files. A stream always brings all its columns and can be read once, so
    `incoming` has a separate stream. Arrow has no UUID: event ids arrive as text.
    """

    def __init__(self, rows: ParsedRows) -> None:
        self._rows = rows

    def put_into(self, cursor: Cursor) -> None:
        """Make the rows readable in this transaction."""
        assert isinstance(cursor, DuckCursor)
        sources = {name: f"from {table}" for name, table in self._rows.tables.items()}
        events = self._rows.tables["new_events"]
        sources["new_keys"] = fill("select {keys} from {events}", keys=self._rows.key_columns, events=events)
        for name, source in sources.items():
            cursor.raw.register(name, _ArrowStream(self._rows.connection.sql(source)))
        cursor.execute(
            "create temp table incoming as select * replace (cast(event_id as uuid) as event_id) from new_keys"
        )

    def close(self) -> None:
        self._rows.close()


class _ArrowStream:
    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)


class DuckWarehouse:
    """An open DuckDB warehouse. Use `DuckWarehouse.open`; close it, or use it as a context manager."""

    engine: Engine = "duckdb"
    is_shared = False
    is_writable = True
    has_unique_ids = False  # an index would cost 3.5 times the load: `check` counts instead

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> None:
        self._connection = connection
        self._statements = DuckStatements(connection)
        self._catalog = catalog  # of the attached file that this is
        self._write_lock = threading.Lock()
        self._shadow_lock = threading.Lock()
        self.path = path
        self.migrated: list[str] = []

    @classmethod
    def open(cls, path: Path, threads: int | None = None, memory_mb: int = MEMORY_MB) -> DuckWarehouse:
        """Open the file at `path`, created when it is missing, with its schema up to date.

        Raises WarehouseBusyError when another process holds the file, WarehouseError when it is not a
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
        """Open a cursor on one consistent snapshot; whatever it does is rolled back."""
        raw = self._cursor()
        try:
            raw.execute("begin transaction read only")
            yield DuckCursor(raw, self._statements)
        except duckdb.Error as error:
            raise _failed("reading the warehouse", error) from error
        finally:
            raw.close()

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on a new cursor and return all its rows."""
        with self.reading() as cursor:
            return cursor.fetch(sql, params)

    def query(self, sql: str, limits: QueryLimits) -> QueryResult:
        """Run one SELECT of a user, read-only and within limits."""
        with self.reading() as cursor:
            return _run_query(cursor.raw, sql, limits)

    @contextmanager
    def transaction(self) -> Iterator[DuckCursor]:
        """Open a transaction: committed when the block ends, rolled back when it raises. One at a time."""
        with self._write_lock:
            raw = self._cursor()
            try:
                raw.execute("begin transaction")
                yield DuckCursor(raw, self._statements)
                raw.execute("commit")
            except duckdb.Error as error:
                raise _failed("writing the warehouse", error) from error
            finally:
                raw.close()  # an open transaction ends with its cursor: rolled back

    def stage_rows(self, rows: ParsedRows, folder: Path) -> ArrowRows:  # noqa: ARG002 - they need no files
        """Take over parsed rows, to load them in a later transaction."""
        return ArrowRows(rows)

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """Do nothing: DuckDB keeps its statistics up to date."""

    def tidy(self) -> None:
        """Move the log into the file, and rewrite its blocks without the deleted rows."""
        with self._write_lock:
            raw = self._cursor()
            deadline = time.monotonic() + TIDY_PATIENCE_S
            try:
                while not _checkpoint(raw, is_last=time.monotonic() > deadline):
                    time.sleep(0.05)
            except duckdb.Error as error:
                raise WarehouseError("cleaning up the warehouse", str(error).splitlines()[0]) from error
            finally:
                raw.close()

    @contextmanager
    def shadow(self) -> Iterator[DuckWarehouse]:
        """Create an empty warehouse beside this one: a file in the stage, attached until the block ends."""
        if not self._shadow_lock.acquire(blocking=False):
            raise WarehouseError(REBUILDING, "another rebuild is running", "wait until it is done")
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
            raise WarehouseError(REBUILDING, str(error).splitlines()[0]) from error
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


def write_file(raw: duckdb.DuckDBPyConnection, sql: str, path: Path, file_format: FileFormat) -> int:
    """Write the rows of a SELECT of `raw` into a new file; return how many there are."""
    (row,) = raw.execute(f"copy ({sql}) to {quoted(path)} ({_FILE_OPTIONS[file_format]})").fetchall()
    return int(row[0])


def remove_database(path: Path) -> None:
    """Remove a database file and its log, where they exist."""
    for name in (path, path.with_name(path.name + ".wal")):
        name.unlink(missing_ok=True)


def _checkpoint(raw: duckdb.DuckDBPyConnection, *, is_last: bool) -> bool:
    """Move the log into the file. Returns False while a rebuild beside it writes; raises if this is the last try."""
    try:
        raw.execute("checkpoint")
    except duckdb.TransactionException:
        if is_last:
            raise
        return False
    return True


def _attach(path: Path, catalog: str) -> str:
    return f"attach {quoted(path)} as {catalog} (row_group_size {ROW_GROUP_ROWS})"


def _failed(doing: str, error: duckdb.Error) -> WarehouseError:
    is_full = isinstance(error, duckdb.OutOfMemoryException)
    advice = "increase CLICKSTREAM_WAREHOUSE_MEMORY_MB" if is_full else ""
    return WarehouseError(doing, str(error).splitlines()[0], advice)


def opening_error(path: Path, error: duckdb.Error) -> WarehouseError:
    """Return the error for a file that DuckDB cannot open; it names the process that holds the file."""
    text = str(error)
    if _LOCKED.search(text):  # not just "lock", which may stand in the path
        pid = _PID.search(text)
        return WarehouseBusyError(str(path), f"process {pid[1]}" if pid else "another process")
    return WarehouseError(
        f"opening the warehouse {path}",
        text.splitlines()[0],
        "check its permissions; move a damaged file away: the next load builds it again from the raw store",
    )


def quoted(path: Path | str) -> str:
    """Return a path as an SQL literal, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"
