"""The file of the mart: one DuckDB file, opened by one process for writing.

In: a path. Out: an open `Mart`: readers with a snapshot each, one writer at a time, and a way to put a newly built file
in its place. A file that is damaged, or of another version, is deleted and made again: it holds nothing that the
warehouse does not hold. Damage in a block that only some questions read is an error of the first such question.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import duckdb

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.mart.memory import Memory, RememberingCursor
from clickstream.warehouse.dialects import read_sql
from clickstream.warehouse.duckdb import DuckCursor, DuckStatements, opening_error, quoted, remove_database

NAME = "mart.duckdb"
VERSION = 4
MEMORY_MB = 384
_DAMAGE = ("Corrupt database file", "Could not read enough bytes")
"""What DuckDB says of a damaged file that it could open."""
BUILD_MEMORY_MB = 128
"""For a build, which works slice by slice: the process also holds the warehouse's memory."""
CATALOG = "store"
ROW_GROUP_ROWS = 20_480
"""A slice of a build fills several: full ones are written straight into the file, not into the log first."""


class Mart:
    """An open mart. Use `Mart.open`; close it, or use it as a context manager."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection, memory_mb: int) -> None:
        self.path = path
        self._connection = connection
        self._statements = DuckStatements(connection)
        self._memory_mb = memory_mb
        self._write_lock = threading.Lock()
        self._changed = threading.Condition()
        self._readers = 0
        self._is_swapping = False
        self.is_damaged = False
        """A part of the file could not be read: the mart must be built again."""
        self._memory = Memory(None)

    @classmethod
    def open(cls, path: Path, memory_mb: int = MEMORY_MB) -> Self:
        """Open the file at `path`, or an empty one in its place where it is missing, damaged or of another version.

        Raises WarehouseBusyError when another process holds the file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_database(_next_path(path))
        try:
            connection = _connect(path, memory_mb)
        except WarehouseBusyError:
            raise
        except WarehouseError:
            remove_database(path)
            connection = _connect(path, memory_mb)
        if not _is_current(connection):
            connection.close()
            remove_database(path)
            connection = _connect(path, memory_mb)
        return cls(path, connection, memory_mb)

    @classmethod
    def open_existing(cls, path: Path) -> Self | None:
        """Open the file at `path` for reading only; None where it is missing, damaged or of another version.

        Raises WarehouseBusyError when another process holds the file.
        """
        if not path.exists():
            return None
        try:
            connection = _connect(path, MEMORY_MB, read_only=True)
        except WarehouseBusyError:
            raise
        except WarehouseError:
            return None
        if _is_current(connection):
            return cls(path, connection, MEMORY_MB)
        connection.close()
        return None

    def close(self) -> None:
        """Close the file. A damaged one is deleted, so that the next process builds it again."""
        self._connection.close()
        if self.is_damaged:
            remove_database(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[DuckCursor]:
        """Open a cursor on one consistent snapshot."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_swapping)
            self._readers += 1
            raw = _cursor(self._connection)
        try:
            raw.execute("begin transaction read only")
            yield DuckCursor(raw, self._statements)
        except duckdb.Error as error:
            raise self._failure("answering from", error) from error
        finally:
            raw.close()
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def asking(self) -> Iterator[DuckCursor]:
        """Open a cursor for questions: a statement that was asked of this state of the mart is not computed again."""
        with self.reading() as cursor:
            state = cursor.fetch("from mart").rows[0]
            memory = self._memory
            if memory.state != state:
                memory = self._memory = Memory(state)
            yield RememberingCursor(cursor, memory)

    def forget(self) -> None:
        """Drop the results that `asking` kept, so that a benchmark measures how long it takes to compute them."""
        self._memory = Memory(None)

    @contextmanager
    def transaction(self) -> Iterator[DuckCursor]:
        """Open a transaction: committed when the block ends, rolled back when it raises. One at a time."""
        with self._write_lock:
            raw = _cursor(self._connection)
            try:
                raw.execute("begin transaction")
                yield DuckCursor(raw, self._statements)
                raw.execute("commit")
            except duckdb.Error as error:
                raise self._failure("writing", error) from error
            finally:
                raw.close()  # an open transaction ends with its cursor: rolled back

    @contextmanager
    def successor(self) -> Iterator[Mart]:
        """Make an empty mart that takes this one's place when the block ends without an error.

        This one answers until then; the exchange waits for its readers.
        """
        path = _next_path(self.path)
        remove_database(path)
        try:
            with Mart(path, _connect(path, BUILD_MEMORY_MB), BUILD_MEMORY_MB) as fresh:
                yield fresh
        except BaseException:
            remove_database(path)
            raise
        with self._write_lock, self._changed:
            self._is_swapping = True
            self._changed.wait_for(lambda: not self._readers)
            try:
                self._connection.close()
                remove_database(self.path)
                path.rename(self.path)
            finally:
                self._connection = _connect(self.path, self._memory_mb)
                self.is_damaged = False
                self._statements = DuckStatements(self._connection)
                self.forget()
                self._is_swapping = False
                self._changed.notify_all()

    def _failure(self, doing: str, error: duckdb.Error) -> WarehouseError:
        """Return the error for a statement that failed, and note damage."""
        why, advice = str(error).splitlines()[0], "run clickstream mart build"
        if any(words in why for words in _DAMAGE):
            self.is_damaged = True
            why = f"the file is damaged: {why}"
            advice = "run this again: the mart is then built from the warehouse"
        return WarehouseError(f"{doing} the mart {self.path}", why, advice)


def _cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    raw = connection.cursor()
    raw.execute(f"use {CATALOG}")
    return raw


def _next_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _connect(path: Path, memory_mb: int, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a file, with the tables of the mart if it is new."""
    is_new = not path.exists()
    try:
        connection = duckdb.connect()
        mode = "read_only" if read_only else f"row_group_size {ROW_GROUP_ROWS}"
        connection.execute(f"attach {quoted(path)} as {CATALOG} ({mode})")
        connection.execute(f"use {CATALOG}")
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{memory_mb}MiB'")
        connection.execute(f"set temp_directory = {quoted(f'{path}.tmp')}")
        if is_new:
            connection.execute("begin transaction")
            connection.execute(read_sql("clickstream.mart", "sql/schema.sql"))
            connection.execute("insert into mart values ($version, '', 0, null, 0, 0, 0, 0)", {"version": VERSION})
            connection.execute("commit")
    except duckdb.Error as error:
        raise _opening_error(path, error) from error
    return connection


def _opening_error(path: Path, error: duckdb.Error) -> WarehouseError:
    found = opening_error(path, error)
    if isinstance(found, WarehouseBusyError):
        return WarehouseBusyError(found.path, found.holder, what="mart")
    return WarehouseError(f"opening the mart {path}", found.why, "check its folder's permissions and free space")


def _is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file has the tables of this version."""
    with suppress(duckdb.Error):
        return connection.execute("select version from mart").fetchall() == [(VERSION,)]
    return False
