"""The sample: real clicks of a shop in 2008, shipped with the package (README.md says whose they are).

It is sent to the collector like any import. A small state file records how many rows the collector acknowledged, so
that an interrupted import resumes there.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from clickstream.delivery import Delivery
from clickstream.progress import Progress, no_progress
from clickstream.sources.importer import ImportOptions, ImportResult, import_file
from clickstream.sources.mapping_file import find_mapping

NAME = "eshop-2008"
EVENTS = 165_474
STATE_FILE = "sample-import.json"


class ImportState(msgspec.Struct, frozen=True):
    """Progress of an import. rows: how many rows of the file the collector acknowledged."""

    source: str
    rows: int = 0
    done: bool = False


def read_state(data: Path) -> ImportState | None:
    """Return the state in the folder `data`; None when it does not exist or cannot be read."""
    try:
        return msgspec.json.decode((data / STATE_FILE).read_bytes(), type=ImportState)
    except (OSError, msgspec.MsgspecError):
        return None


def write_state(data: Path, state: ImportState) -> None:
    """Replace the state in one step: a reader sees the old state or the new one."""
    data.mkdir(parents=True, exist_ok=True)
    fresh = data / f"{STATE_FILE}.new"
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(data / STATE_FILE)


def import_sample(
    data: Path, delivery: Delivery, *, start_row: int = 0, progress: Progress = no_progress
) -> ImportResult:
    """Send the sample from `start_row` on, and keep the state in the folder `data`."""

    def remember(result: ImportResult) -> None:
        write_state(data, ImportState(NAME, result.rows))

    # Written before the first event is sent, so that an import that dies at once counts as started.
    write_state(data, ImportState(NAME, start_row))
    with as_file(files(__name__) / f"{NAME}.csv.gz") as path:
        options = ImportOptions(start_row, progress=progress, on_batch=remember)
        result = import_file(path, find_mapping(NAME), delivery, options)
    write_state(data, ImportState(NAME, result.rows, done=True))
    return result
