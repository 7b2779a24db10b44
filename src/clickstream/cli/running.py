"""Commands that run the platform or examine it: up, collect, dashboard, doctor."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from clickstream.cli.options import CollectorPort, DashboardPort, Data, Json, Port, ShopPort, SignInPort, print_json
from clickstream.cli.terminal import ProgressBar, err, out
from clickstream.settings import read_settings


def up(
    data: Data = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Start empty: do not load the sample.")] = False,
    collector_port: CollectorPort = 8000,
    dashboard_port: DashboardPort = 3838,
    no_shop: Annotated[bool, typer.Option("--no-shop", help="Start without the shop.")] = False,
    shop_port: ShopPort = 3000,
    sign_in_port: SignInPort = 9000,
    web_db_port: Annotated[
        int, typer.Option("--web-db-port", min=1, max=65535, help="Port of the shop's local PostgreSQL.")
    ] = 5433,
) -> None:
    """Start the platform: collector, ETL, dashboard and the shop. Ctrl-C stops everything."""
    from clickstream.local.shop.config import ShopConfig
    from clickstream.local.up import Ports
    from clickstream.local.up import up as run

    ports = Ports(collector_port, dashboard_port)
    shop = None if no_shop else ShopConfig(shop_port, sign_in_port, web_db_port, os.environ.get("AUTH_ISSUER", ""))
    sys.exit(run(read_settings(data), sample=not no_sample, console=err, ports=ports, shop=shop))


def collect(data: Data = None, port: Port = 8000) -> None:
    """Run only the collector: receive events over HTTP and store them durably."""
    from clickstream.collect.server import serve

    serve(read_settings(data), port)


def dashboard(data: Data = None, port: Port = 3838) -> None:
    """Run only the owner: load new events every second, if the warehouse's user may, and serve the dashboard."""
    from clickstream.local.owner.process import run

    run(read_settings(data), port)


def doctor(
    data: Data = None,
    collector_port: CollectorPort = 8000,
    dashboard_port: DashboardPort = 3838,
    json: Json = False,
) -> None:
    """Check processes, locations, settings and loading; list problems and how to solve them; exit 1 if any exist."""
    from clickstream.local.doctor import examine, render_examination
    from clickstream.local.up import Ports

    with ProgressBar(err, "examining") as progress:
        found = examine(data, Ports(collector_port, dashboard_port), progress)
    if json:
        print_json(found)
    else:
        render_examination(found, out)
    sys.exit(0 if found.is_well else 1)
