"""Lines of accepted events -> raw objects with their names, stored at once (acknowledgement mode `store`).

In: lines. Out: nothing, once every object of theirs is durable; StoreError when one is not. The name is taken when the
upload starts, and what took longer than NAME_LIFE_S is not acknowledged: it may have landed where the loader looks no
more until the day is over, so the client sends again (a copy of the same event ids, which counts once).
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
"""How long a name may be tried: half of the time for which the loader's watermark stays behind now."""

FOLDER_LINGER_S = 0.010
BUCKET_LINGER_S = 0.050
BUCKET_PARALLEL = 16

MAX_LINES = {"batch": 10_000, "single": 500}
"""Lines that are stored together: where each is an object with its own fsync or PUT, fewer."""

Layout = Literal["batch", "single"]


def new_name(clock_ns: Callable[[], int]) -> UUID:
    """A UUIDv7 of now."""
    return UUID(int=uuid_utils.uuid7(nanoseconds=clock_ns()).int)


def pack(lines: Sequence[RawLine], layout: Layout, name: Callable[[], UUID]) -> list[tuple[str, bytes]]:
    """Key and bytes of each object; the same lines and names give the same bytes, so that a retry can be compared."""
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
        """Return when the lines are durable. Raises StoreError."""
        started = time.monotonic()
        self._store.put(pack(lines, self._layout, lambda: new_name(self._clock_ns)))
        if time.monotonic() - started > NAME_LIFE_S:
            raise StoreError("storing events", f"it took longer than {NAME_LIFE_S:.0f} s", "check the raw store")
