"""Commands that send events to a collector: import, simulate."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from clickstream.cli.options import DAY_FORMATS, Collector, Json, Zone, day_of, print_json
from clickstream.cli.terminal import err
from clickstream.settings import read_settings

COLLECTOR = "http://127.0.0.1:8000"


def import_(
    file: Annotated[Path, typer.Argument(help="Delimited file with a header line, plain or .gz.")],
    mapping: Annotated[
        str, typer.Option("--map", metavar="MAPPING", help="Mapping: a .toml file, or the name of a built-in mapping.")
    ],
    collector: Collector = COLLECTOR,
    json: Json = False,
) -> None:
    """Send the rows of a file to the collector as events. Safe to run twice."""
    from clickstream.sources.delivery import Delivery
    from clickstream.sources.importer import import_file
    from clickstream.sources.mapping_file import find_mapping
    from clickstream.sources.progress import progress_bar

    with Delivery(collector) as delivery, progress_bar(err, file.name) as show:
        result = import_file(file, find_mapping(mapping), delivery, progress=show)
    for problem in result.problems:
        err.print(problem, soft_wrap=True)
    if json:
        print_json({"accepted": result.accepted, "rejected": result.rejected, "skipped": result.skipped})
    else:
        err.print(f"accepted {result.accepted:,} events, rejected {result.rejected:,}, skipped {result.skipped:,} rows")
    sys.exit(1 if result.rejected or result.skipped else 0)


def simulate(
    visitors: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Number of visitors.")] = 200,
    days: Annotated[int, typer.Option(min=1, max=1_830, metavar="N", help="Number of local days.")] = 30,
    seed: Annotated[str, typer.Option(metavar="TEXT", help="The same seed always produces the same traffic.")] = "1",
    from_: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=DAY_FORMATS, metavar="DAY", help="First local day; by default the last is today."
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
    """Send the traffic of a simulated shop, whose true numbers are known, to the collector."""
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
