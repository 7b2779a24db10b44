"""Which raw objects are not loaded yet.

In: the raw store's folders, and what the warehouse says is loaded (`raw_objects`, `closed_days`).
Out: names, oldest day first; and the days that this listing lets be closed.
Guarantee: every object that was visible in an open day when the pass began is found. A day is closed when
it has been listed whole 2 h after its end; whatever appears there later waits for `reconcile`.

A folder can only be listed whole, so the watermark is no bound for it; it is kept for stores that can list
from a name. It never passes start of pass - SETTLE: a name may appear that much after its own time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import time_ns

from clickstream.raw.keys import Kind, RawName, day_prefix, parse_key
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse

SETTLE = timedelta(seconds=300)
CLOSE_AFTER = timedelta(hours=2)
UNSURE_NS = 2_000_000_000
"""A folder that changed this shortly before it was listed may have changed again within its clock's tick."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one listing found.

    names: objects to load, sorted by (day, kind, name). closable: days listed whole after their end.
    started_at: when the listing began; the settle time counts back from here.
    """

    names: list[RawName]
    closable: list[date]
    started_at: datetime


class Discoverer:
    """Lists the open days of a store, and remembers what it need not look at again."""

    def __init__(self, warehouse: DuckWarehouse, store: LocalStore) -> None:
        self._warehouse = warehouse
        self._store = store
        self._loaded: dict[date, set[str]] = {}
        self._unchanged_ns: dict[date, int] = {}

    def discover(self, now: datetime, reconcile: Collection[date] = ()) -> Discovery:
        """List every open day, and those of `reconcile`, open or closed."""
        closed = {row[0] for row in self._warehouse.fetch("select day from closed_days").rows}
        found = Discovery([], [], now)
        for day in self._store.days():
            if day in closed and day not in reconcile:
                self._loaded.pop(day, None)
                continue
            if now >= start_of(day) + timedelta(days=1) + CLOSE_AFTER and day not in closed:
                found.closable.append(day)
            elif self._is_unchanged(day):
                continue
            found.names.extend(self._new_names(day))
        return found

    def _is_unchanged(self, day: date) -> bool:
        """Whether the folder of `day` is as it was when all of it had been loaded."""
        changed_ns = self._store.changed_ns(day)
        return changed_ns is not None and self._unchanged_ns.get(day) == changed_ns

    def _new_names(self, day: date) -> list[RawName]:
        changed_ns = self._store.changed_ns(day)
        loaded = self._loaded.setdefault(day, set())
        prefix = day_prefix(day)
        unknown = [name for name in self._store.file_names(day) if prefix + name not in loaded]
        found = [raw for raw in (parse_key(day, name) for name in unknown) if raw is not None]
        if found:
            known = self._warehouse.fetch(
                "select name from raw_objects where day = $day and name in (select unnest($names))",
                {"day": day, "names": [raw.key for raw in found]},
            )
            loaded.update(row[0] for row in known.rows)
        names = sorted((raw for raw in found if raw.key not in loaded), key=lambda raw: raw.key)
        if not names and changed_ns is not None and time_ns() - changed_ns > UNSURE_NS:
            self._unchanged_ns[day] = changed_ns
        return names


def start_of(day: date) -> datetime:
    """First instant of a UTC day."""
    return datetime.combine(day, time(), UTC)


def settled_marks(names: list[RawName], started_at: datetime) -> dict[tuple[date, Kind], str]:
    """The watermarks that loading `names` (and all before them) allows: (day, kind) -> key."""
    marks: dict[tuple[date, Kind], str] = {}
    for raw in names:
        if raw.instant is not None and raw.instant <= started_at - SETTLE:
            place = (raw.day, raw.kind)
            marks[place] = max(marks.get(place, ""), raw.key)
    return marks
