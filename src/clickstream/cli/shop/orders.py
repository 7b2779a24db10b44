"""The command orders check: the truth check, for people and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import DAY_FORMATS, Data, Json, day_of, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out

if TYPE_CHECKING:
    from clickstream.shop.check import OrderCounts, OrderGroup, OrdersCheck

MAX_GROUPS = 14
MAX_PROBLEMS = 10
_COLUMNS = ("orders", "pending", "browser", "server", "both", "missing", "doubled", "different")
_SHORT = {"different": "differ"}
_ALWAYS = ("orders", "browser", "server", "missing")  # the others are left out if they are 0

orders = typer.Typer(help="Compare the shop's real orders with what was tracked.", no_args_is_help=True)


@orders.command()
def check(
    data: Data = None,
    min_rate: Annotated[
        float, typer.Option("--min-rate", min=0, max=1, metavar="RATE", help="Lowest share of captured orders.")
    ] = 0.95,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=DAY_FORMATS, metavar="DAY", help="First local day.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare the shop's orders with the tracked ones; exit 1 if too few were captured by browser or server."""
    from clickstream.local.orders import OrdersCheckRequest
    from clickstream.local.owner.registry import ORDERS_CHECK

    with ProgressBar(err, "comparing orders") as progress:
        found = make_client(data, progress).call(ORDERS_CHECK, OrdersCheckRequest(day_of(since)))
    if json:
        print_json(found)
    else:
        render_orders(found, min_rate, out)
    sys.exit(0 if found.holds(min_rate) else 1)


def render_orders(found: OrdersCheck, min_rate: float, console: Console) -> None:
    """Print the verdict, the totals by day, browser and channel, and the latest problems."""
    totals = found.totals
    if totals.rate is None:
        console.print(f"no orders to judge ({totals.pending:,} pending)" if totals.pending else "no orders to judge")
    else:
        verdict = f"{_percent(totals.rate)} of {totals.orders - totals.pending:,} orders were captured"
        browser = f"{_percent(totals.browser_rate)} by the browser"
        is_low = not found.holds(min_rate)
        text = f"{verdict}, {browser}" + (f"; expected at least {_percent(min_rate)}" if is_low else "")
        console.print(text, style="red" if is_low else None)
    if totals.orders:
        _print_groups(found, console)
    refunds = found.refunds
    if refunds.refunds:
        parts = (f"{getattr(refunds, name):,} {name}" for name in ("captured", "pending", "missing", "different"))
        console.print(f"{refunds.refunds:,} refunds: {', '.join(parts)}")
    if found.unknown:
        console.print(f"tracked, but not in the shop: {', '.join(found.unknown[:MAX_PROBLEMS])}", style="red")
    for each in found.problems[:MAX_PROBLEMS]:
        what = f"refund {each.refund} of {each.order}" if each.refund else each.order
        console.print(f"{each.kind}: {what}, {each.at:%Y-%m-%d %H:%M}: {each.details}", style="red", soft_wrap=True)
    if found.problem_count > MAX_PROBLEMS:
        console.print(f"… and {found.problem_count - MAX_PROBLEMS:,} more (--json shows them)", style="dim")


def _print_groups(found: OrdersCheck, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    columns = [name for name in _COLUMNS if name in _ALWAYS or getattr(found.totals, name)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for name in (*columns, "rate"):
        table.add_column(_SHORT.get(name, name), justify="right")
    table.add_row("total", *_cells(found.totals, columns))
    for title, groups in (("day", found.days), ("browser", found.browsers), ("channel", found.channels)):
        table.add_row(Text(title, style="dim"))
        for group in groups[:MAX_GROUPS]:
            table.add_row(Text(f"  {group.name}"), *_cells(group.counts, columns), style=_style_of(group))
    console.print(table)


def _cells(counts: OrderCounts, columns: Sequence[str]) -> list[str]:
    return [*(f"{getattr(counts, name):,}" for name in columns), _percent(counts.rate)]


def _style_of(group: OrderGroup) -> str | None:
    return "red" if group.counts.missing else None


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
