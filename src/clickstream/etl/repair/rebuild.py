"""Builds the whole warehouse from scratch in a shadow beside the live one, and compares; replaces the rows on request.

In: the live warehouse with its store and loader, and a request. Out: what changes and why (compare.py), as plain JSON
values. The live warehouse continues to load and answer; its writers wait only at the end. Guarantee: without `apply`
nothing changes; with it everything changes in one transaction (swap.py), and nothing that arrived meanwhile is lost,
since the shadow holds every object that the live warehouse holds. A rebuild that is killed leaves the live warehouse as
it was; the next one starts from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from clickstream.errors import WarehouseError
from clickstream.etl.adopt import adopt
from clickstream.etl.discover import SETTLE
from clickstream.etl.load import count_erasures
from clickstream.etl.repair.compare import compare
from clickstream.etl.repair.retain import (
    event_columns,
    live_prefix,
    retain_first_sights,
    retain_foreign,
    retain_objects,
)
from clickstream.etl.repair.swap import swap
from clickstream.etl.run import Loader
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName, parse_key
from clickstream.raw.listing import objects_in_order
from clickstream.warehouse.contract import Cursor, Warehouse
from clickstream.warehouse.dialects import fill

DOING = "rebuilding the warehouse"
FEW = 10
_FIRST_DAY = date(1, 1, 1)
_EXPIRED = "select day from expired_days where part = 'warehouse'"
_IS_RETAINED = f"(day < $first or day in ({_EXPIRED}))"
"""Objects that are not read again: those of days before the first, and those whose rows have expired."""

_READ_OBJECTS = "select name, day from raw_objects where not {is_retained}"


@dataclass(frozen=True, slots=True)
class RebuildContext:
    """What a rebuild works on.

    load: runs one pass of the live warehouse's own loader. make_loader: returns a loader of another warehouse, with the
    same store and settings.
    """

    warehouse: Warehouse
    store: RawStore
    clock: Callable[[], datetime]
    load: Callable[[], object]
    make_loader: Callable[[Warehouse], Loader]


class RebuildRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """apply: replace the live rows. first: retain the rows of objects of earlier days (UTC); None reads everything."""

    apply: bool = False
    first: date | None = None


def rebuild(context: RebuildContext, request: RebuildRequest, progress: Progress = no_progress) -> dict[str, Any]:
    """Build, compare, and apply if requested. Raises WarehouseError if the rebuild would lose data."""
    settled = context.clock() - SETTLE
    context.load()
    with context.warehouse.shadow() as shadow, closing(context.make_loader(shadow)) as loader:
        build = _ShadowBuild(context, request, loader)
        missed = build.begin(settled, progress)
        build.catch_up()
        with context.warehouse.transaction() as cursor:  # other loaders wait from here on
            build.finish(cursor)
            # Not earlier: within a transaction, this cursor keeps seeing the shadow as it first saw it.
            result = compare(cursor, event_columns(shadow), loader.stamp().settings, request.first)
            if request.apply:
                swap(cursor)
    if request.apply:
        context.warehouse.tidy()
    return {
        "applied": request.apply,
        "from": request.first and request.first.isoformat(),
        "objects": len(build.objects),
        "lines": build.lines,
        "never_loaded": missed,
        **result,
    }


class _ShadowBuild:
    """A shadow in the making. objects: names of the objects that were read into it. lines: how many these have."""

    def __init__(self, context: RebuildContext, request: RebuildRequest, loader: Loader) -> None:
        self.objects: set[str] = set()
        self.lines = 0
        self._context = context
        self._loader = loader
        self._shadow = loader.warehouse
        self._live = live_prefix(context.warehouse)
        self._first = request.first or _FIRST_DAY
        self._days = {"first": self._first}
        self._last_read_load = 0  # of the live warehouse: objects of loads up to it are in the shadow, or will be soon
        self._last_retained_load = 0
        self._removals = (0, 0)

    def begin(self, settled: datetime, progress: Progress) -> int:
        """Retain and read what is there; return how many objects the live warehouse had never loaded.

        An object that is not loaded yet and that appeared after `settled` is left to the live warehouse's next pass.
        """
        with self._context.warehouse.reading() as cursor:
            self._last_read_load, self._removals = _last_load(cursor), _removals(cursor)
            rows = cursor.fetch(fill(_READ_OBJECTS, is_retained=_IS_RETAINED), self._days).rows
            expired = {row[0] for row in cursor.fetch(_EXPIRED).rows}
        store = self._context.store
        days = [day for day in store.days() if day >= self._first and day not in expired]
        listed = list(objects_in_order(store, days))
        _assert_all_there(rows, {name.key for name in listed})
        loaded = {row[0] for row in rows}
        missed = {name.key for name in listed if name.key not in loaded and self._appeared(name) < settled}
        with self._context.warehouse.transaction() as cursor:  # nothing changes while rows are retained
            retain_foreign(self._shadow, self._live)
            adopt(self._shadow, self._loader.stamp())
            self._retain(cursor)
        self._read([name for name in listed if name.key in loaded or name.key in missed], progress)
        return len(missed)

    def catch_up(self) -> None:
        """Read what the live warehouse has loaded meanwhile, until little is left to read while it waits."""
        while True:
            with self._context.warehouse.reading() as cursor:
                names, last_load = self._new_objects(cursor), _last_load(cursor)
            self._read(names)
            self._last_read_load = last_load
            if len(names) < FEW:
                return

    def finish(self, cursor: Cursor) -> None:
        """Read and retain the rest, in a transaction of the live warehouse."""
        if _removals(cursor) != self._removals:  # the shadow may still hold what was removed
            raise WarehouseError(DOING, "data was erased or expired meanwhile", "run it again; nothing has changed")
        self._retain(cursor)
        self._read(self._new_objects(cursor))
        retain_first_sights(self._shadow, self._live)

    def _retain(self, cursor: Cursor) -> None:
        """Retain objects of days that are not read again, unless the shadow has them already."""
        objects = cursor.fetch(
            fill(
                "select name, lines from raw_objects where {is_retained} and load_id > $known order by day, name",
                is_retained=_IS_RETAINED,
            ),
            {**self._days, "known": self._last_retained_load},
        ).rows
        retain_objects(self._shadow, self._live, [(row[0], row[1]) for row in objects], self._loader.stamp())
        self._last_retained_load = _last_load(cursor)

    def _read(self, names: list[RawName], progress: Progress = no_progress) -> None:
        self.lines += self._loader.load_objects(names, progress).lines
        self.objects.update(name.key for name in names)

    def _new_objects(self, cursor: Cursor) -> list[RawName]:
        """Return the objects that the live warehouse has loaded since the last call, and the shadow has not."""
        rows = cursor.fetch(
            fill(f"{_READ_OBJECTS} and load_id > $known order by day, name", is_retained=_IS_RETAINED),
            {**self._days, "known": self._last_read_load},
        ).rows
        return [name for key, _ in rows if key not in self.objects and (name := parse_key(key)) is not None]

    def _appeared(self, name: RawName) -> datetime:
        return name.instant or self._context.store.modified_at(name.key)


def _assert_all_there(loaded: Collection[tuple[str, date]], listed: Collection[str]) -> None:
    missing = [day for name, day in loaded if name not in listed]
    if missing:
        start = max(missing) + timedelta(days=1)
        why = f"{len(missing):,} loaded objects of {min(missing)} to {max(missing)} are no longer in the raw store"
        advice = f"use --from {start}: it reads that day and later days again, and retains the older rows"
        raise WarehouseError(DOING, why, advice)


def _last_load(cursor: Cursor) -> int:
    return int(cursor.scalar("select coalesce(max(load_id), 0) from loads"))


def _removals(cursor: Cursor) -> tuple[int, int]:
    """Return how many erasures there were, and how many days have expired."""
    return count_erasures(cursor), int(cursor.scalar("select count(*) from expired_days"))
