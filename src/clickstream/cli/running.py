"""Commands that run the platform or examine it: up, collect, dashboard, doctor."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clickstream.cli.options import CollectorPort, DashboardPort, Data, Json, print_json
from clickstream.cli.terminal import ProgressBar, err, out
from clickstream.settings import read_settings

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on, on loopback.")]


def up(
    data: Data = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Start empty: do not load the sample.")] = False,
    collector_port: CollectorPort = 8000,
    dashboard_port: DashboardPort = 3838,
) -> None:
    """Start the platform: collector, ETL and dashboard. Ctrl-C stops everything."""
    from clickstream.local.up import Ports
    from clickstream.local.up import up as run

    sys.exit(run(read_settings(data), sample=not no_sample, console=err, ports=Ports(collector_port, dashboard_port)))


def collect(data: Data = None, port: Port = 8000) -> None:
    """Run only the collector: receive events over HTTP and store them durably."""
    from clickstream.collect.server import serve

    serve(read_settings(data), port)


def dashboard(data: Data = None, port: Port = 3838) -> None:
    """Run only the owner of the warehouse: load new events every second and serve the dashboard."""
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
