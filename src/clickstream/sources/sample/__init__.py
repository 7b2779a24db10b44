"""The sample: real clicks of a shop in 2008, shipped with the package (README.md says whose they are).

It goes through the collector like any import. A small state file remembers how far the collector has
acknowledged it, so that an interrupted import goes on where it stopped.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import msgspec

from clickstream.sources.delivery import Delivery
from clickstream.sources.importer import ImportResult, OnBatch, import_file
from clickstream.sources.mapping_file import find_mapping

NAME = "eshop-2008"
EVENTS = 165_474
STATE_FILE = "sample-import.json"


class ImportState(msgspec.Struct, frozen=True):
    """How far an import is: rows of the file that the collector has acknowledged."""

    source: str
    rows: int = 0
    done: bool = False


def read_state(data: Path) -> ImportState | None:
    """The state in the folder `data`; None when there is none, or none that can be read."""
    try:
        return msgspec.json.decode((data / STATE_FILE).read_bytes(), type=ImportState)
    except (OSError, msgspec.MsgspecError):
        return None


def write_state(data: Path, state: ImportState) -> None:
    """Replace the state in one step: a reader sees the old one or the new one."""
    data.mkdir(parents=True, exist_ok=True)
    fresh = data / f"{STATE_FILE}.new"
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(data / STATE_FILE)


def import_sample(
    data: Path, delivery: Delivery, *, start_row: int = 0, on_batch: OnBatch = lambda _: None
) -> ImportResult:
    """Send the sample from `start_row` on, keeping the state in the folder `data`."""

    def remember(result: ImportResult) -> None:
        write_state(data, ImportState(NAME, result.rows))
        on_batch(result)

    # Written before the first event goes out: an import that dies at once must still count as begun.
    write_state(data, ImportState(NAME, start_row))
    with as_file(files(__name__) / f"{NAME}.csv.gz") as path:
        result = import_file(path, find_mapping(NAME), delivery, start_row=start_row, on_batch=remember)
    write_state(data, ImportState(NAME, result.rows, done=True))
    return result
