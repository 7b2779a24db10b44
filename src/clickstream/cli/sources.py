"""Commands that send events to a collector: import, simulate."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from clickstream.cli.options import DAY_FORMATS, Collector, Data, Json, Zone, day_of, print_json
from clickstream.cli.terminal import ProgressBar, Terminal, err
from clickstream.settings import read_settings

if TYPE_CHECKING:
    from clickstream.sources.importer import ImportResult

COLLECTOR = "http://127.0.0.1:8000"
SHOWN_PROBLEMS = 10


def import_(
    file: Annotated[Path, typer.Argument(help="Delimited file with a header line, or JSON lines; plain, .gz or .bz2.")],
    mapping: Annotated[
        str, typer.Option("--map", metavar="MAPPING", help="Mapping: a .toml file, or the name of a built-in mapping.")
    ],
    data: Data = None,
    collector: Collector = COLLECTOR,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the file and report, without sending.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="First erase the events of earlier imports of this file.")
    ] = False,
    replace_file: Annotated[
        Path | None,
        typer.Option("--replace-file", metavar="OLD", help="First erase the events of an earlier version of the file."),
    ] = None,
    json: Json = False,
) -> None:
    """Send the rows of a file to the collector as events. Safe to run twice."""
    from clickstream.delivery import Delivery
    from clickstream.local.imports import count_new, erase_import
    from clickstream.sources.importer import DryRun, ImportOptions, file_mark, import_file, new_mark
    from clickstream.sources.mapping_file import find_mapping
    from clickstream.sources.progress import progress_bar

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
                erased = erase_import(settings, old_mark).lines
            result = import_file(file, found, delivery, ImportOptions(mark=mark, progress=show))
        with ProgressBar(err, "loading") as progress:
            new = count_new(settings, mark, collector, progress) if result.accepted else 0
    if json:
        print_json(import_document(result, new, erased, trial.first))
    else:
        render_import(result, err, dry_run=dry_run, new=new, erased=erased)
    sys.exit(1 if result.rejected or result.skipped else 0)


def render_import(
    result: ImportResult,
    console: Terminal,
    *,
    dry_run: bool = False,
    new: int | None = None,
    erased: int | None = None,
) -> None:
    """Print the first problems with their lines, and the counts. new: None when the warehouse cannot tell."""
    for problem in result.problems[:SHOWN_PROBLEMS]:
        console.print(str(problem), soft_wrap=True)
    if (more := len(result.problems) - SHOWN_PROBLEMS) > 0:
        console.print(f"and {more:,} more problems; --json lists all")
    if erased is not None:
        console.print(f"erased {erased:,} events of earlier imports of this file")
    parts = [f"{'would send' if dry_run else 'accepted'} {result.accepted:,} events"]
    if new is not None:
        parts[0] += f" ({new:,} of them new)"
    parts += [f"rejected {result.rejected:,}", f"skipped {result.skipped:,} rows"]
    if result.left_out:
        parts.append(f"left out {result.left_out:,} rows")
    console.print(", ".join(parts), soft_wrap=True)
    if new is not None and new < result.accepted and erased is None:
        console.print("the others were imported before and stay as they were; --replace replaces them", soft_wrap=True)


def import_document(
    result: ImportResult, new: int | None, erased: int | None, first: bytes | None
) -> dict[str, object]:
    """Return the document of `--json`. first: the first event of a dry run."""
    return {
        "accepted": result.accepted,
        "new": new,
        "rejected": result.rejected,
        "skipped": result.skipped,
        "left_out": result.left_out,
        "erased": erased,
        "problems": [{"line": problem.line, "reason": problem.reason} for problem in result.problems],
        "first_event": msgspec.json.decode(first) if first else None,
    }


def simulate(
    visitors: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Number of visitors.")] = 200,
    days: Annotated[int, typer.Option(min=1, max=1_830, metavar="N", help="Number of local days.")] = 30,
    seed: Annotated[str, typer.Option(metavar="TEXT", help="The same seed always produces the same traffic.")] = "1",
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=DAY_FORMATS, metavar="DAY", help="First local day. By default, the last day is today."
        ),
    ] = None,
    collector: Collector = COLLECTOR,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, writable=True, help="File to write the true numbers to."),
    ] = None,
    tz: Zone = None,
    json: Json = False,
) -> None:
    """Simulate a shop, whose correct numbers are known, and send its traffic to the collector."""
    from clickstream.event import utc_now
    from clickstream.sources.progress import progress_bar
    from clickstream.sources.simulate.run import SimulationConfig, make_plan, write_truth
    from clickstream.sources.simulate.run import simulate as run

    settings = read_settings()
    zone = ZoneInfo(tz) if tz else settings.zone
    config = SimulationConfig(seed, visitors, days, zone, day_of(from_), settings.currency)
    plan = make_plan(config, utc_now())
    if truth is not None:
        write_truth(truth, {})  # fails now, rather than after everything is sent
    with progress_bar(err, "simulating") as show:
        outcome = run(plan, collector, progress=show)
    if truth is not None:
        write_truth(truth, outcome.truth)
    if json:
        print_json(outcome.truth["sent"])
    else:
        sent = outcome.stats
        err.print(f"accepted {sent.accepted:,} events, rejected {sent.rejected:,}, in {sent.posts:,} requests")
    sys.exit(0 if outcome.is_as_expected else 1)
