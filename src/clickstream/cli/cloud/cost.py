"""The command cost: a month's bill on AWS, by part. Needs neither network nor account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.cli.options import Json, print_json
from clickstream.cli.terminal import err, out

if TYPE_CHECKING:
    from clickstream.cloud.cost import Bill

_BAR_WIDTH = 30


def cost(
    events_per_month: Annotated[
        int,
        typer.Option("--events-per-month", min=0, metavar="N", help="Events that the collector receives in a month."),
    ],
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="AWS region.")] = "us-east-1",
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=500, metavar="N", help="Events in a request, on average.")
    ] = 10,
    json: Json = False,
) -> None:
    """Show what the platform costs per month on AWS, by part, and what batching saves. Uses no network."""
    from clickstream.cloud.cost import bill

    made = bill(events_per_month, batch, region)
    if json:
        print_json(made)
        return
    render_bill(made, out)
    for note in made.notes:
        err.print(f"note: {note}")


def render_bill(made: Bill, console: Console) -> None:
    """Print a bill: its lines, the parts as bars, and what the number of events in a request changes."""
    console.print(
        f"{made.events:,} events a month in {made.region}, {made.batch} in a request; USD, prices of {made.prices_of}"
    )
    console.print(_lines(made))
    console.print(
        f"fixed {made.fixed:,.2f} + variable {made.variable:,.2f} = {made.total:,.2f} USD a month; "
        f"{made.per_million_events:,.2f} for each million events"
    )
    console.print()
    console.print(_parts(made, console))
    console.print()
    console.print(_savings(made, console))


def _lines(made: Bill) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("part", "item"):
        table.add_column(name)
    for name in ("quantity", "unit", "price", "USD"):
        table.add_column(name, justify="left" if name == "unit" else "right", no_wrap=True)
    for line in made.lines:
        quantity = f"{line.quantity:,.3f}".rstrip("0").rstrip(".")
        table.add_row(*map(Text, (line.part, line.item, quantity, line.unit, f"{line.price}", f"{line.amount:,.2f}")))
    return table


def _bars(title: str, rows: list[tuple[str, Decimal]], console: Console) -> Table:
    """Return a table of amounts, each with a bar."""
    from clickstream.report.figures import bar

    most = max((amount for _, amount in rows), default=Decimal(0))
    is_ascii = not console.encoding.lower().startswith("utf")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(title, no_wrap=True)
    table.add_column("USD", justify="right", no_wrap=True)
    table.add_column("")
    for name, amount in rows:
        table.add_row(Text(name), f"{amount:,.2f}", Text(bar(amount, most, _BAR_WIDTH, is_ascii) if amount else ""))
    return table


def _parts(made: Bill, console: Console) -> Table:
    return _bars("part", list(made.parts().items()), console)


def _savings(made: Bill, console: Console) -> Table:
    rows = [(f"{each.batch} in a request", each.amount) for each in made.savings]
    return _bars("requests, objects and logs with", rows, console)
