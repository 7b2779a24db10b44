"""Commands on the shop's database: shop migrate, refund, send, roles, database; and orders check."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import DAY_FORMATS, Data, Json, Port, ShopPort, SignInPort, day_of, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out, write_bytes
from clickstream.settings import Settings, read_settings

if TYPE_CHECKING:
    from clickstream.shop.check import OrderCounts, OrderGroup, OrdersCheck

MAX_GROUPS = 14
MAX_PROBLEMS = 10
_COLUMNS = ("orders", "pending", "browser", "server", "both", "missing", "doubled", "different")

shop = typer.Typer(help="Maintain the shop's database.", no_args_is_help=True)
orders = typer.Typer(help="Compare the shop's real orders with what was tracked.", no_args_is_help=True)


@shop.command()
def migrate(data: Data = None, json: Json = False) -> None:
    """Create or update the tables of the shop, then load the catalogue. Safe to run twice."""
    from clickstream.shop.migrate import migrate as run

    done = run(_shop_url(read_settings(data), "migrating the shop's database"))
    if json:
        print_json(done)
    else:
        err.print(f"applied {len(done.applied)} schema files; {done.products:,} products are new or changed")


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise typer.BadParameter(f"expected an amount such as 19.90, got {text!r}")
    return amount


@shop.command()
def refund(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Number of the order, such as CS-10001.")],
    data: Data = None,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="How much; without it, all that is left.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for your own records.")] = "",
    json: Json = False,
) -> None:
    """Refund an order, wholly or in part. One that is refunded wholly is cancelled, and its items return to stock."""
    from clickstream.shop.refund import refund as run

    url = _shop_url(read_settings(data), f"refunding the order {order}")
    done = run(url, order, _amount(amount), reason)
    if json:
        print_json(done)
        return
    rest = "the order is cancelled" if done.is_cancelled else f"{done.left} {done.currency} can still be refunded"
    err.print(f"refunded {done.amount} {done.currency} of {done.order}; {rest}")


@shop.command()
def send(
    data: Data = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep sending new events, until Ctrl-C.")] = False,
    collector: Annotated[
        str | None,
        typer.Option(
            "--collector", metavar="URL", help="The collector to send to (default: CLICKSTREAM_COLLECTOR_URL)."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Send the orders and refunds that the shop recorded to the collector; exit 1 if it rejected any."""
    from clickstream.delivery import Delivery
    from clickstream.local.postgres import find_shop
    from clickstream.shop import outbox

    settings = read_settings(data)
    key = settings.write_keys[0].get_secret_value() if settings.write_keys else ""
    with Delivery(collector or settings.collector_url, patience_s=outbox.PATIENCE_S, write_key=key) as delivery:
        if watch:
            outbox.watch(lambda: find_shop(settings), delivery, lambda text: err.print(text, markup=False))
        done = outbox.send_once(_shop_url(settings, outbox.DOING), delivery)
    if json:
        print_json(done)
    else:
        err.print(f"sent {done.sent:,} events, {done.rejected:,} rejected")
    sys.exit(1 if done.rejected else 0)


@shop.command()
def roles() -> None:
    """Print SQL that creates the read-only PostgreSQL role clickstream_shop_reader; run it with psql."""
    from clickstream.shop.migrate import roles_sql

    write_bytes(roles_sql().encode())


@shop.command()
def database(
    data: Data = None,
    port: Port = 5433,
) -> None:
    """Run only a local PostgreSQL for the shop, in the data directory, until Ctrl-C."""
    from clickstream.local.postgres import serve
    from clickstream.local.supervisor import stop_signals

    with stop_signals():
        try:
            code = serve(read_settings(data).data, port)
        except KeyboardInterrupt:
            code = 0
    sys.exit(0 if code == 0 else 1)


@shop.command()
def serve(data: Data = None, port: Port = 3000, sign_in_port: SignInPort = 9000) -> None:
    """Run only the shop: build it if its sources changed, update its database, serve it until Ctrl-C."""
    from clickstream.local.shop.config import ShopConfig
    from clickstream.local.shop.serve import serve as run

    config = ShopConfig(port, sign_in_port, issuer=os.environ.get("AUTH_ISSUER", ""))
    sys.exit(run(read_settings(data), config))


@shop.command()
def sign_in(data: Data = None, port: Port = 9000, shop_port: ShopPort = 3000) -> None:
    """Run only the local sign-in provider, which replaces Amazon Cognito on this machine, until Ctrl-C."""
    from clickstream.local.shop.config import ShopConfig
    from clickstream.local.shop.serve import serve_sign_in

    sys.exit(serve_sign_in(read_settings(data), ShopConfig(shop_port, port)))


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

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    for name in (*_COLUMNS, "rate"):
        table.add_column(name, justify="right")
    table.add_row("total", *_cells(found.totals))
    for title, groups in (("day", found.days), ("browser", found.browsers), ("channel", found.channels)):
        for group in groups[:MAX_GROUPS]:
            table.add_row(Text(f"{title} {group.name}"), *_cells(group.counts), style=_style_of(group))
    console.print(table)


def _cells(counts: OrderCounts) -> list[str]:
    return [*(f"{getattr(counts, name):,}" for name in _COLUMNS), _percent(counts.rate)]


def _style_of(group: OrderGroup) -> str | None:
    return "red" if group.counts.missing else None


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _shop_url(settings: Settings, doing: str) -> str:
    """Return the URL of the shop's database. Raises ShopError if there is none."""
    from clickstream.local.orders import no_shop
    from clickstream.local.postgres import find_shop

    url = find_shop(settings)
    if url is None:
        raise no_shop(doing)
    return url
