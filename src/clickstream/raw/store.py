"""The raw store of the settings; and the raw store as a folder: durable creation, listing by day, reading.

In: keys of `raw.keys` and bytes. Out: the same bytes; only erasure and expiry change or delete an object.
Guarantee: when `put` returns, the objects survive a power failure. They are written under `tmp/`, fsynced, renamed to
their names, and every folder whose entries changed is fsynced.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from clickstream.durable import sync, write_synced
from clickstream.errors import StoreError
from clickstream.raw.contract import RawStore, all_or_error
from clickstream.raw.keys import EVENTS, day_of_folders, day_prefix, hour_prefix
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.settings import Settings

PARALLEL = 8
"""Files that are fsynced at a time: 500 small ones take 0.1 s instead of 1 to 3 s."""
TMP = "tmp"
STALE_TMP_S = 3600
_READ_BYTES = 65_536


def open_store(settings: Settings) -> RawStore:
    """Return the raw store of these settings. Only entry points call it. It creates and contacts nothing yet."""
    bucket = settings.raw_bucket
    if bucket is None:
        return LocalStore(settings.raw_path)
    name, prefix = bucket
    return S3Store(Bucket(name, prefix, settings.s3_endpoint))


class LocalStore:
    """A folder that holds raw objects below `events/` (and refused input below `rejected/`)."""

    lists_in_order = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = str(root)  # `put` joins text: a Path for each operation costs as much as the system calls
        self._tmp = f"{root}/{TMP}"
        self._known_folders: set[str] = set()

    @property
    def location(self) -> str:
        return str(self.root)

    def prepare(self) -> None:
        """Make the folders, and remove what a crashed writer left under `tmp/` more than an hour ago.

        Raises StoreError if the folder cannot be written.
        """
        try:
            for name in (EVENTS, TMP):
                self._make_folder(f"{self._root}/{name}")
            now = datetime.now(UTC).timestamp()
            for entry in os.scandir(self.root / TMP):
                if now - entry.stat().st_mtime > STALE_TMP_S:
                    Path(entry.path).unlink(missing_ok=True)
        except OSError as error:
            raise self._error("preparing", error) from error

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Store each (key, bytes); all of them are durable when this returns.

        After a StoreError, some may be stored nevertheless, under names that were not acknowledged.
        """
        put = [(f"{self._tmp}/{key.replace('/', '-')}", f"{self._root}/{key}", data) for key, data in objects]
        folders = {target.rpartition("/")[0] for _, target, _ in put}
        try:
            for folder in (self._tmp, *folders):
                self._make_folder(folder)
            self._write_all([(temporary, data) for temporary, _, data in put])
            for temporary, target, _ in put:
                os.rename(temporary, target)  # noqa: PTH104 - see _root
            for folder in folders:
                sync(folder)
        except OSError as error:
            self._known_folders.clear()  # a folder may have been deleted: check again next time
            for temporary, _, _ in put:
                with suppress(OSError):  # do not leave them on a full disk
                    os.unlink(temporary)  # noqa: PTH108 - see _root
            raise self._error("writing", error) from error

    def _write_all(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write and fsync each file. Several at a time share one commit of the disk's journal."""
        if len(files) == 1:
            write_synced(*files[0])
            return
        writes = [self._pool.submit(write_synced, path, data) for path, data in files]
        errors = [error for write in writes if (error := write.exception()) is not None]
        if errors:
            raise errors[0]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(PARALLEL, "fsync")

    def put_unsynced(self, key: str, data: bytes) -> None:
        """Store an object without waiting for the disk: for copies that may be lost."""
        target = self.root / key
        with suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def read(self, key: str) -> bytes:
        """Return the bytes of an object. Raises StoreError if it does not exist."""
        try:
            return _read(f"{self.root}/{key}")
        except OSError as error:
            raise self._error("reading", error, key) from error

    def read_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """Yield the bytes of each object, in order. One at a time: a disk is faster than the start of a thread."""
        return all_or_error(self.read_each(keys))

    def read_each(self, keys: Iterable[str]) -> Iterator[bytes | StoreError]:
        """Yield the bytes of each object, in order, or why it cannot be read."""
        root = f"{self.root}/"
        for key in keys:
            try:
                data = _read(root + key)
            except OSError as error:
                yield self._error("reading", error, key)
            else:
                yield data

    def days(self) -> list[date]:
        """Return the days that have a folder, in order. Folders that are not dates are skipped."""
        try:
            return sorted(self._day_folders())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._error("listing", error) from error

    def changed_ns(self, day: date) -> int | None:
        """Return when the folder of `day`, or of an hour in it, last gained or lost an object (ns since 1970)."""
        folder = f"{self._root}/{day_prefix(day)}"
        times = []
        for path in (folder, *(folder + hour_prefix(hour) for hour in range(24))):
            with suppress(OSError):
                times.append(os.stat(path).st_mtime_ns)  # noqa: PTH116 - see _root
        return max(times, default=None)

    def file_names(self, day: date, after: str = "") -> list[str]:
        """Return the names below the folder of `day` that sort after `after`, unordered. It lists the whole folder."""
        folder = self.root / day_prefix(day)
        try:
            names = os.listdir(folder)  # noqa: PTH208 - a third of iterdir's time at 100,000 names
            for name in [name for name in names if "." not in name]:  # only folders: of hours, or of others
                if (folder / name).is_dir():
                    names.remove(name)
                    names += self._files_below(folder / name, folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._error("listing", error) from error
        return [name for name in names if name > after] if after else names

    def keys_outside_days(self) -> Iterator[str]:
        """Yield the keys below `events/` that are not below the folder of a day."""
        days = {f"{self._root}/{day_prefix(day)}".rstrip("/") for day in self.days()}
        parents = {str(parent) for day in days for parent in list(Path(day).parents)[:3]}
        for parent in sorted(parents | {f"{self._root}/{EVENTS}"}):
            with suppress(FileNotFoundError):
                for entry in sorted(Path(parent).iterdir()):
                    if entry.is_file():
                        yield entry.relative_to(self.root).as_posix()
                    elif str(entry) not in parents and str(entry) not in days:
                        yield from self._files_below(entry, self.root)

    def _files_below(self, folder: Path, root: Path) -> Iterator[str]:
        """Yield the files at any depth below a folder, relative to `root`."""
        for path, _, names in os.walk(folder):
            relative = Path(path).relative_to(root).as_posix()
            yield from (f"{relative}/{name}" for name in names)

    def modified_at(self, key: str) -> datetime:
        """Return when the object was last written (UTC). Raises StoreError if it does not exist."""
        try:
            return datetime.fromtimestamp((self.root / key).stat().st_mtime, UTC)
        except OSError as error:
            raise self._error("reading", error, key) from error

    def keys(self, folder: str) -> list[str]:
        """Return every key below a folder such as `rejected/`, in order."""
        found = sorted((self.root / folder).rglob("*"))
        return [path.relative_to(self.root).as_posix() for path in found if path.is_file()]

    def replace(self, key: str, data: bytes) -> None:
        """Replace the bytes of an object, durably. Its time stays: an irregular name takes its hour from it."""
        target = self.root / key
        temporary = self.root / TMP / target.name
        try:
            before = target.stat() if target.exists() else None
            self._make_folder(self._tmp)
            self._make_folder(str(target.parent))
            write_synced(temporary, data)
            if before is not None:
                os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
            temporary.rename(target)
            sync(target.parent)
        except OSError as error:
            self._known_folders.clear()
            raise self._error("writing", error) from error

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects durably, and the folders that this leaves empty."""
        folders = set()
        try:
            for key in keys:
                target = self.root / key
                target.unlink(missing_ok=True)
                folders.add(target.parent)
                if key.startswith(f"{EVENTS}/"):
                    folders.update(list(target.parents)[: max(key.count("/") - 3, 0)])  # up to that of the day
            self._known_folders -= set(map(str, folders))
            for folder in sorted(folders, reverse=True):  # the deepest first
                if folder.is_dir():
                    sync(folder)
                    with suppress(OSError):  # it still holds other objects
                        folder.rmdir()
        except OSError as error:
            raise self._error("deleting from", error) from error

    def _day_folders(self) -> Iterator[date]:
        for year in _folders(self.root / EVENTS, 4):
            for month in _folders(year, 2):
                for day in _folders(month, 2):
                    found = day_of_folders(year.name, month.name, day.name)
                    if found is not None:
                        yield found

    def _make_folder(self, path: str) -> None:
        """Make a folder and its missing parents, and fsync each parent."""
        if path in self._known_folders:
            return
        folder = Path(path)
        if not folder.is_dir():
            if folder.parent != folder:
                self._make_folder(str(folder.parent))
            folder.mkdir(exist_ok=True)
            sync(folder.parent)
        self._known_folders.add(path)

    def _error(self, doing: str, error: OSError, key: str = "") -> StoreError:
        """Return what failed. key: the object, since the system does not name a file that was open already."""
        why = error.strerror or str(error)
        path = error.filename or self.root / key
        advice = "check that the folder exists, is accessible and has free space"
        return StoreError(f"{doing} the raw store", f"{why}: {path}", advice)


def _folders(parent: Path, digits: int) -> Iterator[Path]:
    for entry in os.scandir(parent):
        if len(entry.name) == digits and entry.name.isdecimal() and entry.is_dir():
            yield Path(entry.path)


def _read(path: str) -> bytes:
    """Return the content of a file. A small one takes three system calls; Path.read_bytes makes eight."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = os.read(descriptor, _READ_BYTES)
        if len(data) < _READ_BYTES:
            return data
        parts = [data]
        while data:
            data = os.read(descriptor, 16 * _READ_BYTES)
            parts.append(data)
        return b"".join(parts)
    finally:
        os.close(descriptor)
