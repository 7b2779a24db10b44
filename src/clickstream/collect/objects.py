"""Lines of accepted events -> named raw objects, stored at once (acknowledgement mode `store`).

In: lines. Out: nothing, once all their objects are durable; StoreError if one is not. A name is created when the upload
starts. An upload that takes longer than NAME_LIFE_S is not acknowledged: the loader may have passed its name, and would
find it only when the day is over. The client sends the events again; copies with the same event ids count once.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

import uuid_utils

from clickstream.errors import StoreError
from clickstream.event import RawLine
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import batch_key, event_key

NAME_LIFE_S = 150.0
"""How long a name may be used: half of the time by which the loader's watermark stays behind the present."""

FOLDER_LINGER_S = 0.010
BUCKET_LINGER_S = 0.050
BUCKET_PARALLEL = 16

MAX_LINES = {"batch": 10_000, "single": 500}
"""Most lines that are stored together: fewer where each line is an object with its own fsync or PUT."""

Layout = Literal["batch", "single"]


def new_name(clock_ns: Callable[[], int]) -> UUID:
    """Return a UUIDv7 of the present time."""
    return UUID(int=uuid_utils.uuid7(nanoseconds=clock_ns()).int)


def pack(lines: Sequence[RawLine], layout: Layout, name: Callable[[], UUID]) -> list[tuple[str, bytes]]:
    """Return key and bytes of each object. The same lines and names give the same bytes, so that a retry is equal."""
    if layout == "single" or len(lines) == 1:
        return [(event_key(name()), line) for line in lines]
    return [(batch_key(name(), len(lines)), gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1, mtime=0))]


class StoreSink:
    """Writes groups of lines straight into the raw store. Safe for several threads."""

    def __init__(self, store: RawStore, layout: Layout, clock_ns: Callable[[], int]) -> None:
        is_bucket = store.lists_in_order
        self.parallel = BUCKET_PARALLEL if is_bucket else 1
        self.linger_s = BUCKET_LINGER_S if is_bucket else FOLDER_LINGER_S
        self.max_lines = MAX_LINES[layout]
        self._store = store
        self._layout: Layout = layout
        self._clock_ns = clock_ns

    def write(self, lines: Sequence[RawLine]) -> None:
        """Store the lines durably. Raises StoreError."""
        started = time.monotonic()
        self._store.put(pack(lines, self._layout, lambda: new_name(self._clock_ns)))
        if time.monotonic() - started > NAME_LIFE_S:
            raise StoreError("storing events", f"the write took longer than {NAME_LIFE_S:.0f} s", "check the raw store")
