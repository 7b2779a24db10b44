"""The ledger: for every hour of the raw store, accepted = loaded + duplicate + bad + erased + pending.

In: the warehouse's counts (the view `ledger`) and, read after them, a full listing of the raw store.
Out: a `Ledger`. It balances when every hour adds up, nothing is pending that the last completed pass should have seen,
and no event has two rows. Each column is counted separately, so that none can hide a mistake of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from clickstream.etl.chunk import received_at
from clickstream.etl.discover import SETTLE
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName, parse_name
from clickstream.warehouse.contract import Cursor, Warehouse

DEFAULT_DAYS = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPEATED = """
    select count(*) - count(distinct event_id)
    from clickstream_events
    where event_id in (select event_id from clickstream_events where raw_hour >= $first)
"""
"""Rows beyond the first of each event id. Only of the compared days: all ids of 10 million rows would take seconds."""
_OBJECTS = "select name, @micros(hour) from raw_objects where day >= $first_day and day <= $last_day"
_HOURS = "select hour, loaded, duplicate, bad, erased from ledger where hour >= $first and hour < $end"
_EXTERNAL = "select count(*) from clickstream_events where raw_object is null and event_timestamp >= $first"


@dataclass(slots=True)
class Hour:
    """One hour (UTC) of object names; all counts are lines."""

    hour: datetime
    accepted: int = 0
    loaded: int = 0
    duplicate: int = 0
    bad: int = 0
    erased: int = 0
    pending: int = 0

    @property
    def balance(self) -> int:
        """Lines that are missing (above 0) or too many (below 0)."""
        return self.accepted - self.loaded - self.duplicate - self.bad - self.erased - self.pending


@dataclass(slots=True)
class Ledger:
    """Hours in descending order, and the objects that should have been loaded by now.

    repeated: rows beyond the first of an event id. external: rows of other clients, which come from no line.
    other_files: files below `events/` that no load reads, of the compared days and outside of any day.
    """

    hours: list[Hour] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)
    repeated: int = 0
    external: int = 0
    other_files: int = 0

    @property
    def is_balanced(self) -> bool:
        return not (self.overdue or self.repeated) and all(hour.balance == 0 for hour in self.hours)

    def as_json(self) -> dict[str, Any]:
        """Return the ledger for `--json` and the API; instants as ISO 8601 in UTC."""
        rows = [
            asdict(hour) | {"hour": f"{hour.hour:%Y-%m-%dT%H:%M:%SZ}", "balance": hour.balance} for hour in self.hours
        ]
        totals = {name: sum(row[name] for row in rows) for name in ("accepted", *_COUNTED, "pending", "balance")}
        return {
            "balanced": self.is_balanced,
            "totals": totals,
            "hours": rows,
            "overdue": self.overdue,
            "repeated": self.repeated,
            "external": self.external,
            "other_files": self.other_files,
        }


_COUNTED = ("loaded", "duplicate", "bad", "erased")


def check(warehouse: Warehouse, store: RawStore, since: date | None = None) -> Ledger:
    """Compare what was accepted with what became of it, since the day `since` (default: the last 7 with objects).

    The tables are read first and the store is listed second: what arrives in between is pending, never missing. Days
    with expired objects or rows (etl/expire.py) cannot be compared: they are left out.
    """
    with warehouse.reading() as cursor:
        marks = _read_marks(cursor)
        expired = marks.expired
        days = {row[0] for row in cursor.fetch("select distinct day from raw_objects").rows}
        first = since or _default_since(sorted({*days, *store.days()} - expired))
        loaded = {
            row[0]: row[1]
            for row in cursor.fetch("select name, hour from raw_objects where day >= $day", {"day": first}).rows
        }
        counts = cursor.fetch("select hour, loaded, duplicate, bad, erased from ledger").rows
        ledger = Ledger(external=int(cursor.scalar(_EXTERNAL, {"first": first})))
        if not warehouse.has_unique_ids:
            ledger.repeated = int(cursor.scalar(_REPEATED, {"first": first}))
    hours: dict[datetime, Hour] = {}
    for hour, *numbers in counts:
        if hour.date() >= first and hour.date() not in expired:
            _add(hours, hour, **dict(zip(_COUNTED, map(int, numbers), strict=True)))
    compared = [day for day in store.days() if day >= first and day not in expired]
    ledger.other_files = sum(1 for _ in store.keys_outside_days())
    for raw in chain.from_iterable(_objects(store, day, ledger) for day in compared):
        if raw.key in loaded:
            _add(hours, loaded[raw.key], accepted=raw.count)
            continue
        _add(hours, _start_of_hour(received_at(store, raw)), accepted=raw.count, pending=raw.count)
        if marks.is_overdue(raw):
            ledger.overdue.append(raw.key)
    ledger.hours = _newest_first(hours)
    return ledger


def read(cursor: Cursor, store: RawStore, start: datetime, end: datetime) -> Ledger:
    """Compare the hours that overlap `[start, end)`, without the days that `check` leaves out.

    cursor: on a snapshot that is older than this call. `repeated`, `external` and files outside days are not counted.
    """
    first, end = _start_of_hour(start.astimezone(UTC)), end.astimezone(UTC)
    days = {"first_day": first.date(), "last_day": (end - timedelta(microseconds=1)).date()}
    marks = _read_marks(cursor)
    loaded: dict[str, int] = dict(cursor.fetch(_OBJECTS, days).rows)
    hours: dict[datetime, Hour] = {}
    for hour, *numbers in cursor.fetch(_HOURS, {"first": first, "end": end}).rows:
        if hour.date() not in marks.expired:
            _add(hours, hour, **dict(zip(_COUNTED, map(int, numbers), strict=True)))
    ledger = Ledger()
    # The hour of an object is within the day of its folder.
    listed = [day for day in store.days() if days["first_day"] <= day <= days["last_day"] and day not in marks.expired]
    accepted: Counter[int] = Counter()  # hour in microseconds: with datetimes, 100,000 objects take twice as long
    for raw in chain.from_iterable(_objects(store, day, ledger) for day in listed):
        if (hour_us := loaded.get(raw.key)) is not None:
            accepted[hour_us] += raw.count
        elif first <= (hour := _start_of_hour(received_at(store, raw))) < end:
            _add(hours, hour, accepted=raw.count, pending=raw.count)
            if marks.is_overdue(raw):
                ledger.overdue.append(raw.key)
    for hour_us, count in accepted.items():
        hour = _EPOCH + timedelta(microseconds=hour_us)
        if first <= hour < end:
            _add(hours, hour, accepted=count)
    ledger.hours = _newest_first(hours)
    return ledger


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the passes noted: days left out, days closed, the watermark of each day and kind, the last pass."""

    expired: set[date]
    closed: set[date]
    names: dict[str, str]
    pass_started: datetime | None

    def is_overdue(self, raw: RawName) -> bool:
        """Return whether the last completed pass should have seen the object: its name is older than its settle time.

        An object before its watermark, or with an irregular name, came late or by hand: it is overdue once its day is
        closed.
        """
        if self.pass_started is None:
            return False
        mark = self.names.get(f"{raw.day}{raw.kind}")
        if raw.instant is None or (mark is not None and raw.key <= mark):
            return raw.day in self.closed
        return raw.instant < self.pass_started - SETTLE


def _read_marks(cursor: Cursor) -> _Marks:
    return _Marks(
        {row[0] for row in cursor.fetch("select day from expired_days").rows},
        {row[0] for row in cursor.fetch("select day from closed_days").rows},
        dict(cursor.fetch("select concat(day, kind), name from watermarks").rows),
        cursor.scalar("select max(started_at) from passes"),
    )


def _start_of_hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _newest_first(hours: dict[datetime, Hour]) -> list[Hour]:
    return sorted(hours.values(), key=lambda hour: hour.hour, reverse=True)


def _objects(store: RawStore, day: date, ledger: Ledger) -> Iterator[RawName]:
    """Yield the objects of a day, and count its other files."""
    for file_name in store.file_names(day):
        raw = parse_name(day, file_name)
        if raw is None:
            ledger.other_files += 1
        else:
            yield raw


def _default_since(days: list[date]) -> date:
    return days[-DEFAULT_DAYS:][0] if days else date.min


def _add(hours: dict[datetime, Hour], hour: datetime, **counts: int) -> None:
    row = hours.setdefault(hour, Hour(hour))
    for name, count in counts.items():
        setattr(row, name, getattr(row, name) + count)
