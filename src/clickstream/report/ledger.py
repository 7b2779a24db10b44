"""The ledger on a terminal: one line an hour, and the verdict first."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

MAX_HOURS = 24
COLUMNS = ("accepted", "loaded", "duplicate", "bad", "erased", "pending", "balance")


def render_ledger(ledger: dict[str, Any], console: Console) -> None:
    """Print the verdict, the totals, the latest hours with lines, and what is wrong besides.

    ledger: as `etl.ledger.Ledger.as_json` gives it.
    """
    totals, hours = ledger["totals"], ledger["hours"]
    if ledger["balanced"]:
        console.print(f"balanced: all {totals['accepted']:,} accepted events are accounted for")
    else:
        console.print("NOT balanced: some events are not accounted for", style="red")
    if hours:
        _print_hours(totals, hours, console)
    if ledger["external"]:
        console.print(f"external (rows that another client wrote; the ledger leaves them out): {ledger['external']:,}")
    if ledger["other_files"]:
        console.print(f"other files below events/, which no load reads: {ledger['other_files']:,}")
        console.print("next: clickstream doctor names some of them")
    if ledger["repeated"]:
        console.print(f"repeated (rows beyond the first of their event id): {ledger['repeated']:,}", style="red")
        console.print("next: clickstream etl run --rebuild, which builds them anew and compares")
    for key in ledger["overdue"][:5]:
        console.print(f"overdue: {key}", style="red", markup=False)
    if ledger["overdue"]:
        console.print("next: clickstream etl run, or clickstream etl run --reconcile DAY for a day that is closed")


def _print_hours(totals: dict[str, int], hours: list[dict[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("hour (UTC)")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    table.add_row("total", *(f"{totals[name]:,}" for name in COLUMNS))
    for row in hours[:MAX_HOURS]:
        style = None if row["balance"] == 0 else "red"
        table.add_row(row["hour"].replace("T", " ")[:16], *(f"{row[name]:,}" for name in COLUMNS), style=style)
    console.print(table)
    if len(hours) > MAX_HOURS:
        console.print(f"… and {len(hours) - MAX_HOURS} earlier hours (--json shows all)", style="dim")
