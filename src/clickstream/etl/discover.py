"""Which raw objects are not loaded yet.

In: the raw store's folders, and what the warehouse says is loaded (`raw_objects`, `watermarks`,
`closed_days`). Out: names, oldest day first; and the days that this listing lets be closed.
Guarantee: an object that was visible when the pass began is found, now or, if its name is irregular
and lies behind the watermark, when its day is listed whole: 2 h after its end, or on `reconcile`.

The watermark of a day and kind never passes start of pass - SETTLE: a name may appear that much after
its own time, and is still in front of the watermark.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from clickstream.raw.keys import Kind, RawName, day_prefix, parse_key
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse

SETTLE = timedelta(seconds=300)
CLOSE_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one listing found.

    names: objects to load, sorted by (day, kind, name). closable: days listed whole after their end.
    started_at: when the listing began; the settle time counts back from here.
    """

    names: list[RawName]
    closable: list[date]
    started_at: datetime


def discover(warehouse: DuckWarehouse, store: LocalStore, now: datetime, reconcile: Collection[date] = ()) -> Discovery:
    """List every open day from its watermark. `reconcile`: days to list whole, open or closed."""
    closed = {row[0] for row in warehouse.fetch("select day from closed_days").rows}
    marks = {(row[0], row[1]): row[2] for row in warehouse.fetch("select day, kind, name from watermarks").rows}
    names: list[RawName] = []
    closable: list[date] = []
    for day in store.days():
        if day in closed and day not in reconcile:
            continue
        is_over = now >= start_of(day) + timedelta(days=1) + CLOSE_AFTER
        candidates = store.file_names(day)
        if not is_over and day not in reconcile:
            candidates = [name for name in candidates if not _is_behind(name, day, marks)]
        names += _not_loaded(warehouse, day, candidates)
        if is_over and day not in closed:
            closable.append(day)
    return Discovery(names, closable, now)


def start_of(day: date) -> datetime:
    """First instant of a UTC day."""
    return datetime.combine(day, time(), UTC)


def _is_behind(name: str, day: date, marks: dict[tuple[date, str], str]) -> bool:
    """Whether a name lies at or behind its watermark, and is one that watermarks speak of."""
    kind = Kind.BATCH if name.startswith(Kind.BATCH) else Kind.EVENT
    mark = marks.get((day, kind))
    if mark is None or day_prefix(day) + name > mark:
        return False
    raw = parse_key(day, name)
    return raw is None or raw.instant is not None


def _not_loaded(warehouse: DuckWarehouse, day: date, candidates: list[str]) -> list[RawName]:
    found = [raw for raw in (parse_key(day, name) for name in candidates) if raw is not None]
    if not found:
        return []
    known = warehouse.fetch(
        "select name from raw_objects where day = $day and name in (select unnest($names))",
        {"day": day, "names": [raw.key for raw in found]},
    )
    loaded = {row[0] for row in known.rows}
    return sorted((raw for raw in found if raw.key not in loaded), key=lambda raw: raw.key)


def settled_mark(names: list[RawName], started_at: datetime) -> dict[tuple[date, Kind], str]:
    """The watermarks that loading `names` (and all before them) allows: (day, kind) -> key."""
    marks: dict[tuple[date, Kind], str] = {}
    for raw in names:
        if raw.instant is not None and raw.instant <= started_at - SETTLE:
            key = (raw.day, raw.kind)
            marks[key] = max(marks.get(key, ""), raw.key)
    return marks
