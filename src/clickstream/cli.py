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

from clickstream import __version__
from clickstream.errors import QuestionError
from clickstream.local.terminal import Terminal, Working, guarded, write_result
from clickstream.settings import Settings, read_settings

app = typer.Typer(
    help="Self-hosted clickstream analytics: every event kept, every number explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
etl = typer.Typer(help="Load raw objects into the warehouse.", no_args_is_help=True)
app.add_typer(etl, name="etl")

err = Terminal(stderr=True, highlight=False)
out = Terminal(highlight=False)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of all places that are not set by themselves.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
CollectorPort = Annotated[int, typer.Option("--collector-port", min=1, max=65535, help="Loopback port.")]
DashboardPort = Annotated[int, typer.Option("--dashboard-port", min=1, max=65535, help="Loopback port.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Loopback port.")]
_wants_trace = False


def main() -> None:
    """Run the command line; turn what it raises into three lines and an exit code."""
    sys.exit(guarded(app, err, lambda: _wants_trace))


def _say_version(is_asked: bool) -> None:
    if is_asked:
        out.print(f"clickstream {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version.")
    ] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show where the program itself failed.")] = False,
) -> None:
    del version
    global _wants_trace  # noqa: PLW0603 - one process, one command line
    _wants_trace = trace


@app.command()
def up(
    data: Data = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Start empty: do not load the sample.")] = False,
    no_shop: Annotated[bool, typer.Option("--no-shop", help="Leave the shop out.")] = False,
    collector_port: CollectorPort = 8000,
    dashboard_port: DashboardPort = 3838,
) -> None:
    """Start the platform: collector, ETL and dashboard. Ctrl-C stops it."""
    from clickstream.local.up import Ports
    from clickstream.local.up import up as run

    ports = Ports(collector_port, dashboard_port)
    sys.exit(run(read_settings(data), sample=not no_sample, shop=not no_shop, console=err, ports=ports))


@app.command()
def collect(data: Data = None, port: Port = 8000) -> None:
    """Take events over HTTP and store them durably."""
    from clickstream.collect.server import serve

    serve(read_settings(data), port)


@app.command()
def dashboard(data: Data = None, port: Port = 3838) -> None:
    """Hold the warehouse: load new events every second, serve the dashboard and the local API."""
    from clickstream.local.owner.process import run

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
    with Working(err, "loading") as working:
        result = _reach(read_settings(data), working).etl_run([day.date() for day in reconcile or []])
    if json:
        _print_json(result)
    else:
        err.print(f"loaded {result['lines']:,} lines of {result['objects']:,} objects, {result['bad']:,} of them bad")


@etl.command("watch")
def etl_watch(
    data: Data = None, every: Annotated[float, typer.Option(min=0, help="Seconds between two passes.")] = 1.0
) -> None:
    """Load what is new, again and again, until Ctrl-C."""
    settings = read_settings(data)
    while True:
        with Working(err, "loading") as working:
            result = _reach(settings, working).etl_run()
        if result["objects"]:
            err.print(f"{datetime.now(UTC):%H:%M:%S} loaded {result['lines']:,} lines")
        time.sleep(every)


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
    rows: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 10_000,
    json: Json = False,
) -> None:
    """Ask the warehouse in SQL. Reads only: whatever the statement does is rolled back."""
    from clickstream.local.owner.query import Limits
    from clickstream.report.table import render_rows

    with Working(err, "asking") as working:
        answer = _reach(read_settings(data), working).query(sql, Limits(rows=rows))
    if json:
        _print_json(answer)
    else:
        render_rows(answer["columns"], answer["rows"], out)
        if answer["is_cut"]:
            err.print(f"these are the first {rows:,} rows; --rows N shows more")


@app.command()
def check(
    data: Data = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First UTC day to check.")] = None,
    json: Json = False,
) -> None:
    """Prove that everything accepted was loaded or accounted for; exit 1 when it does not add up."""
    from clickstream.report.ledger import render_ledger

    with Working(err, "comparing the raw store with the warehouse") as working:
        ledger = _reach(read_settings(data), working).check(since.date() if since else None)
    if json:
        _print_json(ledger)
    else:
        render_ledger(ledger, out)
    sys.exit(0 if ledger["balanced"] else 1)


@app.command()
def doctor(
    data: Data = None,
    collector_port: CollectorPort = 8000,
    dashboard_port: DashboardPort = 3838,
    json: Json = False,
) -> None:
    """Say what runs, where things are, with which settings, what is wrong and what to do; exit 1 if something is."""
    from clickstream.local.doctor import examine, render_examination
    from clickstream.local.up import Ports

    with Working(err, "looking") as working:
        found = examine(data, Ports(collector_port, dashboard_port), working)
    if json:
        _print_json(found)
    else:
        render_examination(found, out)
    sys.exit(0 if found.is_well else 1)


def _options(pairs: list[str] | None, named: dict[str, str | None]) -> dict[str, Any]:
    """Options as metrics.parse reads them: `name=value` pairs, a repeated name makes a list."""
    options: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for pair in pairs or []:
        name, is_pair, value = pair.partition("=")
        if not is_pair:
            raise QuestionError("invalid_option", pair, "expected NAME=VALUE")
        options[name] = [*options[name], value] if name in options else [value]
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in options.items()}


def _reach(settings: Settings, working: Working | None = None) -> Any:
    from clickstream.local.owner.client import reach

    return reach(settings, watch=working)


def _print_json(value: object) -> None:
    write_result(msgspec.json.encode(value).decode() + "\n")
