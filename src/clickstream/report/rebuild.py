"""A rebuild on a terminal: the verdict, why, the numbers that move, the events and other rows behind them."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.report.figures import cut_middle

MAX_MOVES = 40
_VALUE = 40


def render_rebuild(found: dict[str, Any], console: Console) -> None:
    """Print what a rebuild found; values of events come from other people's data and are cut and cleaned."""
    read = f"{found['lines']:,} lines of {found['objects']:,} objects read again"
    since = f" from {found['from']} on, older rows carried over" if found["from"] else ""
    if found["same"]:
        console.print(f"the same: {read}{since}, no number moves", soft_wrap=True)
    else:
        verb = "moved" if found["applied"] else "would move"
        count = len(found["moves"])
        console.print(f"{count:,} number{'' if count == 1 else 's'} {verb}: {read}{since}", soft_wrap=True)
    _print_reasons(found, console)
    _print_moves(found["moves"], console)
    _print_events(found["events"], console)
    for table in found["tables"]:
        change = f"{table['only_before']:,} rows differ from the {table['only_after']:,} that the raw store gives"
        console.print(f"{table['table']}: {change}", soft_wrap=True)
    if found["applied"]:
        console.print("applied: the rebuilt rows are in place")
    elif not found["same"]:
        advice = "nothing was changed; put the rebuilt rows in place: clickstream etl run --rebuild --apply"
        console.print(advice, soft_wrap=True)


def _print_reasons(found: dict[str, Any], console: Console) -> None:
    for reason in found["reasons"]:
        before = ", ".join(reason["before"]) or "not recorded"
        console.print(Text(f"why: {reason['what']} was {before}, is {reason['after'] or 'gone'}"), soft_wrap=True)
    if found["never_loaded"]:
        console.print(f"why: {found['never_loaded']:,} objects of the raw store were never loaded")
    if not (found["same"] or found["reasons"] or found["never_loaded"]):
        console.print("why: code and settings are the same, so rows or objects were changed by hand")


def _print_moves(moves: list[dict[str, Any]], console: Console) -> None:
    if not moves:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure")
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    for move in moves[:MAX_MOVES]:
        name = f"{move['figure']}  {cut_middle(move['of'], _VALUE)}".rstrip()
        table.add_row(Text(name), _number(move["before"]), _number(move["after"]), _change(move))
    console.print(table)
    if len(moves) > MAX_MOVES:
        console.print(f"… and {len(moves) - MAX_MOVES:,} more (--json shows all)", style="dim")


def _print_events(events: dict[str, Any], console: Console) -> None:
    for name, what in (("before", "events would be gone"), ("after", "events would be new")):
        if events[f"only_{name}"]:
            examples = ", ".join(events[f"examples_{name}"])
            console.print(f"{events[f'only_{name}']:,} {what}, such as {examples}", soft_wrap=True)
    for kind in events["kinds"]:
        console.print(Text(f"{kind['events']:,} events differ in {', '.join(kind['columns'])}"), soft_wrap=True)
        example = kind["example"]
        console.print(Text(f"  such as {example['event_id']}", style="dim"), soft_wrap=True)
        for column in kind["columns"][:6]:
            before, after = (_value(example[side][column]) for side in ("before", "after"))
            console.print(Text(f"    {column}: {before} -> {after}", style="dim"), soft_wrap=True)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _change(move: dict[str, Any]) -> str:
    before, after = move["before"], move["after"]
    return f"{after - before:+,}" if isinstance(before, int) and isinstance(after, int) else ""


def _value(value: object) -> str:
    return "nothing" if value is None else cut_middle(str(value), _VALUE)
