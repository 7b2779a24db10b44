"""Any answer as a plain table: numbers to the right, at most the terminal's width."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.money import exact_amount


def render_answer(answer: dict[str, Any], console: Console) -> None:
    """Print a metric's answer, as `metrics.question.answer_document` gives it. One row is shown as a list."""
    columns = answer["columns"]
    rows = [_with_amounts(row, columns, answer["meta"].get("currency")) for row in answer["rows"]]
    if len(rows) == 1 and len(columns) > 8:
        pairs = [[column["name"], value] for column, value in zip(columns, rows[0], strict=True)]
        render_rows(["figure", "value"], pairs, console)
        return
    render_rows([column["name"] for column in columns], rows, console)


def _with_amounts(row: dict[str, Any], columns: Sequence[dict[str, str]], currency: str | None) -> list[Any]:
    """Return a row's values, with amounts of money in the decimal places of their currency."""
    currency = row.get("currency") or currency
    return [
        exact_amount(Decimal(row[column["name"]]), currency)
        if column["type"] == "money" and row[column["name"]] is not None
        else row[column["name"]]
        for column in columns
    ]


def render_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], console: Console) -> None:
    """Print rows of plain values under their column names."""
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
