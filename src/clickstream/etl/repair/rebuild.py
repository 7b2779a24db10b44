"""Builds the whole warehouse anew from the raw store, in a shadow beside the live one, and compares; swaps on demand.

In: a site (the live warehouse, its store, its loader), and a wish. Out: what moves and why (compare.py), as plain JSON
values. The live warehouse goes on loading and answering; its writers wait for the end of the work alone. Guarantee:
without `apply` nothing changes; with it all changes in one transaction (swap.py), and nothing that arrived meanwhile is
lost, since the shadow holds every object that the live warehouse holds. A rebuild that is killed leaves the live
warehouse as it was; the next one begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from clickstream.errors import WarehouseError
from clickstream.etl.discover import SETTLE
from clickstream.etl.load import count_erasures
from clickstream.etl.repair.compare import compare
from clickstream.etl.repair.retain import (
    event_columns,
    live_prefix,
    retain_daily_counts,
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

DOING = "building the warehouse anew"
FEW = 10
_EVER = date(1, 1, 1)
_EXPIRED = "select day from expired_days where part = 'warehouse'"
_IS_CARRIED = f"(day < $first or day in ({_EXPIRED}))"
"""Objects that are not read again: of days before the first, and of those whose rows expired and shall stay away."""

_READ_OBJECTS = "select name, day from raw_objects where not {is_carried}"


@dataclass(frozen=True, slots=True)
class RebuildContext:
    """Where to build. load: one pass of the live warehouse's own loader. make_loader: a loader of another warehouse,
    from the same store by the same settings."""

    warehouse: Warehouse
    store: RawStore
    clock: Callable[[], datetime]
    load: Callable[[], object]
    make_loader: Callable[[Warehouse], Loader]


class RebuildRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """apply: put the new rows in the place of the old. first: objects of earlier days (UTC) are not read again: their
    rows are carried over as they are; None = everything is read."""

    apply: bool = False
    first: date | None = None


def rebuild(site: RebuildContext, wish: RebuildRequest, progress: Progress = no_progress) -> dict[str, Any]:
    """Build, compare, and apply if wished. Raises WarehouseError when it cannot be done without losing something."""
    settled = site.clock() - SETTLE
    site.load()
    with site.warehouse.shadow() as shadow, closing(site.make_loader(shadow)) as loader:
        building = _Building(site, wish, loader)
        missed = building.begin(settled, progress)
        building.catch_up()
        with site.warehouse.transaction() as cursor:  # nobody loads from here on
            building.finish(cursor)
            # Only now may this cursor look into the shadow: what it saw once, it sees to its end.
            result = compare(cursor, event_columns(shadow), loader.stamp().settings, wish.first)
            if wish.apply:
                swap(cursor)
    if wish.apply:
        site.warehouse.tidy()
    return {
        "applied": wish.apply,
        "from": wish.first and wish.first.isoformat(),
        "objects": len(building.held),
        "lines": building.lines,
        "never_loaded": missed,
        **result,
    }


class _Building:
    """A shadow that is being filled. held: names of the objects that were read into it; lines: theirs."""

    def __init__(self, site: RebuildContext, wish: RebuildRequest, loader: Loader) -> None:
        self.held: set[str] = set()
        self.lines = 0
        self._site = site
        self._loader = loader
        self._shadow = loader.warehouse
        self._live = live_prefix(site.warehouse)
        self._first = wish.first or _EVER
        self._days = {"first": self._first}
        self._read_loads = 0  # of the live warehouse: what they loaded is read into the shadow, or is about to be
        self._carried_loads = 0
        self._removals = (0, 0)

    def begin(self, settled: datetime, progress: Progress) -> int:
        """Carry what no object tells, read all that is there; how many objects the live warehouse had never loaded.

        An object that it has not loaded, and that is not older than `settled`, is on its way: it is left to it.
        """
        with self._site.warehouse.reading() as cursor:
            self._read_loads, self._removals = _last_load(cursor), _removals(cursor)
            rows = cursor.fetch(fill(_READ_OBJECTS, is_carried=_IS_CARRIED), self._days).rows
            expired = {row[0] for row in cursor.fetch(_EXPIRED).rows}
        store = self._site.store
        days = [day for day in store.days() if day >= self._first and day not in expired]
        listed = list(objects_in_order(store, days))
        _assert_all_there(rows, {name.key for name in listed})
        loaded = {row[0] for row in rows}
        missed = {name.key for name in listed if name.key not in loaded and self._appeared(name) < settled}
        with self._site.warehouse.transaction() as cursor:  # nothing changes while rows are carried
            retain_foreign(self._shadow, self._live)
            self._retain(cursor)
        self._read([name for name in listed if name.key in loaded or name.key in missed], progress)
        return len(missed)

    def catch_up(self) -> None:
        """Read what the live warehouse loaded meanwhile, until little is left for the time when it has to wait."""
        while True:
            with self._site.warehouse.reading() as cursor:
                names, known = self._news(cursor), _last_load(cursor)
            self._read(names)
            self._read_loads = known
            if len(names) < FEW:
                return

    def finish(self, cursor: Cursor) -> None:
        """Bring in the last of it, in a transaction of the live warehouse."""
        if _removals(cursor) != self._removals:  # what went may stand in the shadow still
            raise WarehouseError(DOING, "data was erased or expired meanwhile", "run it again; nothing has changed")
        self._retain(cursor)
        self._read(self._news(cursor))
        retain_first_sights(self._shadow, self._live)
        retain_daily_counts(self._shadow, self._live)

    def _retain(self, cursor: Cursor) -> None:
        """Objects of days that are not read again, as far as they are not in the shadow yet."""
        objects = cursor.fetch(
            fill(
                "select name, lines from raw_objects where {is_carried} and load_id > $known order by day, name",
                is_carried=_IS_CARRIED,
            ),
            {**self._days, "known": self._carried_loads},
        ).rows
        retain_objects(self._shadow, self._live, [(row[0], row[1]) for row in objects], self._loader.stamp())
        self._carried_loads = _last_load(cursor)

    def _read(self, names: list[RawName], progress: Progress = no_progress) -> None:
        self.lines += self._loader.load_objects(names, progress).lines
        self.held.update(name.key for name in names)

    def _news(self, cursor: Cursor) -> list[RawName]:
        """What the live warehouse has loaded since, and the shadow has not."""
        rows = cursor.fetch(
            fill(f"{_READ_OBJECTS} and load_id > $known order by day, name", is_carried=_IS_CARRIED),
            {**self._days, "known": self._read_loads},
        ).rows
        return [name for key, _ in rows if key not in self.held and (name := parse_key(key)) is not None]

    def _appeared(self, name: RawName) -> datetime:
        return name.instant or self._site.store.modified_at(name.key)


def _assert_all_there(loaded: Collection[tuple[str, date]], listed: Collection[str]) -> None:
    gone = [day for name, day in loaded if name not in listed]
    if gone:
        start = max(gone) + timedelta(days=1)
        why = f"{len(gone):,} loaded objects are in the raw store no more, of {min(gone)} to {max(gone)}"
        raise WarehouseError(DOING, why, f"--from {start} reads what is newer again and carries older rows over")


def _last_load(cursor: Cursor) -> int:
    return int(cursor.scalar("select coalesce(max(load_id), 0) from loads"))


def _removals(cursor: Cursor) -> tuple[int, int]:
    """How often something was erased, and how much has expired."""
    return count_erasures(cursor), int(cursor.scalar("select count(*) from expired_days"))
