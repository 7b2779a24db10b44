"""A question to a metric and its answer, and the answer as JSON.

In: dates are local days of `tz`, `[from_date, to_date)`; instants are aware. Out: an `Answer`, a table with
typed columns and `meta`, which describes the data behind the numbers. Nothing here depends on an engine.

As JSON: `{"metric", "columns": [{"name", "type"}], "rows": [{column: value}], "meta"}`. Money is decimal text, so that
no reader turns it into a binary fraction; instants are ISO 8601 with Z, local times the same without, dates ISO.
Rates and doubles are numbers, unknown ones null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

# "local" is a date and time in the answer's zone, without an offset; the other types: docs/metrics/README.md.
ColumnType = Literal["int", "money", "decimal", "rate", "double", "text", "ts", "date", "bool", "local"]
Compare = Literal["previous", "year", "none"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one metric.

    from_date, to_date: local days of `tz`, `[from_date, to_date)`; None = the metric's default range.
    as_of: rows with a time at or after it are ignored.
    filters: name -> values; several values are OR, several filters AND, a value `!x` excludes x.
    options: the metric's own options (`by`, `metric`, `split`…), as text.
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
    """A column of an answer. `type` determines how it is compared and shown (docs/metrics/README.md)."""

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
        """Return the rows as dicts, column name -> value."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return the answer in plain JSON values, ready for any encoder."""
    document = {
        "metric": answer.metric,
        "columns": [{"name": column.name, "type": column.type} for column in answer.columns],
        "rows": answer.dicts(),
        "meta": dict(answer.meta),
    }
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain


def answer_json(answer: Answer) -> bytes:
    """Return the answer as UTF-8 JSON on one line."""
    return msgspec.json.encode(answer_document(answer))
