"""What `Warehouse.query` takes and returns: one SELECT of a user, limited in rows and time.

In: SQL in the engine's own dialect. Out: columns and rows of plain JSON values. Each adapter runs exactly one statement
in a read-only transaction and rolls it back: a DELETE inside a CTE reports itself as a SELECT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from clickstream.errors import QuestionError

_SAFE_INTEGER = 2**63


class QueryLimits(msgspec.Struct, frozen=True):
    """rows: the most rows to return. time_s: the longest time the statement may take."""

    rows: int = 10_000
    time_s: float = 30.0


class QueryResult(msgspec.Struct, frozen=True):
    """is_cut: the statement has more rows than the limit."""

    columns: list[str]
    rows: list[list[Any]]
    is_cut: bool


def query_result(columns: Sequence[str], rows: Sequence[Sequence[Any]], limits: QueryLimits) -> QueryResult:
    """Return rows as plain JSON values. rows: at most one row more than the limit, which is cut off."""
    kept = [[_plain(value) for value in row] for row in rows[: limits.rows]]
    return QueryResult(list(columns), kept, len(rows) > limits.rows)


def query_timeout(limits: QueryLimits) -> QuestionError:
    """Return the error of a statement that exceeds the time limit."""
    why = f"the statement took longer than {limits.time_s:g} s"
    return QuestionError("query_timeout", "SQL", why, "select fewer rows or a shorter range")


def invalid_query(text: str) -> QuestionError:
    """Return the error of a statement that the engine refuses. text: the engine's message, of any number of lines."""
    message, _, excerpt = text.partition("\nLINE ")
    line = " ".join(message.split())
    where = excerpt.partition("\n")[0].partition(": ")[2].strip()
    why = f"{line} (at: {where})" if where else line
    return QuestionError("invalid_query", "SQL", why, "write one SELECT that reads the warehouse")


def _plain(value: Any) -> Any:
    """Return a value as JSON can express it; other values become text (exact numbers, instants, bytes)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -_SAFE_INTEGER <= value < _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return msgspec.to_builtins(value, enc_hook=str)
