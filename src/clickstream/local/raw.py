"""The commands that look into the raw store: raw ls, raw cat, raw verify.

They belong to the command line (cli.py), which adds them to itself. They need no warehouse, and change nothing.
Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from clickstream.errors import StoreError
from clickstream.local.terminal import Terminal, Working, write_result
from clickstream.raw import look
from clickstream.raw.listing import objects_in_order
from clickstream.raw.store import open_store
from clickstream.settings import read_settings

Data = Annotated[Path | None, typer.Option("--data", help="Folder of all places that are not set by themselves.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Day = Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], metavar="[DAY]", help="A UTC day.")]

err = Terminal(stderr=True, highlight=False)

raw = typer.Typer(help="Look into the raw store.", no_args_is_help=True)


@raw.command()
def ls(day: Day = None, data: Data = None, json: Json = False) -> None:
    """Days with their objects and accepted events; with DAY, the objects of that day."""
    store = open_store(read_settings(data))
    if day is not None:
        objects = objects_in_order(store, [day.date()])
        if json:
            _print_json([{"object": name.key, "events": name.count, "named_at": name.instant} for name in objects])
        else:
            write_result("".join(f"{name.count:>9,}  {name.key}\n" for name in objects))
        return
    with Working(err, "listing", "days") as working:
        days = store.days()
        sums = []
        for number, one in enumerate(days, 1):
            sums.append(look.sum_up(store, one))
            working.reached(number, len(days))
    if json:
        _print_json(sums)
        return
    rows = [f"{one.day}  {one.objects:>9,}  {one.events:>12,}" for one in sums]
    total = f"all         {sum(one.objects for one in sums):>9,}  {sum(one.events for one in sums):>12,}"
    write_result("\n".join(["day           objects        events", *rows, total, ""]))


@raw.command()
def cat(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="Key of a raw object, or its file name.")],
    line: Annotated[int | None, typer.Argument(min=1, metavar="[LINE]", help="Only this line, from 1.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """The lines of an object as they are stored."""
    store = open_store(read_settings(data))
    key = look.find_key(store, object_)
    lines = look.lines_of(store, key)
    if line is not None and line > len(lines):
        raise StoreError(f"reading line {line} of {key}", f"it has {len(lines)} lines", "lines count from 1")
    chosen = lines if line is None else [lines[line - 1]]
    if json:
        first = line or 1
        texts = [one.decode("utf-8", "backslashreplace") for one in chosen]
        _print_json({"object": key, "lines": [{"line": first + at, "text": text} for at, text in enumerate(texts)]})
    else:
        write_result("".join(one.decode("utf-8", "backslashreplace") + "\n" for one in chosen))


@raw.command()
def verify(day: Day = None, data: Data = None, json: Json = False) -> None:
    """Count the lines of every object (of DAY) again and compare with the names; exit 1 when one differs."""
    store = open_store(read_settings(data))
    with Working(err, "counting") as working:
        days = store.days() if day is None else [day.date()]
        verdict = look.verify(store, days, working.reached)
    if json:
        _print_json(verdict)
    else:
        for one in verdict.mismatches:
            write_result(f"{one.object}: {one.expected} in its name, {one.found} found: {one.why}\n")
        said = "as their names say" if verdict.holds else f"{len(verdict.mismatches):,} differ from their names"
        err.print(f"{verdict.objects:,} objects hold {verdict.lines:,} lines: {said}")
    sys.exit(0 if verdict.holds else 1)


def _print_json(value: object) -> None:
    write_result(msgspec.json.encode(value).decode() + "\n")
