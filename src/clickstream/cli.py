"""The `clickstream` command: reads settings, calls one room, prints what came of it.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 it did not work or does not hold,
2 the call was wrong. Errors take three lines: what, why, what to do. No traceback reaches a user.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from clickstream.errors import ClickstreamError, QuestionError, SettingsError
from clickstream.settings import Settings, read_settings

app = typer.Typer(
    help="Self-hosted clickstream analytics: every event kept, every number explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
etl = typer.Typer(help="Load raw objects into the warehouse.", no_args_is_help=True)
app.add_typer(etl, name="etl")

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of all places that are not set by themselves.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def main() -> None:
    """Run the command line; turn our own errors into three lines and an exit code."""
    try:
        app()
    except ClickstreamError as error:
        err.print(f"[red]error[/]: {error.doing}" if err.is_terminal else f"error: {error.doing}")
        for line in (error.why, error.advice):
            if line:
                err.print(f"  {line}", markup=False)
        sys.exit(2 if isinstance(error, SettingsError | QuestionError) else 1)


@app.command()
def up(
    data: Data = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Start empty: do not load the sample.")] = False,
    no_shop: Annotated[bool, typer.Option("--no-shop", help="Leave the shop out.")] = False,
) -> None:
    """Start the platform: collector, ETL and dashboard. Ctrl-C stops it."""
    from clickstream.local.up import up as run  # noqa: PLC0415 - each command imports only what it runs

    sys.exit(run(read_settings(data), sample=not no_sample, shop=not no_shop, console=err))


@app.command()
def collect(data: Data = None, port: Annotated[int, typer.Option(help="Loopback port.")] = 8000) -> None:
    """Take events over HTTP and store them durably."""
    from clickstream.collect.server import serve  # noqa: PLC0415

    serve(read_settings(data), port)


@app.command()
def dashboard(data: Data = None, port: Annotated[int, typer.Option(help="Loopback port.")] = 3838) -> None:
    """Hold the warehouse: load new events every second, serve the dashboard and the local API."""
    from clickstream.local.owner import run  # noqa: PLC0415

    run(read_settings(data), port)


@etl.command("run")
def etl_run(data: Data = None, json: Json = False) -> None:
    """Load everything that is new, once."""
    result = _reach(read_settings(data)).etl_run()
    if json:
        _print_json(result)
    else:
        err.print(f"loaded {result['lines']:,} lines of {result['objects']:,} objects, {result['bad']:,} of them bad")


@etl.command("watch")
def etl_watch(
    data: Data = None, every: Annotated[float, typer.Option(help="Seconds between two passes.")] = 1.0
) -> None:
    """Load what is new, again and again, until Ctrl-C."""
    client = _reach(read_settings(data))
    try:
        while True:
            result = client.etl_run()
            if result["objects"]:
                err.print(f"{datetime.now(UTC):%H:%M:%S} loaded {result['lines']:,} lines")
            time.sleep(every)
    except KeyboardInterrupt:
        err.print("stopped")


@app.command()
def check(
    data: Data = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First UTC day to check.")] = None,
    json: Json = False,
) -> None:
    """Prove that everything accepted was loaded or accounted for; exit 1 when it does not add up."""
    from clickstream.report.ledger import render_ledger  # noqa: PLC0415

    ledger = _reach(read_settings(data)).check(since.date() if since else None)
    if json:
        _print_json(ledger)
    else:
        render_ledger(ledger, out)
    sys.exit(0 if ledger["balanced"] else 1)


def _reach(settings: Settings) -> Any:
    from clickstream.local.client import reach  # noqa: PLC0415

    return reach(settings)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _day(text: str) -> date:
    return date.fromisoformat(text)
