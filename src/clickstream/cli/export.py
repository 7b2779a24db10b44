"""The command export: requests one day after another, and moves each file to the user's folder.

Out: FOLDER/TABLE-YYYY-MM-DD.parquet (or .csv), one file for each day of the range, also for days without rows: so an
older file of that day never remains. If it is interrupted, every file in the folder is whole.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from zoneinfo import ZoneInfo

import msgspec
import typer

from clickstream.cli.options import Data, FromDay, Json, ToDay, Zone, day_of, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err
from clickstream.errors import QuestionError
from clickstream.progress import Progress
from clickstream.settings import read_settings

if TYPE_CHECKING:
    from clickstream.etl.export import Format
    from clickstream.local.owner.client import Client


class ExportConfig(msgspec.Struct, frozen=True):
    """What to export. first, end: local days `[first, end)`; None for the first or last day that has rows."""

    tables: tuple[str, ...]
    first: date | None
    end: date | None
    zone: ZoneInfo
    format: str
    folder: Path


class ExportedFile(msgspec.Struct, frozen=True):
    file: str
    rows: int


class ExportResult(msgspec.Struct, frozen=True):
    files: list[ExportedFile]
    rows: int


def export(
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Folder for the files.", file_okay=False)
    ] = None,
    lake: Annotated[
        Path | None,
        typer.Option("--lake", metavar="FOLDER", help="Folder of a lake: all tables, and the mart.", file_okay=False),
    ] = None,
    data: Data = None,
    from_: FromDay = None,
    to: ToDay = None,
    tz: Zone = None,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="parquet or csv.")] = "parquet",
    tables: Annotated[
        list[str] | None, typer.Option("--table", metavar="NAME", help="Table to export. Repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Write one file for each local day and table, or all tables as a lake (docs/guide/scale.md).

    Without days, export all days that have rows.
    """
    if (folder is None) == (lake is None):
        raise typer.BadParameter("choose one: --out FOLDER or --lake FOLDER")
    if lake is not None:
        export_lake(lake, data, json)
    elif folder is not None:
        _export_days(folder, data, from_, to, tz, format_, tables, json)


def export_lake(lake: Path, data: Path | None, json: bool) -> None:
    """Write all tables and the mart as a lake."""
    from clickstream.local.owner.questions import ExportLakeRequest
    from clickstream.local.owner.registry import EXPORT_LAKE

    with ProgressBar(err, "writing the lake", unit="files") as progress:
        done = make_client(data, progress).call(EXPORT_LAKE, ExportLakeRequest(str(lake.absolute())))
    if json:
        print_json(done)
        return
    size = f"{done.rows:,} rows in {done.files:,} files, {done.bytes:,} bytes"
    err.print(f"wrote version {done.version} of {lake} as of load {done.load_id:,}: {size}", soft_wrap=True)
    url = f"lake+file://{lake.absolute()}"
    err.print(f"answer from it: CLICKSTREAM_WAREHOUSE_URL={url} clickstream report", soft_wrap=True)


def _export_days(
    folder: Path,
    data: Path | None,
    from_: datetime | None,
    to: datetime | None,
    tz: str | None,
    format_: str,
    tables: list[str] | None,
    json: bool,
) -> None:
    zone = ZoneInfo(tz) if tz else read_settings(data).zone
    names = tuple(tables or ["clickstream_events"])
    config = ExportConfig(names, day_of(from_), day_of(to), zone, format_, folder)
    with ProgressBar(err, "exporting", unit="days") as progress:
        done = export_files(make_client(data), config, progress)
    if json:
        print_json(done)
    else:
        err.print(f"wrote {done.rows:,} rows to {len(done.files):,} files in {folder}", soft_wrap=True)


def export_files(client: Client, config: ExportConfig, progress: Progress) -> ExportResult:
    """Write the files. Raises QuestionError for an unknown table or format, or an empty range."""
    from clickstream.etl.export import find_table, move_into_place, remove_unfinished
    from clickstream.local.owner.questions import ExportDayRequest
    from clickstream.local.owner.registry import EXPORT_DAY

    kind = _read_format(config.format)
    for table in config.tables:
        find_table(table)
    work = [(table, day) for table in config.tables for day in _days(client, config, table)]
    files = []
    try:
        for done, (table, day) in enumerate(work):
            progress(done, len(work))
            written = client.call(EXPORT_DAY, ExportDayRequest(table, day, config.zone.key, kind))
            target = move_into_place(Path(written.file), config.folder)
            files.append(ExportedFile(str(target), written.rows))
    except KeyboardInterrupt:
        remove_unfinished(client.settings.stage_path)
        raise
    return ExportResult(files, sum(file.rows for file in files))


def _read_format(text: str) -> Format:
    from typing import get_args

    from clickstream.etl.export import Format

    formats = get_args(Format)
    if text not in formats:
        raise QuestionError("invalid_option", "--format", f"unknown format {text!r}", f"use {' or '.join(formats)}")
    return cast("Format", text)


def _days(client: Client, config: ExportConfig, table: str) -> list[date]:
    from clickstream.local.owner.questions import ExportDaysRequest
    from clickstream.local.owner.registry import EXPORT_DAYS

    first, end = config.first, config.end
    if first is not None and end is not None and end <= first:
        why = f"{end} is not after the first day, {first}"
        raise QuestionError("invalid_range", "--to", why, "--to is the day after the last one")
    if first is None or end is None:
        known = client.call(EXPORT_DAYS, ExportDaysRequest(table, config.zone.key))
        if known.first is None or known.end is None:
            return []
        first, end = first or known.first, end or known.end
    return [first + timedelta(days=number) for number in range((end - first).days)]
