"""CSV that a spreadsheet opens safely.

In: rows of values. Out: text with a line per row (RFC 4180). Text that a spreadsheet would run as a formula, because it
begins with `=`, `+`, `-` or `@`, gets a leading apostrophe; numbers do not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from clickstream.metrics.question import Answer

_FORMULA = ("=", "+", "-", "@")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows as CSV. Numbers stand as they are, None is an empty cell."""
    file = StringIO()
    writer = csv.writer(file)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row])
    return file.getvalue()


def answer_csv(answer: Answer) -> bytes:
    """Return an answer as CSV in UTF-8: a header with the names of its columns, then its rows."""
    rows = ([_cell(value) for value in row] for row in answer.rows)
    return csv_text([[column.name for column in answer.columns], *rows]).encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    """Return a value as JSON writes it; only text can be taken for a formula."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _Number(f"{value:f}")
        case datetime():
            is_local = value.tzinfo is None
            return value.isoformat() if is_local else f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
        case date():
            return value.isoformat()
        case _:
            return value


class _Number:
    """Digits that are written as they stand: a negative amount is not a formula."""

    def __init__(self, digits: str) -> None:
        self._digits = digits

    def __str__(self) -> str:
        return self._digits
