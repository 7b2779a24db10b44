"""An answer or a query's rows as a plain table: numbers on the right, at most as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.metrics.question import Answer, answer_document

MAX_COLUMNS_OF_ONE_ROW = 8


def render_answer(answer: Answer, console: Console) -> None:
    """Print a metric's answer. A single row of many columns is printed as a list."""
    names = [column.name for column in answer.columns]
    rows = [[row[name] for name in names] for row in answer_document(answer)["rows"]]
    if len(rows) == 1 and len(names) > MAX_COLUMNS_OF_ONE_ROW:
        render_rows(["figure", "value"], list(zip(names, rows[0], strict=True)), console)
    else:
        render_rows(names, rows, console)


def render_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], console: Console) -> None:
    """Print rows of plain JSON values below their column names."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for position, name in enumerate(columns):
        is_number = any(isinstance(row[position], int | float) for row in rows)
        table.add_column(name, justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table if rows else Text("no rows", style="dim"))


def _cell(value: Any) -> Text:
    if value is None:
        return Text("–", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.4f}".rstrip("0").rstrip("."))
    return Text(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))
