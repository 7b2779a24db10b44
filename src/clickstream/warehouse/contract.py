"""What every warehouse does, whatever its engine.

In: SQL in the shared subset (dialects.py) with parameters as `$name`. Out: tables of plain Python values. Readers see
one consistent snapshot of what is committed and can change nothing; writers are all or nothing, one at a time, across
processes too. Adapters: duckdb.py, postgres.py; open.py chooses one by its URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from clickstream.warehouse.dialects import Engine
from clickstream.warehouse.query import QueryLimits, QueryResult

SHADOW = "clickstream_rebuild"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query, with the names of their columns. Instants are aware datetimes in UTC."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Cursor(Protocol):
    """Statements of one reader or one transaction."""

    @property
    def engine(self) -> Engine: ...

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Run one statement."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """First column of the first row, or None when there is no row."""


class Warehouse(Protocol):
    """An open warehouse. Whatever fails in it is a WarehouseError; close it, or use it as a context."""

    @property
    def engine(self) -> Engine: ...

    @property
    def migrated(self) -> Sequence[str]:
        """The schema files that opening it applied; none when it was up to date."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """A cursor on one consistent snapshot; whatever it does is rolled back."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT on its own cursor and return all its rows."""

    def query(self, sql: str, limits: QueryLimits) -> QueryResult:
        """Run one SELECT of a user, in the engine's own dialect, read-only and within limits.

        Raises QuestionError with the code invalid_query or query_timeout.
        """

    def transaction(self) -> AbstractContextManager[Cursor]:
        """All or nothing: committed when the block ends, rolled back when it raises. One at a time."""

    def refresh_statistics(self, growth: float = 0.05) -> None:
        """Let the planner look at the tables that grew by more than this share since it last looked."""

    def tidy(self) -> None:
        """Let deleted rows leave the storage as well, as far as the engine can be told to."""

    def shadow(self) -> AbstractContextManager[Warehouse]:
        """An empty warehouse beside this one, which this one's SQL reads as `clickstream_rebuild.<table>`.

        It has its own writers. Gone when the block ends, and what a killed process left of one goes when the next
        begins; one at a time: WarehouseError when there is one already.
        """

    def close(self) -> None: ...

    def __enter__(self) -> Warehouse: ...

    def __exit__(self, *_: object) -> None: ...
