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
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import typer

from clickstream import __version__
from clickstream.errors import QuestionError
from clickstream.local.life import add_life_commands
from clickstream.local.raw import raw
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
bad = typer.Typer(help="Lines of raw objects that are no events.", no_args_is_help=True)
app.add_typer(bad, name="bad")
warehouse = typer.Typer(help="Look after the warehouse itself.", no_args_is_help=True)
app.add_typer(warehouse, name="warehouse")
app.add_typer(raw, name="raw")

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
    max_seconds: Annotated[
        float | None, typer.Option(min=0, help="Stop in time; what is left is loaded by the next run.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build the warehouse anew beside itself; show which numbers would move.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="With --rebuild: put the new rows in place.")] = False,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="With --rebuild: carry older days over."),
    ] = None,
    json: Json = False,
) -> None:
    """Load everything that is new, once; or build the warehouse anew from the raw store and compare."""
    if rebuild:
        if reconcile or max_seconds is not None:
            raise typer.BadParameter("--rebuild reads everything: leave --reconcile and --max-seconds out")
        _rebuild(data, apply, from_, json)
        return
    if apply or from_:
        raise typer.BadParameter("--apply and --from belong to --rebuild")
    with Working(err, "loading") as working:
        days = [day.date() for day in reconcile or []]
        result = _reach(read_settings(data), working).etl_run(days, max_seconds)
    if json:
        _print_json(result)
    else:
        err.print(f"loaded {result['lines']:,} lines of {result['objects']:,} objects, {result['bad']:,} of them bad")
        if not result["is_finished"]:
            err.print("the time was up: run it again to load the rest")


def _rebuild(data: Path | None, apply: bool, first: datetime | None, json: bool) -> None:
    from clickstream.etl.repair.rebuild import RebuildRequest
    from clickstream.report.rebuild import render_rebuild

    with Working(err, "building anew") as working:
        found = _reach(read_settings(data), working).etl_rebuild(RebuildRequest(apply, first.date() if first else None))
    if json:
        _print_json(found)
    else:
        render_rebuild(found, out)


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


@warehouse.command("migrate")
def warehouse_migrate(data: Data = None, json: Json = False) -> None:
    """Bring the tables up to date. Other commands do so by themselves where they may; safe to run twice."""
    from clickstream.local.owner.file import open_warehouse

    settings = read_settings(data)
    with open_warehouse(settings) as opened:
        applied = list(opened.migrated)
    if json:
        _print_json({"warehouse": settings.warehouse_name, "applied": applied})
    else:
        err.print(f"{settings.warehouse_name}: applied {len(applied)} schema files", markup=False)


@warehouse.command("compact")
def warehouse_compact(data: Data = None, json: Json = False) -> None:
    """Write the DuckDB file anew, without the bytes of deleted rows. The platform must be stopped."""
    from clickstream.warehouse.compact import compact

    settings = read_settings(data)
    if not settings.is_embedded:
        raise typer.BadParameter("this warehouse is PostgreSQL: VACUUM FULL there does the same")
    with Working(err, "writing the warehouse anew"):
        before, after = compact(settings.warehouse_path)
    if json:
        _print_json({"before_bytes": before, "after_bytes": after})
    else:
        err.print(f"{before:,} bytes before, {after:,} bytes now")


@warehouse.command("roles")
def warehouse_roles() -> None:
    """Print the SQL that makes the roles clickstream_loader and clickstream_reader, for psql."""
    from clickstream.warehouse.roles import roles_sql

    write_result(roles_sql())


@bad.command("list")
def bad_list(
    data: Data = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First UTC day.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    json: Json = False,
) -> None:
    """How many bad rows there are, for which reasons, and the newest."""
    from clickstream.report.bad_rows import render_bad_list

    found = _reach(read_settings(data)).bad_list(since.date() if since else None, reason)
    if json:
        _print_json(found)
    else:
        render_bad_list(found, out)


@bad.command("show")
def bad_show(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="Key of the raw object, or its file name.")],
    line: Annotated[int, typer.Argument(min=1, metavar="LINE", help="Its line, from 1.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """One bad row: its bytes, why it is bad, what to do."""
    from clickstream.report.bad_rows import render_bad_row

    row = _reach(read_settings(data)).bad_show(object_, line)
    if json:
        _print_json(row)
    else:
        render_bad_row(row, out)


@bad.command("replay")
def bad_replay(
    data: Data = None,
    reason: Annotated[str | None, typer.Option(help="Objects with this reason.")] = None,
    object_: Annotated[str | None, typer.Option("--object", metavar="KEY", help="This object.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All objects with bad rows.")] = False,
    json: Json = False,
) -> None:
    """Read bad lines again with today's code; what can be read now is loaded, once."""
    from clickstream.etl.repair.replay import ReplayFilter

    if [reason is not None, object_ is not None, all_].count(True) != 1:
        raise typer.BadParameter("say which: --reason R, --object KEY or --all")
    with Working(err, "reading bad lines again") as working:
        done = _reach(read_settings(data), working).bad_replay(ReplayFilter(reason, object_))
    if json:
        _print_json(done)
        return
    err.print(f"read {done['lines']:,} bad lines of {done['objects']:,} objects again")
    err.print(f"{done['loaded']:,} are loaded now, {done['still_bad']:,} are still bad")
    if done["gone"]:
        err.print(f"{done['gone']:,} objects are in the raw store no more; their bad rows stay as they are")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Delimited file with a header line, or JSON lines; plain, .gz or .bz2.")],
    mapping: Annotated[str, typer.Option("--map", help="Mapping: a .toml file, or the name of a shipped one.")],
    data: Data = None,
    collector: Annotated[str, typer.Option(help="The collector to send to.")] = "http://127.0.0.1:8000",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the file and report, without sending.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="First erase the events of earlier imports of this file.")
    ] = False,
    replace_file: Annotated[
        Path | None, typer.Option(metavar="OLD", help="The same for an earlier version of this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Send the rows of a file to the collector as events. Safe to run twice."""
    from clickstream.local.imports import count_new, erase_import
    from clickstream.sources.delivery import Delivery
    from clickstream.sources.importer import DryRun, ImportOptions, file_mark, import_file, new_mark
    from clickstream.sources.mapping_file import find_mapping
    from clickstream.sources.progress import progress_bar
    from clickstream.sources.summary import import_document, render_import

    settings, found = read_settings(data), find_mapping(mapping)
    old = replace_file or (file if replace else None)
    old_mark, trial = file_mark(old, found) if old else None, DryRun()
    if old_mark or dry_run:  # a file that cannot be read must not cost the events of its earlier import
        with progress_bar(err, f"checking {file.name}") as show:
            result = import_file(file, found, trial, ImportOptions(progress=show))
    new, erased = None, None
    if not dry_run:
        mark = new_mark(file, found)
        with Delivery(collector) as delivery, progress_bar(err, file.name) as show:
            if old_mark and result.accepted:
                delivery.check()
                erased = erase_import(settings, old_mark)
            result = import_file(file, found, delivery, ImportOptions(mark=mark, progress=show))
        with Working(err, "loading") as working:
            new = count_new(settings, mark, collector, working) if result.accepted else 0
    if json:
        _print_json(import_document(result, new, erased.lines if erased else None, trial.first))
    else:
        render_import(result, err, dry_run=dry_run, new=new, erased=erased.lines if erased else None)
    sys.exit(1 if result.rejected or result.skipped else 0)


def _known_zone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        raise typer.BadParameter(f"there is no time zone {name!r}; use an IANA name such as Europe/Berlin")
    return name


@app.command()
def simulate(
    visitors: Annotated[int, typer.Option(min=1, max=1_000_000, help="People or families.")] = 200,
    days: Annotated[int, typer.Option(min=1, max=1_830, help="Local days.")] = 30,
    seed: Annotated[str, typer.Option(help="The same seed tells the same story.")] = "1",
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First local day; default: ends today."),
    ] = None,
    collector: Annotated[str, typer.Option(help="The collector to send to.")] = "http://127.0.0.1:8000",
    truth: Annotated[
        Path | None, typer.Option(dir_okay=False, writable=True, help="File to write the true answers to.")
    ] = None,
    tz: Annotated[
        str | None, typer.Option(callback=_known_zone, help="IANA time zone that days are counted in.")
    ] = None,
    json: Json = False,
) -> None:
    """Send the traffic of a made-up shop, whose true numbers are known, to the collector."""
    from clickstream.event import utc_now
    from clickstream.sources.progress import progress_bar
    from clickstream.sources.simulate.run import SimulationConfig, make_plan, write_truth
    from clickstream.sources.simulate.run import simulate as run

    settings = read_settings()
    zone = ZoneInfo(tz) if tz else settings.zone
    config = SimulationConfig(seed, visitors, days, zone, from_.date() if from_ else None, settings.currency)
    plan = make_plan(config, utc_now())
    if truth is not None:
        write_truth(truth, {})  # better to fail now than when all is sent
    with progress_bar(err, "simulating") as show:
        outcome = run(plan, collector, progress=show)
    if truth is not None:
        write_truth(truth, outcome.truth)
    if json:
        _print_json(outcome.truth["sent"])
    else:
        stats = outcome.stats
        err.print(f"accepted {stats.accepted:,} events, rejected {stats.rejected:,}, in {stats.posts:,} requests")
    sys.exit(0 if outcome.is_as_expected else 1)


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


add_life_commands(app)


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
