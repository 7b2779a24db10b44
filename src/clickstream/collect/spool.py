"""The acknowledgement mode `disk`: events are durable in a write-ahead file here, and become raw objects seconds later.

In: groups of lines. Out: nothing, once they are fsynced in DATA/spool; StoreError when they are not, or the spool is
full. A file is closed every SHIP_EVERY_S or at SHIP_BYTES, and shipped as one raw object; what a crash left is shipped
at the next start. Its lines are in the raw store at least once, and nearly always once:

    <time>.wal    records of (length, CRC-32, lines); only a tail that nobody was promised can be torn
    <time>.keys   the names of its objects, fsynced before the upload starts, so that a retry writes the same

A name is tried for NAME_LIFE_S; then the store is asked whether the objects are there, and if not they get new names.
One collector owns a spool: a lock holds others off.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clickstream.collect.objects import MAX_LINES, NAME_LIFE_S, Layout, new_name, pack
from clickstream.durable import sync, write_synced
from clickstream.errors import StoreError, UnavailableError
from clickstream.event import RawLine
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import parse_key
from clickstream.raw.listing import still_there

SHIP_EVERY_S = 2.0
SHIP_BYTES = 8 * 1_048_576
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
STOP_WITHIN_S = 5.0
_RECORD = struct.Struct(">II")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpoolRules:
    """max_bytes: what may wait here before the answer is 503. name_life_s: how long a name is tried."""

    max_bytes: int = 1024 * 1_048_576
    layout: Layout = "batch"
    name_life_s: float = NAME_LIFE_S


class Spool:
    """Write-ahead files in `folder`, shipped to `store` by a thread of its own, in a `with` block."""

    parallel = 1
    linger_s = 0.002

    def __init__(self, folder: Path, store: RawStore, rules: SpoolRules, clock_ns: Callable[[], int]) -> None:
        self._folder = folder
        self._shipper = Shipper(store, rules, clock_ns)
        self._clock_ns = clock_ns
        self._rules = rules
        self.max_lines = MAX_LINES[rules.layout]
        self._current: _Wal | None = None
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._is_closing = False
        self._waiting: list[Path] = []
        self._waiting_bytes = 0
        self._lock_file = -1

    def open(self) -> None:
        """Take the spool over, with what an earlier life left in it. Raises UnavailableError when another holds it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder.parent, self._folder.parent.parent):
                sync(folder)
            lock_file = take_lock(self._folder)
        except OSError as error:
            raise _error(error) from error
        if lock_file is None:
            why = "another collector works with it, or an erasure that stores what it holds"
            raise UnavailableError(f"opening the spool {self._folder}", why, "stop it, or choose another --data")
        self._lock_file = lock_file
        self._waiting = list_wals(self._folder)
        self._waiting_bytes = sum(path.stat().st_size for path in self._waiting)
        for path in self._folder.glob("*.keys"):
            if not path.with_suffix(".wal").exists():
                path.unlink()  # a crash between the removals of the two
        self._thread = threading.Thread(target=self._ship_all, name="shipper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ship what is here, for at most STOP_WITHIN_S; the rest waits for the next start."""
        self._is_closing = True
        self._work.set()
        self._thread.join(STOP_WITHIN_S)
        os.close(self._lock_file)

    def __enter__(self) -> Spool:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def gauges(self) -> dict[str, tuple[str, float]]:
        """For GET /metrics."""
        return {
            "spool_bytes": ("Bytes in the spool that are no raw objects yet.", self.size_bytes()),
            "spool_files": ("Write-ahead files in the spool.", self.waiting_files()),
        }

    def size_bytes(self) -> int:
        """Bytes that wait to be shipped."""
        current = self._current
        return self._waiting_bytes + (current.size_bytes if current else 0)

    def waiting_files(self) -> int:
        return len(self._waiting) + (self._current is not None)

    def write(self, lines: Sequence[RawLine]) -> None:
        """Return when the lines are fsynced. Raises StoreError when the disk is full, or the spool."""
        if self.size_bytes() > self._rules.max_bytes:
            limit = self._rules.max_bytes // 1_048_576
            raise StoreError(
                "storing events", f"the spool holds {limit} MiB", "look why the raw store takes no objects"
            )
        with self._lock:
            try:
                if self._current is None:
                    self._current = _Wal(self._folder / f"{self._clock_ns():020d}.wal")
                self._current.append(lines)
            except OSError as error:
                self._close_current()  # its end may be torn: nothing may ever stand behind it
                raise _error(error) from error
            if self._current.size_bytes >= SHIP_BYTES or self._current.lines >= self.max_lines:
                self._close_current()

    def _close_current(self) -> None:
        """Make the present file one that waits. With the lock held."""
        wal, self._current = self._current, None
        if wal is None:
            return
        wal.close()
        if wal.lines:
            self._waiting.append(wal.path)
            self._waiting_bytes += wal.size_bytes
            self._work.set()

    def _ship_all(self) -> None:
        """The shipper's thread, oldest file first. One that fails goes behind the others, and is tried again for ever.

        While the store takes nothing, the file that is written grows on: fewer objects to make up for.
        """
        pause_s = FIRST_PAUSE_S
        failed = 0  # in a row
        is_store_down = False
        while True:
            with self._lock:
                is_old = self._current and self._current.age_s() >= SHIP_EVERY_S and not is_store_down
                if is_old or self._is_closing:
                    self._close_current()
            if failed >= len(self._waiting):  # nothing waits, or nothing that can be shipped now
                if self._is_closing:
                    return
                self._work.wait(pause_s if self._waiting else SHIP_EVERY_S)
                self._work.clear()
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if self._waiting else FIRST_PAUSE_S
                failed = 0
                continue
            error = self._ship(self._waiting[0])
            is_store_down = isinstance(error, StoreError)
            failed = 0 if error is None else len(self._waiting) if is_store_down else failed + 1

    def _ship(self, path: Path) -> Exception | None:
        """Ship the first of the files that wait; why that failed, if it did. Nothing may end the shipper."""
        size_bytes, failed = 0, None
        try:
            size_bytes = path.stat().st_size
            self._shipper.ship(path)
        except Exception as error:
            facts = {"waiting_bytes": self.size_bytes()}
            is_known = isinstance(error, StoreError | OSError)
            _log.warning("shipping %s: %s", path.name, error, extra=facts, exc_info=not is_known)
            failed = error
        with self._lock:
            self._waiting.pop(0)
            if failed is None:
                self._waiting_bytes = max(0, self._waiting_bytes - size_bytes)
            else:
                self._waiting.append(path)
        return failed


class Shipper:
    """Makes raw objects of write-ahead files."""

    def __init__(self, store: RawStore, rules: SpoolRules, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._rules = rules
        self._clock_ns = clock_ns

    def ship(self, path: Path) -> None:
        """Store the lines of a write-ahead file and remove it. Raises StoreError or OSError; call again then."""
        lines = list(read_wal(path))
        saved = path.with_suffix(".keys")
        if lines:
            packed = pack(lines, self._rules.layout, lambda: new_name(self._clock_ns))
            keys = self._names(saved, [key for key, _ in packed])
            self._store.put([(key, data) for key, (_, data) in zip(keys, packed, strict=False)])
        path.unlink()
        saved.unlink(missing_ok=True)

    def _names(self, saved: Path, new: list[str]) -> list[str]:
        """The names of an earlier attempt as long as they are young; none when its objects are there; else the new.

        What holds no names, because the disk has damaged it, is of no attempt.
        """
        keys = saved.read_bytes().decode("utf-8", "replace").split() if saved.exists() else []
        if keys and all(map(parse_key, keys)):
            is_young = time.time() - saved.stat().st_mtime < self._rules.name_life_s
            if is_young and len(keys) == len(new):
                return keys
            if len(still_there(self._store, keys)) == len(keys):
                return []
        temporary = saved.with_suffix(".new")
        write_synced(temporary, "\n".join(new).encode())
        temporary.rename(saved)
        sync(saved.parent)
        return new


class _Wal:
    """A write-ahead file that is being written. It is made durable in its folder before anything is promised."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self.size_bytes = 0
        self._opened_at = time.monotonic()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        sync(path.parent)

    def append(self, lines: Sequence[RawLine]) -> None:
        """Raises OSError; then the file ends behind the last record that is whole, and must be closed."""
        data = b"\n".join(lines)
        record = memoryview(_RECORD.pack(len(data), zlib.crc32(data)) + data)
        size_bytes = len(record)
        try:
            while record:
                record = record[os.write(self._descriptor, record) :]
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size_bytes)
            raise
        self.size_bytes += size_bytes
        self.lines += len(lines)

    def age_s(self) -> float:
        return time.monotonic() - self._opened_at

    def close(self) -> None:
        """An empty one is removed: a full disk must not fill with them."""
        with suppress(OSError):
            os.close(self._descriptor)
            if not self.lines:
                self.path.unlink()


def take_lock(folder: Path) -> int | None:
    """A descriptor that keeps others off a spool until it is closed; None while somebody else works with it.

    Raises OSError when the folder is not there, or not ours.
    """
    lock_file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock_file)
        return None
    return lock_file


def list_wals(folder: Path) -> list[Path]:
    """Write-ahead files of a spool, the oldest first, with the one that is being written; none of no folder."""
    return sorted(folder.glob("*.wal"))


def read_wal(path: Path) -> Iterator[RawLine]:
    """Lines of the whole records of a write-ahead file; what stands behind the first torn one was never promised."""
    data = path.read_bytes()
    place = 0
    while place + _RECORD.size <= len(data):
        length, crc = _RECORD.unpack_from(data, place)
        start, place = place + _RECORD.size, place + _RECORD.size + length
        if place > len(data) or length == 0 or zlib.crc32(data[start:place]) != crc:
            return
        yield from map(RawLine, data[start:place].split(b"\n"))


def _error(error: OSError) -> StoreError:
    why = f"{error.strerror or error}: {error.filename}" if error.filename else str(error.strerror or error)
    return StoreError("writing the spool", why, "check the folder, its rights and free space")
