"""Results of statements on one state of the mart, shared by all questions.

The questions of a page have statements in common (which currency, how many events), and viewers of a page have all of
them: each statement runs once for each load. Callers of a statement that is running wait for its result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from typing import Any

from clickstream.warehouse.contract import Table
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckCursor

MAX_TABLES = 512
MAX_ROWS = 2_000
"""Longer results are not kept; they are the pages of long rankings, which few ask for twice."""
_BITS = "select bitstring_agg(id, 0, {last}) from ({sql})"
_OF_BITS = "create temp table {name} as select id from visitors where {test}"


class Memory:
    """What was computed on one state."""

    def __init__(self, state: Hashable) -> None:
        self.state = state
        self._lock = threading.Lock()
        self._tables: dict[Hashable, Future[Table]] = {}

    def table(self, key: Hashable, compute: Callable[[], Table]) -> Table:
        """Return the result of a statement. Raises what `compute` raises; then the next caller computes again."""
        with self._lock:
            known = self._tables.get(key)
            if known is None:
                if len(self._tables) >= MAX_TABLES:
                    self._tables.clear()
                mine = self._tables[key] = Future()
        if known is not None:
            return known.result()
        try:
            found = compute()
        except BaseException as error:
            self._forget(key, mine)
            mine.set_exception(error)
            raise
        if len(found.rows) > MAX_ROWS:
            self._forget(key, mine)
        mine.set_result(found)
        return found

    def _forget(self, key: Hashable, mine: Future[Table]) -> None:
        with self._lock:
            if self._tables.get(key) is mine:
                del self._tables[key]


class RememberingCursor(DuckCursor):
    """A reader that takes results from a memory of its state."""

    def __init__(self, cursor: DuckCursor, memory: Memory) -> None:
        super().__init__(cursor.raw, cursor.statements)
        self._memory = memory

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT, or return the result that it had; callers must not change the rows."""
        values = tuple(sorted((name, _hashable(value)) for name, value in (params or {}).items()))
        return self._memory.table((sql, values), lambda: super(RememberingCursor, self).fetch(sql, params))

    def create_derived(self, name: str, sql: str, params: Mapping[str, Any]) -> None:
        """Create a table of visitors. The memory keeps which they are, as one bit for each visitor of the mart."""
        last = self.scalar("select coalesce(max(id), 0) from visitors")
        bits = self.scalar(fill(_BITS, last=str(last), sql=sql), params)
        test, values = ("false", {}) if bits is None else ("get_bit(cast($bits as bit), id) = 1", {"bits": bits})
        self.raw.execute(fill(_OF_BITS, name=name, test=test), values)


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value
