"""What every raw store does, wherever it keeps its objects.

In: keys (keys.py) and bytes. Out: the same bytes. Every store keeps the same promises, and tests/raw/test_store.py
verifies them on each: an object is durable when `put` returns, reads return complete objects, and a listing shows every
object that was stored before it began. Adapters: store.py (a folder), s3.py (a bucket).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from clickstream.errors import StoreError

MOST_UNREAD = 50
"""When so many objects in a row are unreadable, the store is at fault. Fewer than S3 reads ahead, to fail early."""


class RawStore(Protocol):
    """A store of raw objects. All methods may be called from several threads; all raise StoreError.

    lists_in_order: `file_names` returns names in order and costs only what it returns; otherwise it costs a listing of
    the whole folder.
    """

    @property
    def location(self) -> str:
        """The folder or URL, as the user would write it."""

    @property
    def lists_in_order(self) -> bool: ...

    def prepare(self) -> None:
        """Make the store ready for writing; a writer calls it once, before its first `put`."""

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Store each (key, bytes); all of them are durable when this returns.

        After a StoreError, some may be stored nevertheless, under names that were not acknowledged.
        """

    def put_unsynced(self, key: str, data: bytes) -> None:
        """Store an object without a guarantee: for copies that may be lost."""

    def read(self, key: str) -> bytes:
        """Return the bytes of an object."""

    def read_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """Yield the bytes of each object, in the order of `keys`; S3 fetches many at a time."""

    def read_each(self, keys: Iterable[str]) -> Iterator[bytes | StoreError]:
        """Yield the bytes of each object, or the error of an object that cannot be read, in the order of `keys`."""

    def days(self) -> list[date]:
        """Return the days that have a folder, in order. Folders that are not dates are skipped."""

    def changed_ns(self, day: date) -> int | None:
        """Return when the folder of `day` last gained or lost an object (ns since 1970); None if that is unknown."""

    def file_names(self, day: date, after: str = "") -> Iterable[str]:
        """Return the names of the files below the folder of `day`, relative to it, that sort after `after`."""

    def keys_outside_days(self) -> Iterable[str]:
        """Return the keys below `events/` that are not below the folder of a day."""

    def modified_at(self, key: str) -> datetime:
        """Return when the object was last written (UTC)."""

    def keys(self, folder: str) -> list[str]:
        """Return every key below a folder such as `rejected/`, in order."""

    def replace(self, key: str, data: bytes) -> None:
        """Replace the bytes of an object: durably, never in part, and without a trace of the old bytes.

        Only for erasure. A folder keeps the object's time; S3 cannot.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects durably; missing ones are ignored. Only for erasure and expiry."""


def all_or_error(found: Iterable[bytes | StoreError]) -> Iterator[bytes]:
    """Yield what `read_each` found, for `read_many`, and raise the first error."""
    for data in found:
        if isinstance(data, StoreError):
            raise data
        yield data
