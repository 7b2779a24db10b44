"""Commands that load the warehouse and verify it: etl run (with --rebuild), etl watch, check."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import DAY_FORMATS, Data, Json, SinceDay, day_of, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out

if TYPE_CHECKING:
    from clickstream.local.owner.loading import EventChanges, Move, RebuildResult
    from clickstream.local.owner.questions import CheckResult, DayDifference, HourCounts

MAX_MOVES = 40
MAX_COLUMNS = 6
MAX_HOURS = 24
MAX_OVERDUE = 5
MAX_DIFFERENCES = 10
_VALUE_WIDTH = 40
_COUNTS = ("accepted", "loaded", "duplicate", "bad", "erased", "pending", "balance")

etl = typer.Typer(help="Load raw objects into the warehouse.", no_args_is_help=True)


@etl.command("run")
def etl_run(
    data: Data = None,
    reconcile: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=DAY_FORMATS, metavar="DAY", help="List this UTC day completely, even if it is closed. Repeatable."
        ),
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="Stop within this time; the next run loads the rest.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Rebuild the warehouse beside the live one and show what would change.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="With --rebuild: replace the live rows with the rebuilt ones.")
    ] = False,
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=DAY_FORMATS, metavar="DAY", help="With --rebuild: keep the rows of earlier UTC days."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Load all new raw objects, once; or rebuild the warehouse from the raw store and compare."""
    from clickstream.local.owner.loading import EtlRunRequest
    from clickstream.local.owner.registry import ETL_RUN

    if rebuild:
        if reconcile or max_seconds is not None:
            raise typer.BadParameter("--rebuild cannot be combined with --reconcile or --max-seconds")
        _rebuild(data, apply, day_of(from_), json)
        return
    if apply or from_:
        raise typer.BadParameter("--apply and --from require --rebuild")
    with ProgressBar(err, "loading") as progress:
        request = EtlRunRequest(tuple(day.date() for day in reconcile or ()), max_seconds)
        result = make_client(data, progress).call(ETL_RUN, request)
    if json:
        print_json(result)
        return
    err.print(f"loaded {result.lines:,} lines of {result.objects:,} objects, {result.bad:,} of them bad")
    if not result.is_finished:
        err.print("stopped at the time limit; run it again to load the rest")


@etl.command("watch")
def etl_watch(
    data: Data = None,
    every: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Seconds between two passes.")] = 1.0,
) -> None:
    """Load new raw objects repeatedly, until Ctrl-C."""
    from clickstream.local.owner.loading import EtlRunRequest
    from clickstream.local.owner.registry import ETL_RUN

    while True:
        with ProgressBar(err, "loading") as progress:
            result = make_client(data, progress).call(ETL_RUN, EtlRunRequest())
        if result.objects:
            err.print(f"{datetime.now(UTC):%H:%M:%S} loaded {result.lines:,} lines")
        time.sleep(every)


def check(data: Data = None, since: SinceDay = None, json: Json = False) -> None:
    """Verify that every accepted event is accounted for, and that the mart shows them all; exit 1 if not."""
    from clickstream.local.owner.questions import CheckRequest
    from clickstream.local.owner.registry import CHECK

    with ProgressBar(err, "comparing raw store, warehouse and mart") as progress:
        found = make_client(data, progress).call(CHECK, CheckRequest(day_of(since)))
    if json:
        print_json(found)
    else:
        render_ledger(found, out)
        render_differences(found.mart_differences, out)
    sys.exit(0 if found.balanced and not found.mart_differences else 1)


def _rebuild(data: Path | None, apply: bool, first: date | None, json: bool) -> None:
    from clickstream.etl.repair.rebuild import RebuildRequest
    from clickstream.local.owner.registry import ETL_REBUILD

    with ProgressBar(err, "rebuilding") as progress:
        found = make_client(data, progress).call(ETL_REBUILD, RebuildRequest(apply, first))
    if json:
        print_json(found)
    else:
        render_rebuild(found, out)


def render_ledger(ledger: CheckResult, console: Console) -> None:
    """Print the verdict, the totals, the latest hours, and whatever else is wrong."""
    if ledger.balanced:
        console.print(f"balanced: all {ledger.totals['accepted']:,} accepted events are accounted for")
    else:
        console.print("NOT balanced: some events are not accounted for", style="red")
    if ledger.hours:
        _print_hours(ledger.totals, ledger.hours, console)
    if ledger.external:
        console.print(f"external (rows that another client wrote; the ledger leaves them out): {ledger.external:,}")
    if ledger.other_files:
        console.print(f"other files below events/, which no load reads: {ledger.other_files:,}")
        console.print("next: clickstream doctor names some of them")
    if ledger.repeated:
        console.print(f"repeated (rows beyond the first of their event id): {ledger.repeated:,}", style="red")
        console.print("next: clickstream etl run --rebuild, which rebuilds the rows and compares them")
    for key in ledger.overdue[:MAX_OVERDUE]:
        console.print(f"overdue: {key}", style="red", soft_wrap=True)
    if ledger.overdue:
        console.print("next: clickstream etl run; for a closed day, clickstream etl run --reconcile DAY")


def render_differences(differences: Sequence[DayDifference] | None, console: Console) -> None:
    """Print whether the mart contains what the warehouse contains."""
    if differences is None:
        console.print("mart: not compared, because new loads kept arriving")
        return
    if not differences:
        console.print("mart: events, sessions, orders and refunds of every day equal those of the warehouse")
        return
    for each in differences[:MAX_DIFFERENCES]:
        numbers = f"{each.mart:,} {each.kind}, {each.warehouse:,} in the warehouse"
        console.print(f"mart: {each.day} has {numbers}", style="red", soft_wrap=True)
    if len(differences) > MAX_DIFFERENCES:
        console.print(f"… and {len(differences) - MAX_DIFFERENCES:,} more (--json shows all)", style="dim")
    console.print("next: clickstream mart build")


def _print_hours(totals: dict[str, int], hours: list[HourCounts], console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("hour (UTC)")
    for name in _COUNTS:
        table.add_column(name, justify="right")
    table.add_row("total", *(f"{totals[name]:,}" for name in _COUNTS))
    for row in hours[:MAX_HOURS]:
        style = None if row.balance == 0 else "red"
        counts = (f"{getattr(row, name):,}" for name in _COUNTS)
        table.add_row(row.hour.replace("T", " ")[:16], *counts, style=style)
    console.print(table)
    if len(hours) > MAX_HOURS:
        console.print(f"… and {len(hours) - MAX_HOURS} earlier hours (--json shows all)", style="dim")


def render_rebuild(found: RebuildResult, console: Console) -> None:
    """Print what a rebuild found: the verdict, the reasons, the figures that change, and the rows behind them."""
    read = f"{found.lines:,} lines of {found.objects:,} objects read again"
    since = f" from {found.first} on, older rows kept" if found.first else ""
    if found.same:
        console.print(f"no change: {read}{since}, all numbers are the same", soft_wrap=True)
    else:
        verb = "changed" if found.applied else "would change"
        count = len(found.moves)
        console.print(f"{count:,} number{'' if count == 1 else 's'} {verb}: {read}{since}", soft_wrap=True)
    _print_reasons(found, console)
    _print_moves(found.moves, console)
    _print_events(found.events, console)
    for table in found.tables:
        rows = f"{table.only_before:,} rows differ from the {table.only_after:,} rows built from the raw store"
        console.print(f"{table.table}: {rows}", soft_wrap=True)
    if found.applied:
        console.print("applied: the rebuilt rows are in place")
    elif not found.same:
        advice = "nothing was changed; to use the rebuilt rows, run clickstream etl run --rebuild --apply"
        console.print(advice, soft_wrap=True)


def _print_reasons(found: RebuildResult, console: Console) -> None:
    from rich.text import Text

    for reason in found.reasons:
        before = ", ".join(reason.before) or "not recorded"
        console.print(Text(f"reason: {reason.what} was {before}, is {reason.after or 'not set'}"), soft_wrap=True)
    if found.never_loaded:
        console.print(f"reason: {found.never_loaded:,} objects of the raw store were never loaded")
    if not (found.same or found.reasons or found.never_loaded):
        console.print("reason: code and settings are the same, so rows or objects were changed by hand")


def _print_moves(moves: list[Move], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from clickstream.report.figures import fit

    if not moves:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure")
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    for move in moves[:MAX_MOVES]:
        name = f"{move.figure}  {fit(move.of, _VALUE_WIDTH, console)}".rstrip()
        table.add_row(Text(name), _number(move.before), _number(move.after), _change(move))
    console.print(table)
    if len(moves) > MAX_MOVES:
        console.print(f"… and {len(moves) - MAX_MOVES:,} more (--json shows all)", style="dim")


def _print_events(events: EventChanges, console: Console) -> None:
    from rich.text import Text

    sides = ((events.only_before, "removed", events.examples_before), (events.only_after, "new", events.examples_after))
    for count, what, examples in sides:
        if count:
            console.print(f"{count:,} events would be {what}, such as {', '.join(examples)}", soft_wrap=True)
    for kind in events.kinds:
        console.print(Text(f"{kind.events:,} events differ in {', '.join(kind.columns)}"), soft_wrap=True)
        console.print(Text(f"  such as {kind.example['event_id']}", style="dim"), soft_wrap=True)
        for column in kind.columns[:MAX_COLUMNS]:
            before, after = (_value(kind.example[side][column], console) for side in ("before", "after"))
            console.print(Text(f"    {column}: {before} -> {after}", style="dim"), soft_wrap=True)


def _number(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def _change(move: Move) -> str:
    before, after = move.before, move.after
    return f"{after - before:+,}" if isinstance(before, int) and isinstance(after, int) else ""


def _value(value: object, console: Console) -> str:
    from clickstream.report.figures import fit

    return "nothing" if value is None else fit(str(value), _VALUE_WIDTH, console)
