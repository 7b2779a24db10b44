"""Commands that maintain the warehouse, its mart and its notes.

warehouse migrate, compact, move, roles; mart status, build; note add, list, remove.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import DAY_FORMATS, Data, Json, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out, write_bytes
from clickstream.settings import read_settings

if TYPE_CHECKING:
    from clickstream.local.moving.move import MoveResult
    from clickstream.local.owner.questions import MartStatus

warehouse = typer.Typer(help="Maintain the warehouse.", no_args_is_help=True)
note = typer.Typer(help="Notes on days, shown on every chart over time.", no_args_is_help=True)
mart = typer.Typer(help="Examine or build the mart, the file that answers metrics.", no_args_is_help=True)


@warehouse.command()
def migrate(data: Data = None, json: Json = False) -> None:
    """Update the schema. Other commands also do this if they are allowed to. Safe to run twice."""
    from clickstream.local.owner.file import open_warehouse

    settings = read_settings(data)
    with open_warehouse(settings) as opened:
        applied = list(opened.migrated)
    if json:
        print_json({"warehouse": settings.warehouse_name, "applied": applied})
    else:
        err.print(f"{settings.warehouse_name}: applied {len(applied)} schema files")


@warehouse.command()
def compact(data: Data = None, json: Json = False) -> None:
    """Rewrite the DuckDB file to free the space of deleted rows. Stop the platform first."""
    from clickstream.warehouse.compact import compact as run

    settings = read_settings(data)
    if not settings.is_embedded:
        raise typer.BadParameter("this warehouse is PostgreSQL; use its VACUUM FULL")
    with ProgressBar(err, "rewriting the warehouse"):
        before, after = run(settings.warehouse_path)
    if json:
        print_json({"before_bytes": before, "after_bytes": after})
    else:
        err.print(f"{before:,} bytes before, {after:,} bytes after")


@warehouse.command()
def move(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The new warehouse: duckdb:///… or postgresql://…")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Build another warehouse from the raw store and compare all metrics. You then change the setting yourself."""
    from clickstream.local.moving.move import MoveRequest
    from clickstream.local.owner.registry import MOVE

    with ProgressBar(err, "loading", unit="objects") as progress:
        done = make_client(data, progress).call(MOVE, MoveRequest(to))
    if json:
        print_json(done)
    else:
        render_move(done)
    if done.differences:
        raise typer.Exit(1)


@warehouse.command()
def roles() -> None:
    """Print SQL that creates the PostgreSQL roles clickstream_loader and clickstream_reader; run it with psql."""
    from clickstream.warehouse.migrations import roles_sql

    write_bytes(roles_sql().encode())


def render_move(done: MoveResult) -> None:
    """Print what was loaded, what differs, and what to do next."""
    err.print(f"{done.to}: {done.objects:,} objects and {done.lines:,} lines loaded now, {done.events:,} events in all")
    for found in done.differences:
        rows = f"{found.rows_before:,} rows before, {found.rows_after:,} after"
        out.print(f"{found.metric}: {rows}; only in one: {found.example}", markup=False, highlight=False)
    same = done.compared - len(done.differences)
    err.print(f"{same} of {done.compared} metrics have the same answer")
    if not done.differences:
        err.print("next: set CLICKSTREAM_WAREHOUSE_URL to the new URL and start the platform again")


@mart.command()
def status(data: Data = None, json: Json = False) -> None:
    """Show the mart's file, the load that it shows, and how far it is behind the warehouse. Changes nothing."""
    from clickstream.local.owner.questions import MartStatusRequest
    from clickstream.local.owner.registry import MART_STATUS

    found = make_client(data).call(MART_STATUS, MartStatusRequest())
    if json:
        print_json(found)
    else:
        render_status(found, out)


@mart.command()
def build(data: Data = None, json: Json = False) -> None:
    """Build the mart from scratch, from the warehouse. The old one answers until it is done."""
    from clickstream.local.owner.questions import MartBuildRequest
    from clickstream.local.owner.registry import MART_BUILD

    with ProgressBar(err, "building the mart", unit="events") as progress:
        done = make_client(data, progress).call(MART_BUILD, MartBuildRequest())
    if json:
        print_json(done)
        return
    size = f"{done.size_bytes:,} bytes"
    err.print(f"built {done.path}: {done.events:,} events, {done.sessions:,} sessions, {size}")
    err.print(f"{done.duration_s:.1f} s, {done.events_per_s:,} events per second")


@note.command()
def add(
    day: Annotated[datetime, typer.Argument(formats=DAY_FORMATS, metavar="DAY", help="The local day.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What happened: at most 200 characters.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Add a note to a day. Charts over time show it at once."""
    from clickstream.local.notes import NoteAddRequest
    from clickstream.local.owner.registry import NOTE_ADD

    made = make_client(data).call(NOTE_ADD, NoteAddRequest(day.date(), text))
    if json:
        print_json(made)
    else:
        err.print(f"note {made.note_id} added to {made.day}")


@note.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List all notes, by day."""
    from clickstream.local.notes import NoteListRequest
    from clickstream.local.owner.registry import NOTE_LIST
    from clickstream.report.table import render_rows

    found = make_client(data).call(NOTE_LIST, NoteListRequest()).notes
    if json:
        print_json(found)
    elif found:
        render_rows(["id", "day", "note"], [(each.note_id, str(each.day), each.text) for each in found], out)
    else:
        err.print('no notes yet; add one: clickstream note add 2026-03-04 "new checkout"')


@note.command()
def remove(
    note_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as note list shows it.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Remove a note."""
    from clickstream.local.notes import NoteRemoveRequest
    from clickstream.local.owner.registry import NOTE_REMOVE

    gone = make_client(data).call(NOTE_REMOVE, NoteRemoveRequest(note_id))
    if json:
        print_json(gone)
    else:
        err.print(f"note {gone.note_id} of {gone.day} removed")


def render_status(found: MartStatus, console: Console) -> None:
    """Print the status, a fact on each line."""
    from rich.text import Text

    from clickstream.local.owner.questions import mart_state

    loaded = f", loaded {found.loaded_at}" if found.loaded_at else ""
    shown = f"{found.load_id:,}{loaded}" if found.load_id else "none yet"
    version = "damaged, or of another version" if found.size_bytes else ""
    if found.version is not None:
        version = str(found.version)
    facts = [
        ("file", found.path),
        ("size", f"{found.size_bytes:,} bytes" if found.size_bytes else "does not exist yet"),
        ("version", version),
        ("shows load", shown),
        ("last load", f"{found.warehouse_load_id:,}" if found.warehouse_load_id else "none yet"),
        ("state", mart_state(found.loads_behind, found.next)),
        ("events", f"{found.events:,}"),
        ("sessions", f"{found.sessions:,}"),
        ("per event", "" if found.bytes_per_event is None else f"{found.bytes_per_event:,.1f} bytes"),
        ("failure", found.failure),
    ]
    for name, value in facts:
        if value:
            console.print(Text(f"{name:<11} {value}"), soft_wrap=True)
