"""The production warehouse: a PostgreSQL database (15 or newer).

In: SQL in the shared subset (dialects.py) with named parameters. Out: tables of plain Python values.
Any number of processes can read and load: writers take turns by one advisory lock, a reader sees one snapshot.
Statements are never prepared by name, so the planner always sees the values. A broken connection fails its work with a
WarehouseError and is replaced at the next use. Addresses and TLS: connections.py.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, cast

import duckdb
import psycopg
from psycopg import sql as names
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from clickstream.errors import ClickstreamError, WarehouseError
from clickstream.warehouse.connections import Connection, Connections, advice_for, reason_of
from clickstream.warehouse.contract import REBUILDING, SHADOW, Cursor, FileFormat, ParsedRows, Table
from clickstream.warehouse.dialects import PARAMETER, Engine, fill, number_parameters, render
from clickstream.warehouse.duckdb import quoted, write_file
from clickstream.warehouse.migrations import apply_schema, schema_files
from clickstream.warehouse.query import QueryLimits, QueryResult, invalid_query, query_result, query_timeout

WRITERS_LOCK = 0x636C69636B  # "click"
"""Key of the advisory lock that each of our writers holds during its transaction."""
REBUILD_LOCK = WRITERS_LOCK + 1
"""Key of the advisory lock that a rebuild holds while its shadow exists."""
SHADOW_LOCK = WRITERS_LOCK + 2
"""WRITERS_LOCK of a shadow, which is loaded while its warehouse is."""
COPY_BYTES = 1_048_576
_READING_WORDS = ("select", "with", "values", "table", "explain", "show")
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
MAX_ROW_BYTES = 64 * 1_048_576
"""The longest row of an export as CSV: a loaded line has at most 16 MB, and CSV doubles quotes."""
# DuckDB's type of a parsed column -> the type of its staging column.
_STAGING_TYPES = {
    "VARCHAR": 'text collate "C"',
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UUID": "uuid",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
# Types of PostgreSQL that DuckDB knows by another name.
_EXPORT_TYPES = {"numeric": "DECIMAL(38, 4)", "bytea": "VARCHAR"}  # bytes are written as digits
# Comparisons and users' queries group many rows: with the default of 4 MB that would happen on disk.
_READ = """
    begin transaction isolation level repeatable read read only;
    set local work_mem = '32MB'
"""
# Read committed, whatever the default: a snapshot taken before we have the lock would not show what others wrote.
# The planner knows little about tables that are minutes old; just-in-time compilation costs more than it saves.
_WRITE = """
    begin transaction isolation level read committed read write;
    set local jit = off;
    set local work_mem = '256MB';
    select pg_advisory_xact_lock({lock})
"""
_GROWN = """
    select c.relname
    from pg_stat_user_tables as t
    join pg_class as c on c.oid = t.relid
    where t.schemaname = current_schema()
        and t.n_mod_since_analyze > 500 + $growth * t.n_live_tup
        and (pg_has_role(c.relowner, 'usage') or case
            when current_setting('server_version_num')::int >= 170000 then has_table_privilege(c.oid, 'maintain')
            else false
        end)
    order by c.relname
"""
# Only the owner of the table may do it; where another role loads, VACUUM does.
_SUMMARISE = """
    select brin_summarize_new_values(c.oid)
    from pg_class as c
    where
        c.oid in (
            to_regclass('clickstream_events_event_timestamp_brin'), to_regclass('clickstream_events_received_at_brin')
        )
        and pg_has_role(c.relowner, 'usage')
"""
_OURS = """
    select c.relname
    from pg_class as c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
    order by c.relname
"""
_SHADOW_TABLES = fill(
    """
    select c.oid::regclass::text from pg_class as c
    where c.relnamespace = to_regnamespace('{shadow}') and c.relkind = 'r'
    """,
    shadow=SHADOW,
)


class PostgresCursor:
    """The statements of one reader or one transaction, in the dialect of PostgreSQL."""

    engine: Engine = "postgres"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        self._run(sql, params)

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""
        result = self._run(sql, params)
        return Table(tuple(column.name for column in result.description or ()), result.fetchall())

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or None when there is no row."""
        rows = self.fetch(sql, params).rows
        return rows[0][0] if rows else None

    def write_file(self, sql: str, path: Path, file_format: FileFormat) -> int:
        """Write the rows of a SELECT without parameters into a new file; return how many there are.

        PostgreSQL copies them out as CSV, and DuckDB writes the file from that.
        """
        rows = path.with_suffix(".rows")
        columns = self.copy_out(render(sql, "postgres"), rows)
        try:
            with duckdb.connect(config={"threads": 1}) as writer:
                writer.execute("set TimeZone = 'UTC'")
                return write_file(writer, f"from {_csv_source(rows, columns)}", path, file_format)
        except duckdb.Error as error:
            why = str(error).splitlines()[0]  # the lines after it may contain the row itself
            advice = (
                f"check the free space in DATA/stage; a row of more than {MAX_ROW_BYTES:,} bytes cannot be exported"
            )
            raise ClickstreamError("writing an export", why, advice) from None
        finally:
            rows.unlink(missing_ok=True)

    def copy_into(
        self, target: duckdb.DuckDBPyConnection, table: str, sql: str, params: Mapping[str, Any] | None = None
    ) -> None:
        """Make the rows of a SELECT a temporary table of another DuckDB, in place of one of that name."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            columns = self.copy_out(self._with_values(render(sql, "postgres"), params or {}), path)
            target.execute(f"create or replace temp table {table} as from {_csv_source(path, columns)}")

    def _with_values(self, sql: str, params: Mapping[str, Any]) -> str:
        """Write the values into a statement, as literals that psycopg quotes: COPY takes no parameters."""
        return PARAMETER.sub(
            lambda match: names.Literal(params[match[1]]).as_string(self.connection) if match[1] else match[0], sql
        )

    def copy_csv(self, table: str, path: Path) -> None:
        """Append the rows of a CSV file without header to a table: an empty field is NULL, `""` the empty text."""
        command = names.SQL("copy {} from stdin (format csv)").format(names.Identifier(table))
        with self.connection.cursor() as raw, path.open("rb") as file, raw.copy(command) as copy:
            while block := file.read(COPY_BYTES):
                copy.write(block)

    def copy_out(self, sql: str, path: Path) -> list[tuple[str, str]]:
        """Write the rows of a SELECT into such a CSV file; return the names and types of its columns."""
        described = self.connection.execute(f"{sql} limit 0".encode()).description or ()
        types = {column.name: column.type_display for column in described}
        with (
            self.connection.cursor() as raw,
            path.open("wb") as file,
            raw.copy(f"copy ({sql}) to stdout (format csv)".encode()) as copy,
        ):
            for block in copy:
                file.write(block)
        return list(types.items())

    def _run(self, sql: str, params: Mapping[str, Any] | None) -> psycopg.Cursor[tuple[Any, ...]]:
        statement = render(sql, "postgres").encode()
        if not params:
            return self.connection.execute(statement)
        numbered, order = number_parameters(statement.decode())
        return self.connection.execute(numbered.encode(), [params[name] for name in order])


class CsvRows:
    """Rows that go from the parser's DuckDB into PostgreSQL by COPY of CSV files.

    DuckDB writes CSV faster than anything else here makes rows (docs/decisions/0009-postgres.md). The files are written
    at once, so that the parser's memory is free.
    """

    def __init__(self, rows: ParsedRows, folder: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chunk-", dir=folder))
        self._columns: dict[str, dict[str, str]] = {}
        self._key_columns = rows.key_columns
        try:
            for name, table in rows.tables.items():
                relation = rows.connection.sql(f"from {table}")
                columns = zip(relation.columns, relation.types, strict=True)
                self._columns[name] = {column: _staging_type(column, str(kind)) for column, kind in columns}
                _write_csv(relation, self._file(name))
        except BaseException:
            self.close()
            raise
        finally:
            rows.close()

    def put_into(self, cursor: Cursor) -> None:
        """Make the rows readable in this transaction."""
        assert isinstance(cursor, PostgresCursor)
        for name, columns in self._columns.items():
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            cursor.execute(f"create temp table {name} ({listed}) on commit drop")
            cursor.copy_csv(name, self._file(name))
        cursor.execute(
            fill("create temp table incoming as select {columns} from new_events", columns=self._key_columns)
        )
        # Only the columns that the load joins and filters by: to look at all of them costs as much as to load them.
        cursor.execute("analyze new_events (row_number)")
        cursor.execute("analyze incoming (row_number, event_id, event_timestamp, client_id, session_id, user_id)")

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.csv"


class PostgresWarehouse:
    """An open PostgreSQL warehouse. Use `PostgresWarehouse.open`; close it, or use it as a context manager."""

    engine: Engine = "postgres"
    is_shared = True
    has_unique_ids = True

    def __init__(self, connections: Connections, lock: int = WRITERS_LOCK) -> None:
        self._connections = connections
        self.migrated: list[str] = []
        self._lock = lock

    @classmethod
    def open(cls, url: str) -> PostgresWarehouse:
        """Open the database at `url`, with its schema up to date.

        A role that may not create tables can open a warehouse whose schema is up to date.
        Raises WarehouseError when it cannot be reached, is too old, or lacks tables that we may not create.
        """
        warehouse = cls(Connections(url))
        try:
            warehouse.migrated = warehouse._migrate()
        except BaseException:
            warehouse.close()
            raise
        return warehouse

    @cached_property
    def is_writable(self) -> bool:
        """Whether our role may change rows. Roles that only read are those of roles.postgres.sql."""
        return bool(self.fetch("select has_table_privilege('clickstream_events', 'insert')").rows[0][0])

    def close(self) -> None:
        self._connections.close()

    def __enter__(self) -> PostgresWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[PostgresCursor]:
        """Open a cursor on one consistent snapshot; whatever it does is rolled back."""
        with self._work("reading", _READ) as cursor:
            yield cursor
            cursor.connection.rollback()

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on a new cursor and return all its rows."""
        with self.reading() as cursor:
            return cursor.fetch(sql, params)

    def query(self, sql: str, limits: QueryLimits) -> QueryResult:
        """Run one SELECT of a user, read-only and within limits."""
        with self.reading() as cursor:
            return _run_query(cursor, sql, limits)

    @contextmanager
    def transaction(self) -> Iterator[PostgresCursor]:
        """Open a transaction: committed when the block ends, rolled back when it raises. One on all machines."""
        with self._work("writing", _WRITE.format(lock=self._lock)) as cursor:
            yield cursor
            # Otherwise counts of changed rows are visible up to a second later, and `refresh_statistics` misses them.
            cursor.execute("select pg_stat_force_next_flush()")
            cursor.connection.commit()

    def stage_rows(self, rows: ParsedRows, folder: Path) -> CsvRows:
        """Take over parsed rows, to load them in a later transaction. folder: for the CSV files."""
        return CsvRows(rows, folder)

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """ANALYZE the tables that changed by more than this share, as far as our role may; autovacuum takes minutes.

        It costs as much as loading some ten thousand events, however large the table is.
        """
        with self.transaction() as cursor:
            grown = [row[0] for row in cursor.fetch(_GROWN, {"growth": growth}).rows]
            if grown:
                cursor.execute("analyze " + ", ".join(f'"{name}"' for name in grown))
            if "clickstream_events" in grown:
                cursor.fetch(_SUMMARISE)

    def tidy(self) -> None:
        """VACUUM the tables that our role owns; it cannot run in a transaction."""
        connection = self._connections.take("select 1")
        try:
            rows = connection.execute(_OURS.encode()).fetchall()
            if rows:
                connection.execute(("vacuum (analyze) " + ", ".join(f'"{row[0]}"' for row in rows)).encode())
        except psycopg.Error as error:
            raise WarehouseError("cleaning up the warehouse", reason_of(error), advice_for(error)) from error
        finally:
            self._connections.give_back(connection)

    @contextmanager
    def shadow(self) -> Iterator[PostgresWarehouse]:
        """Create an empty warehouse beside this one: tables in another schema, dropped when the block ends.

        The schema itself stays: a role that may not create one uses that of the owner (roles.postgres.sql).
        """
        guard = self._connections.take("select 1")
        try:
            if guard.execute(f"select pg_try_advisory_lock({REBUILD_LOCK})".encode()).fetchone() != (True,):
                raise WarehouseError(REBUILDING, "another rebuild is running", "wait until it is done")
            # Not `create schema if not exists`: that needs the right to create one even where it exists.
            if guard.execute(f"select to_regnamespace('{SHADOW}') is null".encode()).fetchone() == (True,):
                guard.execute(f"create schema {SHADOW}".encode())
            _empty_shadow(guard)
            shadow = PostgresWarehouse(self._connections.within(SHADOW), SHADOW_LOCK)
            try:
                with shadow:
                    shadow.migrated = shadow._migrate()
                    yield shadow
            finally:
                with suppress(psycopg.Error):  # then the next rebuild does it
                    _empty_shadow(guard)
                with suppress(psycopg.Error):  # at once: the server notices a closed connection only later
                    guard.execute(f"select pg_advisory_unlock({REBUILD_LOCK})".encode())
        except psycopg.Error as error:
            advice = "rebuild as the owner of the warehouse, or run the SQL of `clickstream warehouse roles` again"
            raise WarehouseError(REBUILDING, reason_of(error), advice) from error
        finally:
            guard.close()  # which releases its lock

    def _migrate(self) -> list[str]:
        """Bring the schema up to date; return the files that were applied. Two processes may do it at once."""
        with self.reading() as cursor:
            known: set[str] = set()
            if cursor.scalar("select to_regclass('schema_files')") is not None:
                known = {row[0] for row in cursor.fetch("select name from schema_files").rows}
        if known.issuperset(file.name for file in schema_files("postgres")):
            return []
        try:
            with self.transaction() as cursor:
                return apply_schema(cursor)
        except WarehouseError as error:
            advice = "run `clickstream warehouse migrate` as the role that owns the tables"
            raise WarehouseError("updating the warehouse schema", error.why, advice) from error

    @contextmanager
    def _work(self, doing: str, begin: str) -> Iterator[PostgresCursor]:
        """Take a connection and run `begin` on it; it is given back unless it broke."""
        connection = self._connections.take(begin)
        try:
            yield PostgresCursor(connection)
        except psycopg.Error as error:
            raise WarehouseError(f"{doing} the warehouse", reason_of(error), advice_for(error)) from error
        finally:
            self._connections.give_back(connection)


def _empty_shadow(connection: Connection) -> None:
    """Drop the tables of a rebuild, or of one that was killed."""
    tables = connection.execute(_SHADOW_TABLES.encode()).fetchall()
    if tables:
        connection.execute(f"drop table {', '.join(row[0] for row in tables)} cascade".encode())


def _run_query(cursor: PostgresCursor, sql: str, limits: QueryLimits) -> QueryResult:
    """Stream the rows: that protocol takes one statement only, and stops when enough rows have arrived."""
    word = _FIRST_WORD.match(sql)
    if word is None or word[1].lower() not in _READING_WORDS:
        raise invalid_query(f"expected a SELECT, got {word[1].upper() if word else 'nothing'}")
    try:
        cursor.execute(f"set local statement_timeout = {max(1, int(limits.time_s * 1000))}")
        columns = _described_columns(cursor.connection, sql)
        with cursor.connection.cursor() as raw:
            stream = cast("Generator[tuple[Any, ...]]", raw.stream(sql.encode()))
            with closing(stream):  # closed early, it cancels the statement
                return query_result(columns, list(islice(stream, limits.rows + 1)), limits)
    except psycopg.errors.QueryCanceled as error:
        raise query_timeout(limits) from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise invalid_query(str(error)) from error


def _described_columns(connection: Connection, sql: str) -> list[str]:
    """Return the names of the columns, for statements without rows too."""
    protocol = connection.pgconn
    for result in (protocol.prepare(b"", sql.encode()), protocol.describe_prepared(b"")):
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result)
    return [(result.fname(number) or b"").decode() for number in range(result.nfields)]


def _staging_type(column: str, kind: str) -> str:
    if column == "event_id":
        return "uuid"
    return "numeric" if kind.startswith("DECIMAL") else _STAGING_TYPES[kind]


def _write_csv(relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write NULL as an empty field, '' as a quoted one. PostgreSQL writes years before 1 in another way than DuckDB."""
    columns = [
        f"""case when {name} >= timestamptz '0001-01-01' then cast({name} as varchar)
            else replace(cast({name} as varchar), ' (BC)', '') || ' BC' end as {name}"""
        if str(kind) == "TIMESTAMP WITH TIME ZONE"
        else name
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    relation.select(*map(duckdb.SQLExpression, columns)).write_csv(str(path), header=False)


def _csv_source(path: Path, columns: list[tuple[str, str]]) -> str:
    """DuckDB's SQL for the rows of a CSV file that PostgreSQL wrote; columns: names, and types of PostgreSQL."""
    types = ", ".join(f"'{name}': '{_EXPORT_TYPES.get(kind, kind.upper())}'" for name, kind in columns)
    bytes_of = ", ".join(f"unhex(substr({name}, 3)) as {name}" for name, kind in columns if kind == "bytea")
    return fill(
        """(select *{replaced} from read_csv(
            {path}, header = false, columns = {columns}, nullstr = '', allow_quoted_nulls = false, quote = '"',
            escape = '"', delim = ',', auto_detect = false, max_line_size = {longest}
        ))""",
        replaced=f" replace ({bytes_of})" if bytes_of else "",
        path=quoted(path),
        columns=f"{{{types}}}",
        longest=str(MAX_ROW_BYTES),
    )
