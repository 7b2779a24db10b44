"""The command deploy: shows what will change and what it costs, or brings the platform to AWS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.cloud.cost import render_bill
from clickstream.cli.cloud.options import STACK, Region, StackName, check_networks, check_origins
from clickstream.cli.options import Json, print_json
from clickstream.cli.terminal import ProgressBar, err, out

if TYPE_CHECKING:
    from clickstream.cloud.account import Account
    from clickstream.cloud.deploy.plan import Plan
    from clickstream.cloud.deploy.run import Deployed
    from clickstream.cloud.deploy.settings import DeployConfig


def deploy(
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change, and what it costs.")] = False,
    region: Region = None,
    stack: StackName = STACK,
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS", help="Receives alarms and the budget.")] = "",
    budget: Annotated[
        int, typer.Option("--budget", min=0, metavar="USD", help="Monthly budget of the account; needs --email.")
    ] = 0,
    database_network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            callback=check_networks,
            help="IPv4 network that may reach the shop's database (default: all). Repeatable.",
        ),
    ] = None,
    shop_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN", callback=check_origins, help="Another shop whose pages may send events. Repeatable."
        ),
    ] = None,
    no_legacy_endpoint: Annotated[
        bool, typer.Option("--no-legacy-endpoint", help="Leave out the endpoint that only old agents need.")
    ] = False,
    near_real_time: Annotated[
        bool, typer.Option("--near-real-time", help="Load new objects within minutes, not only every hour.")
    ] = False,
    no_shop: Annotated[bool, typer.Option("--no-shop", help="Do not build and publish the shop.")] = False,
    json: Json = False,
) -> None:
    """Bring the platform to AWS, or update it there. Safe to run again: finished steps are not repeated."""
    from clickstream.cloud.deploy.settings import EVERYWHERE, DeployConfig

    if budget and not email:
        raise typer.BadParameter("--budget needs --email, the address that it writes to")
    config = DeployConfig(
        stack=stack,
        email=email,
        budget_usd=budget,
        database_networks=tuple(database_network or [EVERYWHERE]),
        shop_origins=tuple(shop_origin or []),
        has_ec2messages=not no_legacy_endpoint,
        is_near_real_time=near_real_time,
        with_shop=not no_shop,
    )
    if plan:
        _plan(config, region, json)
    else:
        _deploy(config, region, json)


def _plan(config: DeployConfig, region: str | None, json: bool) -> None:
    from clickstream.cloud.deploy.plan import make_plan
    from clickstream.cloud.deploy.toolchain import build_packages, require_checkout

    require_checkout()
    account = _account_if_any(region)
    with ProgressBar(err, "building the packages") as progress:
        build_packages(lambda line: progress(0, 0, line[:100]))
        made = make_plan(account, config, account.region if account else region or "us-east-1", err.print)
    if json:
        print_json(made)
    else:
        render_plan(made, out)


def _account_if_any(region: str | None) -> Account | None:
    """Return the account; None with a note if there are no credentials: a plan works without."""
    from clickstream.cloud.account import open_account
    from clickstream.errors import CloudError

    try:
        return open_account(region)
    except CloudError as error:
        err.print(f"without an account: {error.why}. The plan shows all resources of a new stack.")
        return None


def render_plan(made: Plan, console: Console) -> None:
    """Print a plan: what changes, what it costs, and what to know before agreeing."""
    where = f"account {made.account} in {made.region}" if made.account else f"a new account in {made.region}"
    console.print(f"The stack {made.stack} in {where}: {'it is new' if made.is_new else 'it exists'}")
    for line in made.changes:
        console.print(f"  {line}")
    if not made.changes:
        for kind, count in made.resources.items():
            console.print(f"  {count:3} {kind}")
    console.print()
    if made.bill is not None:
        render_bill(made.bill, console)
    else:
        console.print(f"no prices for {made.region}; see clickstream cost")
    for line in made.warnings:
        console.print(f"warning: {line}")


def _deploy(config: DeployConfig, region: str | None, json: bool) -> None:
    from clickstream.cloud.account import open_account
    from clickstream.cloud.deploy.plan import warnings
    from clickstream.cloud.deploy.run import Deployment

    account = open_account(region)
    err.print(f"deploying the stack {config.stack} to account {account.id} in {account.region}")
    for line in warnings(config):
        err.print(f"warning: {line}")
    with ProgressBar(err, "deploying", "files") as progress:
        done = Deployment(account, config, err.print).run(progress)
    if json:
        print_json(done)
    else:
        render_deployed(done, out)
    sys.exit(0 if done.shop is None or done.shop.is_served else 1)


def render_deployed(done: Deployed, console: Console) -> None:
    """Print the addresses, and what remains to be done for the shop."""
    for name, url in done.urls.items():
        console.print(f"{name}: {url}")
    console.print("dashboard: run clickstream connect")
    if done.shop is not None and not done.shop.is_served:
        console.print(f"the shop is not served yet: {done.shop.why}")
        for number, step in enumerate(done.shop.remaining, 1):
            console.print(f"  {number}. {step}")
