"""`clickstream export`: asks for one day after the other, and puts each file into the user's folder.

In: a client, tables, days, a folder. Out: FOLDER/TABLE-YYYY-MM-DD.parquet (or .csv), a file for each day of the range,
without rows too: an older file of that day never stays. Stopped at any moment, every file that is there is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol, cast, get_args
from zoneinfo import ZoneInfo

from clickstream.errors import QuestionError
from clickstream.etl.export import Format, find_table, move_into_place
from clickstream.local.owner.life import DaysRequest, ExportRequest
from clickstream.progress import Progress


class Source(Protocol):
    def export_days(self, asked: DaysRequest) -> dict[str, Any]: ...

    def export_day(self, asked: ExportRequest) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """first, end: local days `[first, end)`; None: all that have rows."""

    tables: tuple[str, ...]
    first: date | None
    end: date | None
    zone: ZoneInfo
    kind: Format
    folder: Path


def read_format(text: str) -> Format:
    """Raises QuestionError."""
    for kind in get_args(Format):
        if text == kind:
            return cast("Format", kind)
    raise QuestionError(
        "invalid_option", "--format", f"{text!r} is not known", f"one of: {', '.join(get_args(Format))}"
    )


def export(source: Source, wish: Wish, reached: Progress) -> dict[str, Any]:
    """Write the files; their names and how many rows they have. Raises QuestionError, ClickstreamError."""
    for table in wish.tables:
        find_table(table)
    work = [(table, day) for table in wish.tables for day in _days(source, wish, table)]
    files = []
    for done, (table, day) in enumerate(work):
        reached(done, len(work))
        written = source.export_day(ExportRequest(table, day, wish.zone.key, wish.kind))
        target = move_into_place(Path(written["file"]), wish.folder)
        files.append({"file": str(target), "rows": written["rows"]})
    return {"files": files, "rows": sum(file["rows"] for file in files)}


def _days(source: Source, wish: Wish, table: str) -> list[date]:
    span = {"from": wish.first, "to": wish.end}
    if wish.first is None or wish.end is None:
        known = source.export_days(DaysRequest(table, wish.zone.key))
        if known["from"] is None:
            return []
        span = {name: span[name] or date.fromisoformat(known[name]) for name in span}
    first, end = span["from"], span["to"]
    assert first is not None
    assert end is not None
    if wish.first is not None and wish.end is not None and end <= first:
        raise QuestionError("invalid_range", "--from and --to", f"{first} is not before {end}", "--to is the day after")
    return [first + timedelta(days=number) for number in range((end - first).days)]
