"""Commands that inspect the raw store: raw ls, raw cat, raw verify. They need no warehouse and change nothing."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from clickstream.cli.options import DAY_FORMATS, Data, Json, print_json
from clickstream.cli.terminal import ProgressBar, err, out, write_bytes
from clickstream.errors import StoreError
from clickstream.settings import read_settings

if TYPE_CHECKING:
    from clickstream.raw.look import DaySum

Day = Annotated[datetime | None, typer.Argument(formats=DAY_FORMATS, metavar="[DAY]", help="A UTC day.")]

raw = typer.Typer(help="Inspect the raw store.", no_args_is_help=True)


@raw.command()
def ls(day: Day = None, data: Data = None, json: Json = False) -> None:
    """List the days with their numbers of objects and events; with DAY, the objects of that day."""
    from clickstream.raw.listing import objects_in_order
    from clickstream.raw.look import sum_up
    from clickstream.raw.store import open_store

    store = open_store(read_settings(data))
    if day is not None:
        objects = objects_in_order(store, [day.date()])
        if json:
            print_json([{"object": name.key, "events": name.count, "named_at": name.instant} for name in objects])
        else:
            out.print("".join(f"{name.count:>9,}  {name.key}\n" for name in objects), end="", soft_wrap=True)
        return
    with ProgressBar(err, "listing", "days") as progress:
        days = store.days()
        sums = []
        for number, one in enumerate(days, 1):
            sums.append(sum_up(store, one))
            progress(number, len(days))
    if json:
        print_json(sums)
    else:
        out.print(_days_table(sums), soft_wrap=True)


@raw.command()
def cat(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="Key of a raw object, or its file name.")],
    line: Annotated[int | None, typer.Argument(min=1, metavar="[LINE]", help="Only this line, from 1.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Print the lines of an object as they are stored."""
    from clickstream.raw.look import find_key, lines_of
    from clickstream.raw.store import open_store

    store = open_store(read_settings(data))
    key = find_key(store, object_)
    lines = lines_of(store, key)
    if line is not None and line > len(lines):
        raise StoreError(f"reading line {line} of {key}", f"the object has {len(lines)} lines", "lines count from 1")
    first = line or 1
    chosen = lines if line is None else [lines[line - 1]]
    if json:
        texts = [one.decode("utf-8", "backslashreplace") for one in chosen]
        print_json({"object": key, "lines": [{"line": first + at, "text": text} for at, text in enumerate(texts)]})
    else:
        write_bytes(b"".join(one + b"\n" for one in chosen))


@raw.command()
def verify(day: Day = None, data: Data = None, json: Json = False) -> None:
    """Count the lines of every object (of DAY) and compare with its name; exit 1 if one differs."""
    from clickstream.raw.look import verify as run
    from clickstream.raw.store import open_store

    store = open_store(read_settings(data))
    with ProgressBar(err, "counting") as progress:
        days = store.days() if day is None else [day.date()]
        verdict = run(store, days, progress)
    if json:
        print_json(verdict)
    else:
        for one in verdict.mismatches:
            out.print(f"{one.object}: {one.expected} in its name, {one.found} found: {one.why}", soft_wrap=True)
        differing = f"{len(verdict.mismatches):,} objects differ from their names"
        result = "all objects match their names" if verdict.holds else differing
        err.print(f"{verdict.lines:,} lines in {verdict.objects:,} objects: {result}")
    sys.exit(0 if verdict.holds else 1)


def _days_table(sums: list[DaySum]) -> str:
    rows = [f"{one.day}  {one.objects:>9,}  {one.events:>12,}" for one in sums]
    total = f"all         {sum(one.objects for one in sums):>9,}  {sum(one.events for one in sums):>12,}"
    return "\n".join(["day           objects        events", *rows, total])
