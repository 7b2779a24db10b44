"""The keeper of a lake's mart: it is complete already, and the reader follows the lake (reader.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from clickstream.errors import WarehouseError
from clickstream.lake.reader import LakeMart
from clickstream.mart.file import Mart
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import Refresh, mart_position
from clickstream.progress import Progress, no_progress


class LakeKeeper(MartKeeper):
    """Lends the mart of a lake. path: the folder of the lake."""

    @cached_property
    def mart(self) -> Mart:
        """The mart of the lake. Raises WarehouseError where there is none."""
        return LakeMart(self.path)

    def current(self, progress: Progress = no_progress) -> Mart:  # noqa: ARG002 - it takes no time
        """Return the mart."""
        return self.mart

    @contextmanager
    def peek(self) -> Iterator[Mart | None]:
        """Lend the mart."""
        yield self.mart

    def start(self) -> None:
        """Open the mart; it needs no refreshes."""
        assert self.mart

    def refresh(self, progress: Progress = no_progress) -> Refresh:  # noqa: ARG002 - it takes no time
        """Return the position that the lake shows."""
        return Refresh("unchanged", mart_position(self.mart))

    def build(self, progress: Progress = no_progress) -> Refresh:  # noqa: ARG002 - it takes no time
        """Raise a WarehouseError: the mart was made when the lake was written."""
        why = f"{self.path} is a lake, which is written whole"
        raise WarehouseError("building the mart", why, "write the lake again: clickstream export --lake")
