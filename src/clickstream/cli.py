"""The `clickstream` command: reads settings, calls one room, prints what came of it.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 it did not work or does not hold,
2 the call was wrong. Errors take three lines: what, why, what to do. No traceback reaches a user.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
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
    from clickstream.local.up import up as run

    sys.exit(run(read_settings(data), sample=not no_sample, shop=not no_shop, console=err))


@app.command()
def collect(data: Data = None, port: Annotated[int, typer.Option(help="Loopback port.")] = 8000) -> None:
    """Take events over HTTP and store them durably."""
    from clickstream.collect.server import serve

    serve(read_settings(data), port)


@app.command()
def dashboard(data: Data = None, port: Annotated[int, typer.Option(help="Loopback port.")] = 3838) -> None:
    """Hold the warehouse: load new events every second, serve the dashboard and the local API."""
    from clickstream.local.owner import run

    run(read_settings(data), port)


@etl.command("run")
def etl_run(
    data: Data = None,
    reconcile: Annotated[
        list[datetime] | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="List this UTC day whole, even if closed. Repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Load everything that is new, once."""
    result = _reach(read_settings(data)).etl_run([day.date() for day in reconcile or []])
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


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Delimited file with a header line, plain or .gz.")],
    mapping: Annotated[str, typer.Option("--map", help="Mapping: a .toml file, or the name of a shipped one.")],
    collector: Annotated[str, typer.Option(help="The collector to send to.")] = "http://127.0.0.1:8000",
    json: Json = False,
) -> None:
    """Send the rows of a file to the collector as events. Safe to run twice."""
    from clickstream.sources.delivery import Delivery
    from clickstream.sources.importer import import_file
    from clickstream.sources.mapping_file import find_mapping
    from clickstream.sources.progress import progress_bar

    with Delivery(collector) as delivery, progress_bar(err, file.name) as show:
        result = import_file(file, find_mapping(mapping), delivery, on_batch=show)
    for problem in result.problems:
        err.print(problem, markup=False)
    if json:
        _print_json({"accepted": result.accepted, "rejected": result.rejected, "skipped": result.skipped})
    else:
        err.print(f"accepted {result.accepted:,} events, rejected {result.rejected:,}, skipped {result.skipped:,} rows")
    sys.exit(1 if result.rejected or result.skipped else 0)


Filters = Annotated[
    list[str] | None, typer.Option("--filter", metavar="NAME=VALUE", help="Filter; !VALUE negates. Repeatable.")
]


@app.command()
def report(
    data: Data = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First local day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Day after the last one.")] = None,
    tz: Annotated[str | None, typer.Option(help="IANA time zone that days are counted in.")] = None,
    filters: Filters = None,
    json: Json = False,
) -> None:
    """What happened, on one screen. Without days: everything that is loaded."""
    from clickstream.report import render_report, report_json

    answer = _reach(read_settings(data)).report(_options(filters, {"from": from_, "to": to, "tz": tz}))
    if json:
        _print_json(report_json(answer))
    else:
        render_report(answer, out)


@app.command()
def metric(
    name: Annotated[str, typer.Argument(help="overview, time_series, products, devices…")],
    data: Data = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First local day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Day after the last one.")] = None,
    tz: Annotated[str | None, typer.Option(help="IANA time zone that days are counted in.")] = None,
    compare: Annotated[str | None, typer.Option(help="previous, year or none.")] = None,
    limit: Annotated[str | None, typer.Option(help="Rows of a ranking.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of this metric. Repeatable.")
    ] = None,
    filters: Filters = None,
    json: Json = False,
) -> None:
    """One metric as a table; see docs/metrics."""
    from clickstream.report.table import render_answer

    named = {"from": from_, "to": to, "tz": tz, "compare": compare, "limit": limit}
    answer = _reach(read_settings(data)).metric(name, _options([*(filters or []), *(options or [])], named))
    if json:
        _print_json(answer)
    else:
        render_answer(answer, out)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    data: Data = None,
    rows: Annotated[int, typer.Option(help="At most this many rows.")] = 10_000,
    json: Json = False,
) -> None:
    """Ask the warehouse in SQL. Reads only: whatever the statement does is rolled back."""
    from clickstream.local.query import Limits
    from clickstream.report.table import render_rows

    answer = _reach(read_settings(data)).query(sql, Limits(rows=rows))
    if json:
        _print_json(answer)
    else:
        render_rows(answer["columns"], answer["rows"], out)


@app.command()
def check(
    data: Data = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First UTC day to check.")] = None,
    json: Json = False,
) -> None:
    """Prove that everything accepted was loaded or accounted for; exit 1 when it does not add up."""
    from clickstream.report.ledger import render_ledger

    ledger = _reach(read_settings(data)).check(since.date() if since else None)
    if json:
        _print_json(ledger)
    else:
        render_ledger(ledger, out)
    sys.exit(0 if ledger["balanced"] else 1)


def _options(pairs: list[str] | None, named: dict[str, str | None]) -> dict[str, Any]:
    """Options as metrics.parse reads them: `name=value` pairs, a repeated name makes a list."""
    options: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for pair in pairs or []:
        name, is_pair, value = pair.partition("=")
        if not is_pair:
            raise QuestionError("invalid_option", pair, "expected NAME=VALUE")
        options[name] = [*options[name], value] if name in options else [value]
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in options.items()}


def _reach(settings: Settings) -> Any:
    from clickstream.local.client import reach

    return reach(settings)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
