"""The commands of the life of data: forget, expire, export.

They belong to the command line (cli.py), which adds them to itself: settings in, one call, what came of it out.
Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import typer

from clickstream.local.terminal import Terminal, Working, write_result
from clickstream.settings import Settings, read_settings

if TYPE_CHECKING:
    from clickstream.etl.erasure.person import Kind

Data = Annotated[Path | None, typer.Option("--data", help="Folder of all places that are not set by themselves.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

err = Terminal(stderr=True, highlight=False)
out = Terminal(highlight=False)


def add_life_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (forget, expire, export):
        app.command()(command)


def _known_zone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        raise typer.BadParameter(f"there is no time zone {name!r}; use an IANA name such as Europe/Berlin")
    return name


def forget(
    data: Data = None,
    user_id: Annotated[str | None, typer.Option("--user-id", metavar="ID", help="Forget this user.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", metavar="ID", help="Forget this client.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Remove the sample.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Finish what was begun and killed.")] = False,
    without_clients: Annotated[
        bool, typer.Option("--without-clients", help="Keep the user's events from before the first login.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    json: Json = False,
) -> None:
    """Erase a person, or the sample, from raw store and warehouse, and prove it; exit 1 if something is left."""
    from clickstream.local.owner.life import ForgetRequest
    from clickstream.report.life import render_forgotten

    chosen = {"user": user_id or None, "client": client_id or None, "sample": "" if sample else None}
    named = {kind: value for kind, value in chosen.items() if value is not None}
    if len(named) + resume != 1:
        raise typer.BadParameter("say whom: --user-id ID, --client-id ID or --sample; or --resume")
    kind, value = next(iter(named.items()), (None, ""))
    settings = read_settings(data)

    def ask(only_look: bool) -> Any:
        with Working(err, "searching") as working:
            asked = ForgetRequest(cast("Kind | None", kind), value, not without_clients, only_look)
            return _reach(settings, working).forget(asked)

    if kind in ("user", "client") and not (yes or dry_run):
        render_forgotten(ask(True), err)
        if not sys.stdin.isatty():
            raise typer.BadParameter("--yes is needed where nobody can be asked")
        typer.confirm("erase this for ever?", abort=True, err=True)
    done = ask(dry_run)
    if json:
        _print_json(done)
    else:
        render_forgotten(done, out)
    sys.exit(1 if done.get("left") else 0)


def expire(
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: Json = False,
) -> None:
    """Delete what is older than CLICKSTREAM_KEEP_RAW_DAYS and CLICKSTREAM_KEEP_WAREHOUSE_DAYS allow."""
    from clickstream.local.owner.life import ExpireRequest
    from clickstream.report.life import render_expired

    settings = read_settings(data)
    with Working(err, "looking for what is old", of="days") as working:
        asked = ExpireRequest(settings.keep_raw_days, settings.keep_warehouse_days, dry_run)
        found = _reach(settings, working).expire(asked)
    if json:
        _print_json(found)
    else:
        render_expired(found, out, dry_run=dry_run)


def export(
    folder: Annotated[Path, typer.Option("--out", help="Folder for the files.", file_okay=False)],
    data: Data = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First local day.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Day after the last one.")
    ] = None,
    tz: Annotated[
        str | None, typer.Option(callback=_known_zone, help="IANA time zone that days are counted in.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="parquet or csv.")] = "parquet",
    tables: Annotated[list[str] | None, typer.Option("--table", metavar="NAME", help="Repeatable.")] = None,
    json: Json = False,
) -> None:
    """Write days of the warehouse as files, one for each local day. Without days: all that have rows."""
    from clickstream.local.export import Wish, read_format
    from clickstream.local.export import export as run

    settings = read_settings(data)
    zone = ZoneInfo(tz) if tz else settings.zone
    first, end = (day.date() if day else None for day in (from_, to))
    wish = Wish(tuple(tables or ["clickstream_events"]), first, end, zone, read_format(format_), folder)
    with Working(err, "exporting", of="days") as working:
        done = run(_reach(settings), wish, working.reached)
    if json:
        _print_json(done)
    else:
        err.print(f"wrote {done['rows']:,} rows into {len(done['files']):,} files in {folder}", markup=False)


def _reach(settings: Settings, working: Working | None = None) -> Any:
    from clickstream.local.owner.client import reach

    return reach(settings, watch=working)


def _print_json(value: object) -> None:
    write_result(msgspec.json.encode(value).decode() + "\n")
