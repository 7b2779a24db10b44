"""The collector's spool (collect/spool.py) as other processes see it: what waits there, and how to empty it.

In: the folder of a spool. Out: how much waits there and since when; or, after `Drain`, raw objects of every event that
was acknowledged before it began. While a collector runs, it ships the files and `Drain` waits; otherwise `Drain` ships
them with the collector's code, and holds the spool's lock meanwhile. Events acknowledged later are left alone.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clickstream.collect.spool import Shipper, list_wals, read_wal, take_lock
from clickstream.errors import ClickstreamError, StoreError, UnavailableError
from clickstream.progress import Progress

PATIENCE_S = 30.0
"""How long a collector may take for the next file: it ships every 2 s, and retries after 5 s at most."""
POLL_EVERY_S = 0.1
DOING = "storing the spool"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The write-ahead files and their bytes. oldest_at: when the first file was begun; None if there are no files."""

    files: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None


def look_into(folder: Path) -> Waiting:
    """Return what waits in the spool, without files that are shipped meanwhile."""
    sizes, times = [], []
    for path in list_wals(folder):
        with suppress(OSError):
            found = path.stat()
            sizes.append(found.st_size)
            times.append(_begun_at(path, found.st_mtime))
    return Waiting(len(sizes), sum(sizes), min(times, default=None))


def count_events(folder: Path) -> int:
    """Count the acknowledged events that are not in the raw store yet. Reads the whole spool."""
    count = 0
    for path in list_wals(folder):
        with suppress(FileNotFoundError):
            count += sum(1 for _ in read_wal(path))
    return count


@dataclass(frozen=True, slots=True)
class Drain:
    """Empties the spool in `folder`. patience_s: how long it waits while no file is stored."""

    folder: Path
    shipper: Shipper
    patience_s: float = PATIENCE_S

    def __call__(self, progress: Progress) -> int:
        """Return the number of files when all files that exist now are stored.

        Raises UnavailableError if the collector that holds the spool stores nothing, StoreError if storing fails here.
        """
        wanted = left = list_wals(self.folder)
        moved_at = time.monotonic()
        while left:
            progress(len(wanted) - len(left), len(wanted))
            is_free = self._ship_unless_held(left[0])
            still = [path for path in left if path.exists()]
            if len(still) < len(left):
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > self.patience_s:
                why = f"the collector on {self.folder} stored none of the {len(left):,} files in {self.patience_s:g} s"
                advice = "find out why the raw store accepts no objects (clickstream doctor), then run this again"
                raise UnavailableError(DOING, why, advice)
            left = still
            if left and not is_free:
                time.sleep(POLL_EVERY_S)
        return len(wanted)

    def _ship_unless_held(self, path: Path) -> bool:
        """Store the file unless a collector holds the spool; return whether the spool was free."""
        try:
            lock = take_lock(self.folder)
            if lock is None:
                return False
            try:
                with suppress(FileNotFoundError):  # a collector shipped it and ended
                    self.shipper.ship(path)
            finally:
                os.close(lock)
        except ClickstreamError as error:
            raise StoreError(DOING, str(error), error.advice) from error
        except OSError as error:
            why = f"{error.strerror or error}: {error.filename or self.folder}"
            advice = "check the folder and its permissions; it belongs to the collector's user"
            raise StoreError(DOING, why, advice) from error
        return True


def _begun_at(path: Path, modified_s: float) -> datetime:
    """Return the time in the file's name, in nanoseconds."""
    is_time = path.stem.isdecimal()
    return datetime.fromtimestamp(int(path.stem) / 1e9 if is_time else modified_s, UTC)
