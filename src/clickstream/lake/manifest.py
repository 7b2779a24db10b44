"""manifest.json: which files make up a lake.

It is the only file of a lake that is ever replaced, in one step and after all files that it names are on disk: a reader
sees the old lake or the new one, and a writer that is killed leaves the old one. The files of a version lie in folders
with its number and never change.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from clickstream.durable import sync, write_synced
from clickstream.errors import WarehouseError

NAME = "manifest.json"
FORMAT = 1
MART = "mart_"
"""Prefix of the tables of the mart."""
DAYS = {
    "clickstream_events": "event_timestamp",
    "sessions": "session_start",
    "duplicates": "hour",
    "bad_rows": "hour",
    "erased": "hour",
    "raw_objects": "hour",
}
"""Tables of the warehouse that have a file for each day (UTC), and the instant that decides the day of a row."""
MART_DAYS = {
    "hits": ("moment", 86_400_000_000),
    "searches": ("moment", 86_400_000_000),
    "sessions": ("start_at", 86_400_000_000),
    "session_quarters": ("quarter", 96),
    "session_products": ("first_quarter", 96),
}
"""Tables of the mart that have a file for each day: the column that decides the day, its units in a day."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of a table, or of one day of it. files: paths below the lake."""

    files: list[str]
    rows: int
    bytes: int


class LakeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """days: by day (UTC, ISO 8601). whole: of a table without days, or of one without rows, for its columns."""

    days: dict[str, Part] = {}
    whole: Part | None = None

    def parts(self) -> Iterator[Part]:
        """Yield all parts, by day."""
        if self.whole is not None:
            yield self.whole
        yield from (self.days[day] for day in sorted(self.days))


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lake as of one load of its warehouse.

    version: how often the lake was written. epoch, load_id, loaded_at: of the warehouse. code: of this software.
    """

    format: int
    version: int
    epoch: str
    load_id: int
    loaded_at: str | None
    code: str
    tables: dict[str, LakeTable]

    def files(self) -> set[str]:
        """Return the paths of all files, below the lake."""
        return {file for table in self.tables.values() for part in table.parts() for file in part.files}


def read_manifest(lake: Path) -> Manifest | None:
    """Return the manifest of a lake; None where there is none. Raises WarehouseError for one that cannot be read."""
    path = lake / NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Format)
        if found.format != FORMAT:
            advice = "use the version of clickstream that wrote it, or write the lake again"
            raise WarehouseError(f"reading the lake {lake}", f"its format is {found.format}, not {FORMAT}", advice)
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        why = f"{path.name}: {error}"
        raise WarehouseError(
            f"reading the lake {lake}", why, "write the lake again: clickstream export --lake"
        ) from error


def swap_manifest(lake: Path, manifest: Manifest) -> None:
    """Make a lake show `manifest`, whose files are on disk, in one step. Raises OSError."""
    temporary = lake / f".{NAME}.tmp"
    write_synced(temporary, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    temporary.rename(lake / NAME)
    sync(lake)


def remove_leftovers(lake: Path, *kept: Manifest) -> int:
    """Remove the files that no manifest of `kept` names: of killed writers, or replaced ones. Return how many."""
    named = set().union(*(manifest.files() for manifest in kept))
    removed = 0
    for path in lake.glob("*/**/*.parquet"):
        if path.relative_to(lake).as_posix() not in named:
            path.unlink(missing_ok=True)
            removed += 1
    for folder in sorted(lake.glob("*/**/version=*"), reverse=True):
        if not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
    return removed


class _Format(msgspec.Struct):
    format: int
