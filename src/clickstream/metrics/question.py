"""What is asked of a metric, and what comes back.

In: dates are local days of `tz`, `[from_date, to_date)`; instants are aware. Out: an `Answer`, a table with
typed columns and `meta`, which says what the numbers rest on. Nothing here knows an engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

# "local" is a date and time of the answer's zone, without offset; all others are as in docs/metrics/README.md.
ColumnType = Literal["int", "money", "rate", "double", "text", "ts", "date", "bool", "local"]
Compare = Literal["previous", "year", "none"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one metric.

    from_date, to_date: local days of `tz`, `[from_date, to_date)`; None = the metric's default range.
    as_of: no row with a time at or after it exists for the metric.
    filters: name -> values; several values are OR, several filters AND, a value `!x` negates.
    options: what this metric alone takes (`by`, `metric`, `split`…), as text.
    limit, offset: rows of a ranked table.
    """

    as_of: datetime
    tz: ZoneInfo
    from_date: date | None = None
    to_date: date | None = None
    compare: Compare = "previous"
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer. `type` fixes how it is compared and shown (docs/metrics/README.md)."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Answer:
    """A metric's table. `rows` hold plain Python values in the order of `columns`."""

    metric: str
    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    meta: Mapping[str, Any]

    def dicts(self) -> list[dict[str, Any]]:
        """Rows as dicts, column name -> value."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]
