"""Finds the raw objects that are not loaded yet.

In: listings of the raw store, and what the warehouse has loaded (`raw_objects`, `watermarks`, `closed_days`).
Out: names, oldest day first; and the days that can be closed after this listing.
Guarantee: every object that was visible in an open day when the pass began is found: at once when its name is after the
day's watermark (S3) or its folder changed (a folder is listed whole or not at all), else when the day is listed whole.
A day is closed when it was listed whole 2 h after its end; what appears there later needs `reconcile`.

A watermark never passes start of pass - SETTLE: an object may appear that much after the time in its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from time import time_ns

from clickstream.errors import StoreError
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import NEWEST_DAY, OLDEST_DAY, Kind, RawName, day_prefix, parse_name
from clickstream.raw.listing import objects_among
from clickstream.warehouse.contract import Warehouse

SETTLE = timedelta(seconds=300)
CLOSE_AFTER = timedelta(hours=2)
ONE_DAY = timedelta(days=1)
LOOK_FOR_DAYS_EVERY = timedelta(minutes=10)
"""How often the days of a store that charges for listings are listed; today and its neighbours are known."""
UNSURE_NS = 2_000_000_000
"""A folder that changed this shortly before it was listed may have changed again within one tick of its clock."""

Watermarks = dict[tuple[date, Kind], str]
"""Watermarks: (day, kind) -> the key up to which all objects are loaded."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The result of a listing.

    names: objects to load, sorted by (day, kind, name). closable: days that were listed whole after their end.
    started_at: when the listing began; the settle time counts back from it.
    """

    names: list[RawName]
    closable: list[date]
    started_at: datetime


class Discoverer:
    """Lists the open days of a store, and remembers what it need not list again."""

    def __init__(self, warehouse: Warehouse, store: RawStore) -> None:
        self._warehouse = warehouse
        self._store = store
        self._days: set[date] = set()
        self._days_seen_at: datetime | None = None
        self._loaded: dict[date, set[str]] = {}
        self._unchanged_ns: dict[date, int] = {}
        self._passed: Watermarks = {}

    def discover(self, now: datetime, reconcile: Collection[date] = ()) -> Discovery:
        """List every open day after its watermarks, and list whole those of `reconcile` and those that can be closed.

        Raises StoreError when no object can have a day of `reconcile`.
        """
        for day in reconcile:
            if not OLDEST_DAY <= day <= NEWEST_DAY:
                advice = f"name a day from {OLDEST_DAY} to {NEWEST_DAY}"
                raise StoreError(f"listing {day}", "no raw object can have that day", advice)
        with self._warehouse.reading() as cursor:
            closed = {row[0] for row in cursor.fetch("select day from closed_days").rows}
            stored = {
                (row[0], Kind(row[1])): row[2] for row in cursor.fetch("select day, kind, name from watermarks").rows
            }
        found = Discovery([], [], now)
        for day in sorted(self._known_days(now) | set(reconcile)):
            if day in closed and day not in reconcile:
                self._forget(day)
                continue
            is_over = now >= start_of(day) + ONE_DAY + CLOSE_AFTER and day not in closed
            if is_over or day in reconcile or not self._store.lists_in_order:
                names = self._from_whole_listing(day, is_forced=is_over or day in reconcile)
                found.names.extend(names)
                if is_over and (names or day in self._days):
                    found.closable.append(day)
            else:
                for kind in Kind:
                    found.names.extend(self._after_watermark(day, kind, stored.get((day, kind), ""), now))
                found.names.extend(self._in_recent_hours(day, now))
        return found

    def _known_days(self, now: datetime) -> set[date]:
        """Return the days that may have objects. On S3, which needs a request a month for that, they are remembered."""
        is_due = self._days_seen_at is None or now - self._days_seen_at >= LOOK_FOR_DAYS_EVERY
        if is_due or not self._store.lists_in_order:
            self._days = set(self._store.days())
            self._days_seen_at = now
        return self._days | {now.date() + n * ONE_DAY for n in (-1, 0, 1)}

    def _forget(self, day: date) -> None:
        self._loaded.pop(day, None)
        self._unchanged_ns.pop(day, None)
        for kind in Kind:
            self._passed.pop((day, kind), None)

    def _from_whole_listing(self, day: date, *, is_forced: bool) -> list[RawName]:
        """Return the new names of a whole day; none when its folder has not changed since all of it was loaded."""
        changed_ns = self._store.changed_ns(day)
        if not is_forced and changed_ns is not None and self._unchanged_ns.get(day) == changed_ns:
            return []
        names = self._new_names(day, self._store.file_names(day))
        if not names and changed_ns is not None and time_ns() - changed_ns > UNSURE_NS:
            self._unchanged_ns[day] = changed_ns
        return names

    def _after_watermark(self, day: date, kind: Kind, stored: str, now: datetime) -> list[RawName]:
        """Return the new names of one kind after the watermark, or after what this process has seen loaded since."""
        prefix, first = day_prefix(day), f"{kind}-"
        mark = max(stored, self._passed.get((day, kind), ""))
        after = mark.removeprefix(prefix) or first
        listed = list(takewhile(lambda name: name.startswith(first), self._store.file_names(day, after)))
        names = self._new_names(day, listed)
        if not names:
            # All of these are loaded: the next pass need not list those again that have settled.
            settled = now - SETTLE
            backwards = objects_among(day, reversed(listed))
            last = next((raw for raw in backwards if raw.instant and raw.instant <= settled), None)
            if last is not None:
                self._passed[day, kind] = last.key
                loaded = self._loaded[day]
                loaded.difference_update([name for name in loaded if first < name <= last.key.removeprefix(prefix)])
        return names

    def _in_recent_hours(self, day: date, now: datetime) -> list[RawName]:
        """Return the new names in the folders of the current and the previous hour, which some writers use.

        They have no watermark; earlier hours are listed with the whole day.
        """
        recent = [hour for hour in (now - timedelta(hours=1), now) if hour.date() == day]
        if not recent:
            return []
        # "~" sorts behind "/" and all digits: the listing begins with the folder of the first hour.
        after = f"{recent[0].hour - 1:02}~" if recent[0].hour else ""
        end = f"{recent[-1].hour:02}~"
        return self._new_names(day, takewhile(lambda name: name < end, self._store.file_names(day, after)))

    def _new_names(self, day: date, listed: Iterable[str]) -> list[RawName]:
        """Return the listed names that are objects and not loaded, in order."""
        loaded = self._loaded.setdefault(day, set())
        prefix = day_prefix(day)
        new = {name for name in set(listed) - loaded if name.isascii() or parse_name(day, name)}
        for kind in Kind:
            first = min((name for name in new if name.startswith(f"{kind}-")), default=None)
            if first is not None:
                known = self._warehouse.fetch(
                    "select name from raw_objects where day = $day and kind = $kind and name >= $first",
                    {"day": day, "kind": str(kind), "first": prefix + first},
                )
                loaded.update(row[0].removeprefix(prefix) for row in known.rows)
        if any(name[0].isdecimal() for name in new):  # in the folders of hours
            known = self._warehouse.fetch(
                "select name from raw_objects where day = $day and name < $end", {"day": day, "end": prefix + ":"}
            )
            loaded.update(row[0].removeprefix(prefix) for row in known.rows)
        return list(objects_among(day, sorted(new - loaded)))


def start_of(day: date) -> datetime:
    """Return the first instant of a UTC day."""
    return datetime.combine(day, time(), UTC)


def settled_watermarks(names: list[RawName], started_at: datetime, unread: Collection[RawName] = ()) -> Watermarks:
    """Return the watermarks to set once `names`, and all before them except the `unread`, are loaded."""
    watermarks: Watermarks = {}
    settled = started_at - SETTLE
    stops: Watermarks = {}
    for raw in unread:
        stops[raw.day, raw.kind] = min(stops.get((raw.day, raw.kind), raw.key), raw.key)
    for raw in names:
        of = (raw.day, raw.kind)
        if raw.instant is not None and raw.instant <= settled and not (of in stops and raw.key > stops[of]):
            watermarks[of] = max(watermarks.get(of, ""), raw.key)
    return watermarks
