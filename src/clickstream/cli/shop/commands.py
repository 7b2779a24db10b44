"""Commands that run the shop or change its database: shop migrate, refund, send, roles, database, serve, sign-in."""

from __future__ import annotations

import os
import sys
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from clickstream.cli.options import Data, Json, Port, ShopPort, SignInPort, print_json
from clickstream.cli.terminal import err, write_bytes
from clickstream.settings import Settings, read_settings

shop = typer.Typer(help="Maintain the shop's database.", no_args_is_help=True)


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
    """Print SQL that creates the PostgreSQL roles of server, sender and truth check; run it with psql."""
    from clickstream.shop.migrate import roles_sql

    write_bytes(roles_sql().encode())


@shop.command()
def database(
    data: Data = None,
    port: Port = 5433,
) -> None:
    """Run only a local PostgreSQL with the shop's tables, in the data directory, until Ctrl-C."""
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


def _shop_url(settings: Settings, doing: str) -> str:
    """Return the URL of the shop's database. Raises ShopError if there is none."""
    from clickstream.local.orders import no_shop
    from clickstream.local.postgres import find_shop

    url = find_shop(settings)
    if url is None:
        raise no_shop(doing)
    return url
