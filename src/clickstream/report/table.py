"""An answer or a query's rows as a plain table, with numbers on the right.

On a terminal, a table has as many columns as fit side by side, the first ones first, and names the others; long text is
folded. Elsewhere a table is as wide as its rows. Values come from events: they are printed as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from clickstream.metrics.question import Answer, answer_document
from clickstream.money import exact_amount
from clickstream.visible import visible, visible_line

MAX_COLUMNS_OF_ONE_ROW = 8
MAX_WIDTH = 40
"""Of a column, in a table that is wider than the terminal."""
_GAP = 2


def render_answer(answer: Answer, console: Console) -> None:
    """Print a metric's answer. A single row of many columns is printed as a list."""
    names = [column.name for column in answer.columns]
    document = answer_document(answer)
    rows = [_with_amounts(row, document["columns"], answer.meta.get("currency")) for row in document["rows"]]
    if len(rows) == 1 and len(names) > MAX_COLUMNS_OF_ONE_ROW:
        render_rows(["figure", "value"], list(zip(names, rows[0], strict=True)), console)
    else:
        render_rows(names, rows, console)


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
    """Print rows of plain JSON values below their column names."""
    if not rows:
        console.print(Text("no rows", style="dim"))
        return
    names = [visible_line(name) for name in columns]
    cells = [[_text(value) for value in row] for row in rows]
    shown, max_width = list(range(len(names))), None
    widths = [max(map(_width, column)) for column in zip(names, *cells, strict=True)]
    if console.is_terminal and sum(widths) + _GAP * (len(widths) - 1) > console.width:
        shown, max_width = _fitting(widths, console.width), min(MAX_WIDTH, console.width)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number in shown:
        is_number = any(isinstance(row[number], int | float) for row in rows)
        justify: JustifyMethod = "right" if is_number else "left"
        table.add_column(Text(names[number]), justify=justify, max_width=max_width, overflow="fold")
    for row, texts in zip(rows, cells, strict=True):
        table.add_row(*(Text(texts[number], style="dim" if row[number] is None else "") for number in shown))
    console.print(table)
    if len(shown) < len(names):
        left = ", ".join(name for number, name in enumerate(names) if number not in shown)
        note = f"not shown, because the terminal is too narrow: {left} (--json shows all)"
        console.print(Text(note, style="dim"))


def _fitting(widths: Sequence[int], width: int) -> list[int]:
    """Return the positions of the columns that fit side by side: the first, and each further one that still fits."""
    shown = [0]
    used = min(widths[0], MAX_WIDTH)
    for number, natural in enumerate(widths[1:], 1):
        needed = _GAP + min(natural, MAX_WIDTH)
        if used + needed <= width:
            shown.append(number)
            used += needed
    return shown


def _width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else visible(str(value))
