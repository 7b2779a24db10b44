"""What every raw store does, wherever it keeps its objects.

In: keys (keys.py) and bytes. Out: the same bytes. Every store keeps the same promises, held by tests/raw/test_store.py
on each: what `put` has returned is durable, what is read is whole, and a listing shows every object that was put
before it began. Adapters: store.py (a folder), s3.py (a bucket); open.py chooses one by the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from clickstream.errors import StoreError

MOST_UNREAD = 50
"""So many unreadable objects in a row: the store is at fault. Fewer than S3 is asked for at a time, to be told soon."""


class RawStore(Protocol):
    """A place of raw objects. All verbs may be called from several threads; all raise StoreError.

    lists_in_order: `file_names` is in order and costs only what it returns; else it costs the whole folder.
    """

    @property
    def place(self) -> str:
        """The place as the user would write it."""

    @property
    def lists_in_order(self) -> bool: ...

    def prepare(self) -> None:
        """Make ready for writing; called once by a writer, before its first `put`."""

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Store each (key, bytes) durably; all of them are safe when this returns.

        After a StoreError some may be stored all the same, under names that were not acknowledged.
        """

    def put_unsynced(self, key: str, data: bytes) -> None:
        """Store an object without any promise: for copies whose loss costs nothing."""

    def read(self, key: str) -> bytes:
        """The bytes of an object."""

    def read_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """The bytes of each object, in the order of `keys`; where waiting dominates, many are fetched at a time."""

    def read_each(self, keys: Iterable[str]) -> Iterator[bytes | StoreError]:
        """As `read_many`, but an object that cannot be read comes as its error, and those behind it follow."""

    def days(self) -> list[date]:
        """Days that have a folder, in order. Folders that are no dates are passed over."""

    def changed_ns(self, day: date) -> int | None:
        """When the folder of `day` last gained or lost an object (ns since 1970); None when that cannot be told."""

    def file_names(self, day: date, after: str = "") -> Iterable[str]:
        """Names in the folder of `day` that sort behind `after`."""

    def modified_at(self, key: str) -> datetime:
        """When the object was last written (UTC)."""

    def keys(self, folder: str) -> list[str]:
        """Every key below a folder such as `rejected/`, in order."""

    def replace(self, key: str, data: bytes) -> None:
        """Put other bytes in the place of an object: durably, never half, nothing kept of what was there.

        For erasure alone. A folder keeps the object's time; S3 cannot.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects durably; one that is gone already is no error. For erasure and expiry alone."""


def all_or_error(found: Iterable[bytes | StoreError]) -> Iterator[bytes]:
    """What `read_each` finds, for `read_many`: the first error is raised."""
    for data in found:
        if isinstance(data, StoreError):
            raise data
        yield data
