"""Options that several commands share, and what every command needs: JSON output, and a client of the warehouse."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from clickstream.cli.terminal import write_bytes
from clickstream.durable import write_synced
from clickstream.errors import ClickstreamError
from clickstream.progress import Progress, no_progress
from clickstream.settings import read_settings
from clickstream.time_zone import is_zone, zone_advice

if TYPE_CHECKING:
    from clickstream.local.owner.client import Client

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data directory: holds raw store, warehouse, spool and logs unless settings say otherwise.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")]
Collector = Annotated[str, typer.Option(metavar="URL", help="The collector to send to.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on, on loopback.")]
CollectorPort = Annotated[int, typer.Option("--collector-port", min=1, max=65535, help="Port of the collector.")]
DashboardPort = Annotated[int, typer.Option("--dashboard-port", min=1, max=65535, help="Port of the dashboard.")]
ShopPort = Annotated[int, typer.Option("--shop-port", min=1, max=65535, help="Port of the shop.")]
SignInPort = Annotated[
    int, typer.Option("--sign-in-port", min=1, max=65535, help="Port of the local sign-in provider.")
]

DAY_FORMATS = ["%Y-%m-%d"]


def _known_zone(name: str | None) -> str | None:
    if name is not None and not is_zone(name):
        raise typer.BadParameter(f"unknown time zone {name!r}; {zone_advice(name)}")
    return name


Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", callback=_known_zone, help="IANA time zone in which days are counted."),
]
FromDay = Annotated[
    datetime | None, typer.Option("--from", formats=DAY_FORMATS, metavar="DAY", help="First local day.")
]
ToDay = Annotated[
    datetime | None, typer.Option("--to", formats=DAY_FORMATS, metavar="DAY", help="The day after the last day.")
]
SinceDay = Annotated[
    datetime | None, typer.Option("--since", formats=DAY_FORMATS, metavar="DAY", help="First UTC day.")
]


def day_of(moment: datetime | None) -> date | None:
    """Return the day that an option gives."""
    return moment.date() if moment else None


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    write_bytes(msgspec.json.encode(value) + b"\n")


def check_target(path: Path, doing: str) -> None:
    """Raise ClickstreamError unless a file can be written at `path`."""
    if path.is_dir():
        raise ClickstreamError(doing, f"{path} is a folder", "name a file in it")
    if not path.absolute().parent.is_dir():
        raise ClickstreamError(doing, f"the folder {path.absolute().parent} does not exist", "create it first")


def replace_file(path: Path, content: bytes, doing: str) -> None:
    """Write a file in one step: a reader sees the old content or the new one. Raises ClickstreamError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_synced(temporary, content)
        temporary.replace(path)
    except BaseException as error:  # Ctrl-C too: no hidden file may stay
        with suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        why = f"{error.strerror or error}: {path}"
        raise ClickstreamError(doing, why, "check that the folder is writable and has free space") from error


def make_client(data: Path | None, progress: Progress = no_progress) -> Client:
    """Return a client of the warehouse that the settings and `--data` name."""
    from clickstream.local.owner.client import Client

    return Client(read_settings(data), progress=progress)
