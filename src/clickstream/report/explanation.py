"""An explanation of a metric's answer as text: the question, the SQL that ran, and the newest rows behind it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from clickstream.metrics.explain.explanation import Explanation
from clickstream.metrics.explain.rows import Rows
from clickstream.metrics.explain.statements import Statement
from clickstream.report.table import render_rows
from clickstream.visible import visible, visible_line

TITLES = {
    "answer": "The answer",
    "comparison": "The same for the comparison period",
    "visitors": "Which visitors the filters select: a table that the others read",
    "rows behind": "How many rows are behind it",
    "currency": "The currency with most orders",
    "sample": "Is there sample data?",
    "load": "The load of the answer",
}


def render_explanation(found: Explanation, console: Console) -> None:
    """Print an explanation. The SQL can be pasted into a prompt of its engine."""
    _print(console, f"{found.metric}: {found.question}", "bold")
    _print(console, f"{found.text} Definition: docs/metrics/{found.metric}.md")
    console.print()
    asked = {**found.asked, "load": str(found.load), "command": found.command}
    width = max(map(len, asked))
    for name, value in asked.items():
        _print(console, f"{name:<{width}}  {value}")
    behind = ", ".join(f"{count:,} {table}" for table, count in found.rows_behind.items())
    _print(console, f"{'rows':<{width}}  {behind or 'none'}")
    for statement in found.statements:
        _render_statement(statement, console)
    if found.rows is not None:
        _render_rows(found.rows, console)


def _render_statement(statement: Statement, console: Console) -> None:
    console.print()
    _print(console, f"-- {TITLES[statement.purpose]}", "bold")
    console.print(Text(visible(statement.script())), soft_wrap=True)


def _render_rows(rows: Rows, console: Console) -> None:
    console.print()
    if not rows.sample:
        _print(console, f"No {rows.words} are behind it.")
        return
    _print(console, f"The newest {len(rows.sample):,} of {rows.count:,} {rows.words}, as in {rows.table}", "bold")
    cells = [[*row.values, f"{row.object or ''} {row.line or ''}".strip()] for row in rows.sample]
    render_rows([*rows.columns, "raw line"], cells, console)
    _print(console, "The line as it was received: clickstream raw cat OBJECT LINE", "dim")


def _print(console: Console, line: str, style: str = "") -> None:
    console.print(Text(visible_line(line), style=style), soft_wrap=True)
