"""The production warehouse: a PostgreSQL database (15 or newer).

In: SQL in the shared subset (dialects.py) with named parameters. Out: tables of plain Python values.
Any number of processes may read and load: writers take turns through one advisory lock, readers see one snapshot.
Statements are never prepared by name, so the planner always sees the values. A connection that broke is replaced at
the next use; what it was doing fails with a WarehouseError. Addresses and TLS: connections.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as names

from clickstream.errors import WarehouseError
from clickstream.warehouse.connections import Connection, Connections, advice_for, reason_of
from clickstream.warehouse.contract import SHADOW, Table
from clickstream.warehouse.dialects import Engine, number_parameters, render
from clickstream.warehouse.migrations import apply_schema, schema_files

WRITERS_LOCK = 0x636C69636B  # "click"
"""Key of the advisory lock that every writer of ours holds as long as its transaction lasts."""
REBUILD_LOCK = WRITERS_LOCK + 1
"""Key of the advisory lock that a rebuild holds as long as its shadow lasts."""
SHADOW_LOCK = WRITERS_LOCK + 2
"""WRITERS_LOCK of a shadow, which is loaded while its warehouse is."""
COPY_BYTES = 1_048_576
# Questions group by visitor: the default of 4 MB would do that on disk.
_READ = """
    begin transaction isolation level repeatable read read only;
    set local work_mem = '32MB'
"""
# Read committed, whatever the default: a snapshot that is taken while we wait for the lock would not show what others
# wrote. The planner knows little of tables that are minutes old, and just-in-time compilation costs more than it gives.
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
# Only the owner may; where another role loads, VACUUM does it.
_SUMMARISE = """
    select brin_summarize_new_values(c.oid)
    from pg_class as c
    where c.oid = to_regclass('clickstream_events_event_timestamp_brin') and pg_has_role(c.relowner, 'usage')
"""
_OURS = """
    select c.relname
    from pg_class as c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
    order by c.relname
"""
_SHADOW_TABLES = f"""
    select c.oid::regclass::text from pg_class as c
    where c.relnamespace = to_regnamespace('{SHADOW}') and c.relkind = 'r'
"""  # noqa: S608 - a name of ours


class PostgresCursor:
    """Statements of one reader or one transaction, in the dialect of PostgreSQL."""

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
        """First column of the first row, or None when there is no row."""
        rows = self.fetch(sql, params).rows
        return rows[0][0] if rows else None

    def copy_csv(self, table: str, path: Path) -> None:
        """Append the rows of a CSV file without header to a table: an empty field is NULL, `""` the empty text."""
        command = names.SQL("copy {} from stdin (format csv)").format(names.Identifier(table))
        with self.connection.cursor() as raw, path.open("rb") as file, raw.copy(command) as copy:
            while block := file.read(COPY_BYTES):
                copy.write(block)

    def copy_out(self, sql: str, path: Path) -> list[tuple[str, str]]:
        """Write the rows of a SELECT into such a CSV file; the names and types of its columns."""
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


class PostgresWarehouse:
    """An open PostgreSQL warehouse. Use `PostgresWarehouse.open`, and close it (or use it as a context)."""

    engine: Engine = "postgres"

    def __init__(self, connections: Connections, lock: int = WRITERS_LOCK) -> None:
        self._connections = connections
        self.migrated: list[str] = []
        self._lock = lock

    @classmethod
    def open(cls, url: str) -> PostgresWarehouse:
        """Open the database at `url`, with its schema up to date.

        Who may not create tables can open a warehouse whose schema is up to date already.
        Raises WarehouseError when it cannot be reached, is too old, or lacks tables that we may not make.
        """
        warehouse = cls(Connections(url))
        try:
            warehouse.migrated = warehouse._migrate()
        except BaseException:
            warehouse.close()
            raise
        return warehouse

    def close(self) -> None:
        self._connections.close()

    def __enter__(self) -> PostgresWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[PostgresCursor]:
        """A cursor on one consistent snapshot; whatever it does is rolled back."""
        with self._work("reading", _READ) as cursor:
            yield cursor
            cursor.connection.rollback()

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on its own cursor and return all its rows."""
        with self.reading() as cursor:
            return cursor.fetch(sql, params)

    @contextmanager
    def transaction(self) -> Iterator[PostgresCursor]:
        """All or nothing: committed when the block ends, rolled back when it raises. One at a time, on any machine."""
        with self._work("writing", _WRITE.format(lock=self._lock)) as cursor:
            yield cursor
            cursor.connection.commit()

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """ANALYZE the tables that we may and that changed by more than this share; autovacuum would come minutes later.

        It costs as much as loading some ten thousand events, however large the table is.
        """
        with self.transaction() as cursor:
            grown = [row[0] for row in cursor.fetch(_GROWN, {"growth": growth}).rows]
            if grown:
                cursor.execute("analyze " + ", ".join(f'"{name}"' for name in grown))
            if "clickstream_events" in grown:
                cursor.fetch(_SUMMARISE)

    def tidy(self) -> None:
        """VACUUM the tables that are ours; it cannot run in a transaction."""
        connection = self._connections.take("select 1")
        try:
            rows = connection.execute(_OURS.encode()).fetchall()
            if rows:
                connection.execute(("vacuum (analyze) " + ", ".join(f'"{row[0]}"' for row in rows)).encode())
        except psycopg.Error as error:
            raise WarehouseError("tidying the warehouse", reason_of(error), advice_for(error)) from error
        finally:
            self._connections.give_back(connection)

    @contextmanager
    def shadow(self) -> Iterator[PostgresWarehouse]:
        """An empty warehouse beside this one: a schema of its own, whose tables last as long as the block.

        The schema itself stays: who may not make one has it from the owner (roles.postgres.sql).
        """
        doing = "building the warehouse anew"
        guard = self._connections.take("select 1")
        try:
            if guard.execute(f"select pg_try_advisory_lock({REBUILD_LOCK})".encode()).fetchone() != (True,):
                raise WarehouseError(doing, "somebody is at it already", "wait until that is done")
            # Not `create schema if not exists`: that asks for the right to make one even where it is there.
            if guard.execute(f"select to_regnamespace('{SHADOW}') is null".encode()).fetchone() == (True,):
                guard.execute(f"create schema {SHADOW}".encode())
            _empty_shadow(guard)
            shadow = PostgresWarehouse(self._connections.within(SHADOW), SHADOW_LOCK)
            try:
                with shadow:
                    shadow.migrated = shadow._migrate()
                    yield shadow
            finally:
                with suppress(psycopg.Error):  # the next one does it
                    _empty_shadow(guard)
        except psycopg.Error as error:
            advice = "let the owner of the warehouse do it, or run `clickstream warehouse roles` again, for the loaders"
            raise WarehouseError(doing, reason_of(error), advice) from error
        finally:
            guard.close()  # and with it its lock

    def _migrate(self) -> list[str]:
        """Bring the schema up to date; the names of the files that were applied. Safe when two do it at once."""
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
            raise WarehouseError("bringing the schema of the warehouse up to date", error.why, advice) from error

    @contextmanager
    def _work(self, doing: str, begin: str) -> Iterator[PostgresCursor]:
        """A connection in a transaction that `begin` opened; it comes back to the others unless it broke."""
        connection = self._connections.take(begin)
        try:
            yield PostgresCursor(connection)
        except psycopg.Error as error:
            raise WarehouseError(f"{doing} the warehouse", reason_of(error), advice_for(error)) from error
        finally:
            self._connections.give_back(connection)


def _empty_shadow(connection: Connection) -> None:
    """Drop what a rebuild, or one that was killed, has made."""
    tables = connection.execute(_SHADOW_TABLES.encode()).fetchall()
    if tables:
        connection.execute(f"drop table {', '.join(row[0] for row in tables)} cascade".encode())
