"""The contract of every warehouse, whatever its engine.

In: SQL in the shared subset (dialects.py) with parameters as `$name`. Out: tables of plain Python values. A reader sees
one consistent snapshot of what is committed and can change nothing; a transaction is all or nothing, and there is one
at a time, across processes too. Adapters: duckdb.py, postgres.py; `open_warehouse` chooses one by its URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from clickstream.warehouse.dialects import Engine
from clickstream.warehouse.query import QueryLimits, QueryResult

if TYPE_CHECKING:
    import duckdb

SHADOW = "clickstream_rebuild"
REBUILDING = "rebuilding the warehouse"
"""What a shadow is for, in errors."""
FileFormat = Literal["parquet", "csv"]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a query, with the names of their columns. Instants are aware datetimes in UTC."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Cursor(Protocol):
    """The statements of one reader or one transaction."""

    @property
    def engine(self) -> Engine: ...

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Run one statement."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or None when there is no row."""

    def write_file(self, sql: str, path: Path, file_format: FileFormat) -> int:
        """Write the rows of a SELECT without parameters into a new file; return how many there are.

        Memory stays small. Instants are in UTC.
        """

    def copy_into(
        self, target: duckdb.DuckDBPyConnection, table: str, sql: str, params: Mapping[str, Any] | None = None
    ) -> None:
        """Make the rows of a SELECT a temporary table of another DuckDB, in place of one of that name."""


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The rows of one chunk, in tables of the DuckDB that parsed them, which work on the next chunk leaves alone.

    tables: name in the load's SQL -> name there. key_columns: what `incoming` holds of `new_events`, as SQL.
    """

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, str]
    key_columns: str

    def close(self) -> None:
        """Drop the tables."""
        for table in self.tables.values():
            self.connection.execute(f"drop table if exists {table}")
        self.connection.close()


class StagedRows(Protocol):
    """The rows of one chunk on their way into a warehouse; close it when they are loaded, or will not be."""

    def put_into(self, cursor: Cursor) -> None:
        """Make the rows readable in this transaction: the tables of `ParsedRows`, and `incoming`."""

    def close(self) -> None: ...


class Warehouse(Protocol):
    """An open warehouse. Errors are WarehouseErrors. Close it, or use it as a context manager."""

    @property
    def engine(self) -> Engine: ...

    @property
    def migrated(self) -> Sequence[str]:
        """The schema files that opening it applied; empty when the schema was up to date."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes can write to it while this one has it open."""

    @property
    def has_unique_ids(self) -> bool:
        """Whether a constraint keeps event ids unique."""

    @property
    def is_writable(self) -> bool:
        """Whether our role may change rows."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """Open a cursor on one consistent snapshot; whatever it does is rolled back."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on a new cursor and return all its rows."""

    def query(self, sql: str, limits: QueryLimits) -> QueryResult:
        """Run one SELECT of a user, in the engine's own dialect, read-only and within limits.

        Raises QuestionError with the code invalid_query or query_timeout.
        """

    def transaction(self) -> AbstractContextManager[Cursor]:
        """Open a transaction: committed when the block ends, rolled back when it raises. One at a time."""

    def stage_rows(self, rows: ParsedRows, folder: Path) -> StagedRows:
        """Take over parsed rows, to load them in a later transaction. folder: for files on the way."""

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """Renew the planner's statistics of the tables that grew by more than this share since the last time."""

    def tidy(self) -> None:
        """Remove deleted rows from the storage as well, as far as the engine can."""

    def shadow(self) -> AbstractContextManager[Warehouse]:
        """Create an empty warehouse beside this one, which this one's SQL reads as `clickstream_rebuild.<table>`.

        It has its own writers, and is dropped when the block ends; what a killed process left of one is dropped when
        the next is created. One at a time: WarehouseError when another exists.
        """

    def close(self) -> None: ...

    def __enter__(self) -> Warehouse: ...

    def __exit__(self, *_: object) -> None: ...
