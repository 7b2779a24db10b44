"""Bad rows on a terminal: reasons with bars, the newest rows, one row in full.

In: plain values as etl/repair gives them. What senders wrote comes escaped already, and is never read as markup.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.report.figures import bar, cut_middle, number

_BAR = 20
_BEGINS = 44
_MOST_CHARACTERS = 4_000


def render_bad_list(found: dict[str, Any], console: Console) -> None:
    """Print the reasons, most lines first, and the newest rows with what `bad show` needs to find them."""
    if not found["lines"]:
        console.print("no bad rows")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, justify in (("reason", "left"), ("lines", "right"), ("objects", "right"), ("last seen (UTC)", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("", style="red", no_wrap=True)
    most = found["reasons"][0]["lines"]
    for row in found["reasons"]:
        cells = (row["reason"], number(row["lines"]), number(row["objects"]), _hour(row["last_seen"]))
        length = bar(row["lines"], most, _BAR, console.options.ascii_only)
        table.add_row(*map(Text, cells), length)
    console.print(table)
    console.print(Text("\nThe newest", style="bold"))
    for row in found["newest"]:
        begins = "(the object ends before it)" if row["begins"] is None else cut_middle(row["begins"], _BEGINS)
        console.print(Text(f"{row['reason']}  {begins}"), soft_wrap=True)
        console.print(Text(f"  clickstream bad show {row['object']} {row['line']}", style="dim"), soft_wrap=True)


def render_bad_row(row: dict[str, Any], console: Console) -> None:
    """Print one bad row: where it is from, why it is bad, what to do, what it holds."""
    for line in (
        f"{row['object']}, line {row['line']}",
        f"reason: {row['reason']}. {row['what_to_do']}",
        f"hour: {_hour(row['hour'])} UTC; load {row['load_id']:,} of {row['loaded_at'] or '?'} by {row['code'] or '?'}",
    ):
        console.print(Text(line), soft_wrap=True)
    text = row["text"]
    if text is None:
        console.print(Text("there are no bytes: the object ends before this line", style="dim"))
        return
    console.print(Text(f"{row['size_bytes']:,} bytes, control characters escaped:", style="dim"))
    console.print(Text(text[:_MOST_CHARACTERS]), soft_wrap=True)
    if len(text) > _MOST_CHARACTERS:
        console.print(Text(f"… and {len(text) - _MOST_CHARACTERS:,} characters more (--json shows all)", style="dim"))


def _hour(instant: str) -> str:
    return instant.replace("T", " ")[:16]
