"""The statements that a question runs, noted while they run.

In: a cursor of the mart, or a warehouse. Out: what `catalog.ask` takes in their place, and the statements: what is
shown is what ran. One that ran before for another question (mart/memory.py) is noted all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from clickstream.metrics.rules.local_time import micros
from clickstream.metrics.rules.texts import read_sql
from clickstream.warehouse.contract import Cursor, Table, Warehouse
from clickstream.warehouse.dialects import PARAMETER, Engine, render
from clickstream.warehouse.duckdb import DuckCursor

PURPOSES = ("answer", "comparison", "visitors", "rows behind", "currency", "sample", "load")
_TABLE = "create temp table "
_ROW_COUNT = re.compile(r"\nselect (?:count\(\*\)|coalesce\(sum\(events\), 0\)) from counted_\w+$")


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement as it ran.

    purpose: one of PURPOSES; `comparison` is the answer for the other period, `visitors` a table that others read.
    params: the values of its `$name`s. engine: the mart is DuckDB's, the warehouse may be PostgreSQL's.
    """

    purpose: str
    sql: str
    params: dict[str, Any]
    engine: Engine = "duckdb"

    def script(self) -> str:
        """Return a text that computes the same at a prompt of the engine, with these values."""
        if not self.params:
            return f"{self.sql};"
        if self.engine == "postgres" or self.purpose == "visitors":  # where parameters have no names, or cannot be used
            filled = PARAMETER.sub(lambda found: _literal(self.params[found[1]]) if found[1] else found[0], self.sql)
            return f"{filled};"
        values = ", ".join(f'"{name}" := {_literal(value)}' for name, value in self.params.items())
        return f"prepare explained as\n{self.sql};\nexecute explained({values});"


Noted = list[tuple[str, dict[str, Any]]]


class RecordedMart:
    """The snapshot of a mart, with the statements that were asked of it."""

    def __init__(self, cursor: DuckCursor) -> None:
        self._cursor = cursor
        self._noted: Noted = []

    @contextmanager
    def asking(self) -> Iterator[DuckCursor]:
        """Lend the snapshot to a question."""
        yield _RecordingCursor(self._cursor, self._noted)

    def statements(self, start: datetime) -> list[Statement]:
        """Return the statements, each once, in the order of PURPOSES. start: of the range of the question."""
        return _statements(self._noted, start, "duckdb")


class RecordedWarehouse:
    """A warehouse, with the statements that its readers ran."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._noted: Noted = []

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """Lend a snapshot to a question."""
        with self._warehouse.reading() as cursor:
            yield cast(Cursor, _RecordingReader(cursor, self._noted))

    def statements(self, start: datetime) -> list[Statement]:
        """Return the statements in the dialect of the engine, each once. start: of the range of the question."""
        return _statements(self._noted, start, self._warehouse.engine)


class _RecordingCursor(DuckCursor):
    """A reader that notes each statement before it runs."""

    def __init__(self, cursor: DuckCursor, noted: Noted) -> None:
        super().__init__(cursor.raw, cursor.statements)
        self._cursor = cursor
        self._noted = noted

    def derive(self, name: str, sql: str, params: Mapping[str, Any]) -> None:
        """Define a table of this reader by a SELECT, which runs when a statement first names the table."""
        values = {key: plain(value) for key, value in sorted(params.items())}
        self._noted.append((f"{_TABLE}{name} as\n{render(sql, 'duckdb')}", values))
        self._cursor.derive(name, sql, params)

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""
        self._noted.append((sql, {name: plain(value) for name, value in sorted((params or {}).items())}))
        return self._cursor.fetch(sql, params)


class _RecordingReader:
    """A reader of a warehouse that notes each statement before it runs."""

    def __init__(self, cursor: Cursor, noted: Noted) -> None:
        self._cursor = cursor
        self._noted = noted
        self.engine = cursor.engine

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> Table:
        """Run one SELECT and return all its rows."""
        values = {name: plain(value) for name, value in sorted((params or {}).items())}
        self._noted.append((render(sql, self.engine), values))
        return self._cursor.fetch(sql, params)

    def scalar(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or None when there is no row."""
        rows = self.fetch(sql, params).rows
        return rows[0][0] if rows else None


def plain(value: Any) -> Any:
    """Return a value as JSON has it: instants and amounts as text."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _statements(noted: Noted, start: datetime, engine: Engine) -> list[Statement]:
    once = [each for at, each in enumerate(noted) if each not in noted[:at]]
    found = [Statement(_purpose(sql, params, start), _without_gaps(sql), params, engine) for sql, params in once]
    return sorted(found, key=lambda statement: PURPOSES.index(statement.purpose))


def _without_gaps(sql: str) -> str:
    """Return SQL without the blank lines and ends of lines that empty slots leave."""
    return "\n".join(line.rstrip() for line in sql.splitlines() if line.strip())


def _purpose(sql: str, params: Mapping[str, Any], start: datetime) -> str:
    if sql in ("select load_id from mart", "select coalesce(max(load_id), 0) from loads"):
        return "load"
    if sql.startswith(_TABLE):
        return "visitors"
    if "exists (from hits where is_sample" in sql:
        return "sample"
    if read_sql("rules/currency.sql").strip() in sql:
        return "currency"
    if _ROW_COUNT.search(sql):
        return "rows behind"
    return "answer" if params.get("start") in (None, micros(start), plain(start.astimezone(UTC))) else "comparison"


def _literal(value: Any) -> str:
    """Write a value of a parameter as SQL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value)
