"""A question to the warehouse, ready to run.

In: a cursor on one snapshot of the warehouse, and a Question. Out: `RecordScope`, whose `fetch` runs a metric's SQL in
the shared subset of both engines (warehouse/dialects.py). The ledger also needs a listing of the raw store: its reader
is passed in, in `Records`. Values are always bound; only constant text of this package is inserted into SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol

from clickstream.errors import ClickstreamError, QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.texts import read_sql
from clickstream.warehouse.contract import Cursor, Table, Warehouse
from clickstream.warehouse.dialects import PARAMETER, fill


class LedgerHour(Protocol):
    """One hour (UTC) of object names; all counts are lines. balance: lines that are missing, or below 0 too many."""

    @property
    def hour(self) -> datetime: ...
    @property
    def accepted(self) -> int: ...
    @property
    def loaded(self) -> int: ...
    @property
    def duplicate(self) -> int: ...
    @property
    def bad(self) -> int: ...
    @property
    def erased(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def balance(self) -> int: ...


class HourlyLedger(Protocol):
    """Hours in descending order, and the names of objects that should have been loaded by now."""

    @property
    def hours(self) -> Sequence[LedgerHour]: ...
    @property
    def overdue(self) -> Sequence[str]: ...


ReadLedger = Callable[[Cursor, datetime, datetime], HourlyLedger]
"""Reads the hours that overlap `[start, end)`, given a cursor on the warehouse."""


def _no_ledger(_cursor: Cursor, _start: datetime, _end: datetime) -> NoReturn:
    raise ClickstreamError("reading the ledger", "the raw store is not open here", "run clickstream check")


@dataclass(frozen=True, slots=True)
class Records:
    """Where these metrics read. ledger: reads the ledger; without it, `health_ledger` fails."""

    warehouse: Warehouse
    ledger: ReadLedger = _no_ledger


@dataclass(frozen=True, slots=True)
class RecordScope:
    """One question on one snapshot of the warehouse. load: the number of its last load, 0 before the first."""

    cursor: Cursor
    question: Question
    period: Period
    options: Mapping[str, str]
    load: int
    read_ledger: ReadLedger

    def fetch(
        self, name: str, slots: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None
    ) -> Table:
        """Run `<name>.sql` of this package. slots: SQL for its `{…}`. params: values of its parameters.

        Always available: `$start`, `$end` (the range) and `$as_of`, as instants.
        """
        sql = fill(read_sql(f"{name}.sql"), slots)
        values = {
            "as_of": self.question.as_of.astimezone(UTC),
            "start": self.period.start.astimezone(UTC),
            "end": self.period.end.astimezone(UTC),
            **(params or {}),
        }
        # DuckDB rejects parameters that a statement does not use.
        used = {found[1] for found in PARAMETER.finditer(sql) if found[1]}
        return self.cursor.fetch(sql, {key: values[key] for key in used})

    def ledger(self) -> HourlyLedger:
        """Return the hours of the ledger that overlap the range."""
        return self.read_ledger(self.cursor, self.period.start, self.period.end)


def last_load(cursor: Cursor) -> int:
    """Return the number of the warehouse's last load, 0 before the first."""
    return int(cursor.scalar("select coalesce(max(load_id), 0) from loads"))


def no_records(metric: str) -> QuestionError:
    """Return the error of a question to the warehouse where only the mart is open."""
    return QuestionError("metric_not_available", metric, "reads the warehouse, which is not open here")
