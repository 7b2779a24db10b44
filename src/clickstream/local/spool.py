"""What waits in the collector's spool (collect/spool.py), seen by other processes, and bringing it into the raw store.

In: the folder of a spool. Out: how much waits there and since when; or, once `Drain` is done, raw objects of everything
that was acknowledged before it began. While a collector works with the spool, it does the shipping and we wait; else we
ship by the collector's own code, and hold the spool meanwhile. What is acknowledged later is not waited for.
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
"""How long a collector may take for the next file: it ships every 2 s, and tries again after at most 5."""
LOOK_EVERY_S = 0.1
DOING = "storing what waits in the spool"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Write-ahead files with their bytes. oldest_at: when the first of them was begun; None when there is none."""

    files: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None


def look_into(folder: Path) -> Waiting:
    """What waits; a file that is shipped meanwhile is passed over."""
    sizes, times = [], []
    for path in list_wals(folder):
        with suppress(OSError):
            found = path.stat()
            sizes.append(found.st_size)
            times.append(_begun_at(path, found.st_mtime))
    return Waiting(len(sizes), sum(sizes), min(times, default=None))


def count_events(folder: Path) -> int:
    """Acknowledged events that are no raw objects yet. It reads all of the spool."""
    count = 0
    for path in list_wals(folder):
        with suppress(FileNotFoundError):
            count += sum(1 for _ in read_wal(path))
    return count


@dataclass(frozen=True, slots=True)
class Drain:
    """Empties the spool in `folder` of what is there when it is called. patience_s: how long nothing may move."""

    folder: Path
    shipper: Shipper
    patience_s: float = PATIENCE_S

    def __call__(self, progress: Progress) -> int:
        """Return when all of it is stored; how many files that were.

        Raises UnavailableError when the collector that holds the spool stores nothing, StoreError when we cannot.
        """
        wanted = left = list_wals(self.folder)
        moved_at = time.monotonic()
        while left:
            progress(len(wanted) - len(left), len(wanted))
            is_ours = self._ship_unless_held(left[0])
            still = [path for path in left if path.exists()]
            if len(still) < len(left):
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > self.patience_s:
                why = f"the collector that works with {self.folder} stored none of {len(left):,} files lately"
                advice = "look why the raw store takes no objects (clickstream doctor), then run this again"
                raise UnavailableError(DOING, why, advice)
            left = still
            if left and not is_ours:
                time.sleep(LOOK_EVERY_S)
        return len(wanted)

    def _ship_unless_held(self, path: Path) -> bool:
        """Whether nobody else works with the spool, and the file is stored now."""
        try:
            lock = take_lock(self.folder)
            if lock is None:
                return False
            try:
                with suppress(FileNotFoundError):  # a collector shipped it, and ended
                    self.shipper.ship(path)
            finally:
                os.close(lock)
        except ClickstreamError as error:
            raise StoreError(DOING, str(error), error.advice) from error
        except OSError as error:
            why = f"{error.strerror or error}: {error.filename or self.folder}"
            raise StoreError(
                DOING, why, "check the folder and its rights; it belongs to the collector's user"
            ) from error
        return True


def _begun_at(path: Path, modified_s: float) -> datetime:
    """Its name is the time in nanoseconds."""
    is_time = path.stem.isdecimal()
    return datetime.fromtimestamp(int(path.stem) / 1e9 if is_time else modified_s, UTC)
