"""The spool of acknowledgement mode `disk`: events are durable in write-ahead files, and raw objects seconds later.

In: groups of lines. Out: nothing, once they are fsynced in DATA/spool; StoreError if they are not, or if the spool is
full. A file is closed after SHIP_EVERY_S or SHIP_BYTES, and shipped as one raw object; files that a crash left are
shipped at the next start. Their lines reach the raw store at least once, and nearly always exactly once:

    <time>.wal    records of (length, CRC-32, lines); only an unacknowledged tail can be torn
    <time>.keys   the names of its objects, fsynced before the upload starts, so that a retry writes the same objects

A name is used for NAME_LIFE_S. After that, objects that are not in the store get new names. A lock ensures that one
collector owns a spool.
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
class SpoolConfig:
    """max_bytes: how much may wait in the spool before requests get 503. name_life_s: how long a name is used."""

    max_bytes: int = 1024 * 1_048_576
    layout: Layout = "batch"
    name_life_s: float = NAME_LIFE_S


class Spool:
    """Write-ahead files in `folder`, which a background thread ships to `store`. Use in a `with` block."""

    parallel = 1
    linger_s = 0.002

    def __init__(self, folder: Path, store: RawStore, config: SpoolConfig, clock_ns: Callable[[], int]) -> None:
        self._folder = folder
        self._shipper = Shipper(store, config, clock_ns)
        self._clock_ns = clock_ns
        self._config = config
        self.max_lines = MAX_LINES[config.layout]
        self._current: _Wal | None = None
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._is_closing = False
        self._waiting: list[Path] = []
        self._waiting_bytes = 0
        self._lock_file = -1

    def open(self) -> None:
        """Lock the spool, and take over the files that an earlier run left. Raises UnavailableError if it is in use."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder.parent, self._folder.parent.parent):
                sync(folder)
            lock_file = take_lock(self._folder)
        except OSError as error:
            raise _error(error) from error
        if lock_file is None:
            why = "another collector uses it, or `clickstream forget` is shipping it"
            raise UnavailableError(f"opening the spool {self._folder}", why, "stop that process, or use another --data")
        self._lock_file = lock_file
        self._waiting = list_wals(self._folder)
        self._waiting_bytes = sum(path.stat().st_size for path in self._waiting)
        for path in self._folder.glob("*.keys"):
            if not path.with_suffix(".wal").exists():
                path.unlink()  # a crash came between the removals of the two
        self._thread = threading.Thread(target=self._ship_all, name="shipper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ship the files for at most STOP_WITHIN_S; the rest is shipped at the next start."""
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
        """Return the values for `GET /metrics`: name -> meaning and value."""
        return {
            "spool_bytes": ("Bytes in the spool that are not raw objects yet.", self.size_bytes()),
            "spool_files": ("Write-ahead files in the spool.", self.waiting_files()),
        }

    def size_bytes(self) -> int:
        """Return how many bytes wait to be shipped."""
        current = self._current
        return self._waiting_bytes + (current.size_bytes if current else 0)

    def waiting_files(self) -> int:
        return len(self._waiting) + (self._current is not None)

    def write(self, lines: Sequence[RawLine]) -> None:
        """Fsync the lines in a write-ahead file. Raises StoreError if the disk or the spool is full."""
        if self.size_bytes() > self._config.max_bytes:
            limit = self._config.max_bytes // 1_048_576
            raise StoreError("storing events", f"the spool has reached its limit of {limit} MiB", "check the raw store")
        with self._lock:
            try:
                if self._current is None:
                    self._current = _Wal(self._folder / f"{self._clock_ns():020d}.wal")
                self._current.append(lines)
            except OSError as error:
                self._close_current()  # its end may be torn: nothing may follow it
                raise _error(error) from error
            if self._current.size_bytes >= SHIP_BYTES or self._current.lines >= self.max_lines:
                self._close_current()

    def _close_current(self) -> None:
        """Close the present file and let it wait for the shipper. The caller holds the lock."""
        wal, self._current = self._current, None
        if wal is None:
            return
        wal.close()
        if wal.lines:
            self._waiting.append(wal.path)
            self._waiting_bytes += wal.size_bytes
            self._work.set()

    def _ship_all(self) -> None:
        """Run the shipper's thread, oldest file first. A file that fails moves behind the others and is tried again.

        While the store is down, the present file keeps growing, so that fewer objects must be shipped later.
        """
        pause_s = FIRST_PAUSE_S
        failed = 0  # in a row
        is_store_down = False
        while True:
            with self._lock:
                is_closing = self._is_closing
                is_old = self._current and self._current.age_s() >= SHIP_EVERY_S and not is_store_down
                if is_old or is_closing:
                    self._close_current()
            if failed >= len(self._waiting):  # nothing waits, or everything that waits has failed
                if is_closing:
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
        """Ship the first waiting file; return the error if that failed. No error may end the thread."""
        size_bytes, failed = 0, None
        try:
            size_bytes = path.stat().st_size
            self._shipper.ship(path)
        except Exception as error:
            facts = {"waiting_bytes": self.size_bytes()}
            is_known = isinstance(error, StoreError | OSError)
            _log.warning("failed to ship %s: %s", path.name, error, extra=facts, exc_info=not is_known)
            failed = error
        with self._lock:
            self._waiting.pop(0)
            if failed is None:
                self._waiting_bytes = max(0, self._waiting_bytes - size_bytes)
            else:
                self._waiting.append(path)
        return failed


class Shipper:
    """Turns write-ahead files into raw objects."""

    def __init__(self, store: RawStore, config: SpoolConfig, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._config = config
        self._clock_ns = clock_ns

    def ship(self, path: Path) -> None:
        """Store the lines of a write-ahead file, then remove it. Raises StoreError or OSError; call it again then."""
        lines = list(read_wal(path))
        saved = path.with_suffix(".keys")
        if lines:
            packed = pack(lines, self._config.layout, lambda: new_name(self._clock_ns))
            keys = self._names(saved, [key for key, _ in packed])
            self._store.put([(key, data) for key, (_, data) in zip(keys, packed, strict=False)])
        path.unlink()
        saved.unlink(missing_ok=True)

    def _names(self, saved: Path, new: list[str]) -> list[str]:
        """Return the names to use: those of a recent attempt, none if all its objects are stored, else the new ones.

        A file of names that the disk has damaged is ignored.
        """
        keys = saved.read_bytes().decode("utf-8", "replace").split() if saved.exists() else []
        if keys and all(map(parse_key, keys)):
            is_recent = time.time() - saved.stat().st_mtime < self._config.name_life_s
            if is_recent and len(keys) == len(new):
                return keys
            if len(still_there(self._store, keys)) == len(keys):
                return []
        temporary = saved.with_suffix(".new")
        write_synced(temporary, "\n".join(new).encode())
        temporary.rename(saved)
        sync(saved.parent)
        return new


class _Wal:
    """The write-ahead file that is being written. Its name is durable before anything is acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self.size_bytes = 0
        self._opened_at = time.monotonic()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        sync(path.parent)

    def append(self, lines: Sequence[RawLine]) -> None:
        """Write and fsync a record. After an OSError the file ends with its last whole record, and must be closed."""
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
        """Close the file; remove it if it is empty, so that a full disk does not fill with empty files."""
        with suppress(OSError):
            os.close(self._descriptor)
            if not self.lines:
                self.path.unlink()


def take_lock(folder: Path) -> int | None:
    """Lock a spool until the returned descriptor is closed; return None if another process holds the lock.

    Raises OSError if the folder does not exist or may not be written.
    """
    lock_file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock_file)
        return None
    return lock_file


def list_wals(folder: Path) -> list[Path]:
    """Return the write-ahead files of a spool, oldest first, including the one being written; [] without a folder."""
    return sorted(folder.glob("*.wal"))


def read_wal(path: Path) -> Iterator[RawLine]:
    """Yield the lines of a write-ahead file up to its first torn record; what follows was never acknowledged."""
    data = path.read_bytes()
    position = 0
    while position + _RECORD.size <= len(data):
        length, crc = _RECORD.unpack_from(data, position)
        start, position = position + _RECORD.size, position + _RECORD.size + length
        if position > len(data) or length == 0 or zlib.crc32(data[start:position]) != crc:
            return
        yield from map(RawLine, data[start:position].split(b"\n"))


def _error(error: OSError) -> StoreError:
    why = f"{error.strerror or error}: {error.filename}" if error.filename else str(error.strerror or error)
    return StoreError("writing the spool", why, "check that the folder is writable and the disk has space")
