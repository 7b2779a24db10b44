"""Deletes what is older than the settings allow: raw objects by whole UTC days, and rows of the warehouse.

In: how many days each is kept, the time. Out: fewer objects, fewer rows; `expired_days` records their days, so that the
ledger leaves them out. Guarantee: no raw object is deleted before it is loaded; no session is cut in two; if the
process is killed, the next expiry completes the work. First seen and clients stay, so that returning visitors do
not become new ones; `expired_totals` keeps what the rows add up to. Loading continues meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from clickstream.etl.erasure.raw_store import REJECTED
from clickstream.etl.load import Load, count_removal, next_load_id, record_load
from clickstream.etl.run import Loader
from clickstream.etl.sql import run_statements
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from clickstream.raw.listing import objects_of
from clickstream.warehouse.contract import Warehouse


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How many whole days are kept, besides today. None keeps everything."""

    raw_days: int | None = None
    warehouse_days: int | None = None


@dataclass(slots=True)
class ExpiryResult:
    """What was deleted, or would be. unloaded: days whose objects stay because some of them are not loaded."""

    raw_before: date | None = None
    raw_days: int = 0
    raw_objects: int = 0
    rejected: int = 0
    unloaded: list[date] = field(default_factory=list)
    warehouse_before: date | None = None
    events: int = 0
    sessions: int = 0
    orders: int = 0
    duplicates: int = 0
    bad_rows: int = 0


def expire(
    loader: Loader, keep: RetentionConfig, *, dry_run: bool = False, progress: Progress = no_progress
) -> ExpiryResult:
    """Delete what is older than `keep` allows; with `dry_run`, only count it."""
    today = loader.stamp().loaded_at.astimezone(UTC).date()
    found = ExpiryResult()
    if keep.raw_days is not None:
        found.raw_before = today - timedelta(days=keep.raw_days)
        _expire_raw(loader, found.raw_before, found, progress, dry_run=dry_run)
    if keep.warehouse_days is not None:
        found.warehouse_before = today - timedelta(days=keep.warehouse_days)
        progress(0, 0, "deleting rows")
        _expire_rows(loader, found.warehouse_before, found, dry_run=dry_run)
    return found


def _expire_raw(loader: Loader, before: date, found: ExpiryResult, progress: Progress, *, dry_run: bool) -> None:
    store, warehouse = loader.store, loader.warehouse
    days = [day for day in store.days() if day < before]
    for position, day in enumerate(days):
        progress(position, len(days), "deleting raw days")
        if not _is_loaded(store, warehouse, day):
            found.unloaded.append(day)
            continue
        keys = store.keys(day_prefix(day))
        found.raw_days += 1
        found.raw_objects += len(keys)
        if not dry_run:
            _close_expired(warehouse, day, loader.stamp().loaded_at)
            store.delete(keys)
    refused = [key for key in store.keys(REJECTED) if _day_of_rejected(key) < before]
    found.rejected = len(refused)
    if not dry_run:
        store.delete(refused)


def _is_loaded(store: RawStore, warehouse: Warehouse, day: date) -> bool:
    """Return whether every object of the day is in the warehouse, or was when the day's expiry began."""
    rows = warehouse.fetch("select name from raw_objects where day = $day", {"day": day}).rows
    if not rows and warehouse.fetch("select 1 from expired_days where day = $day and part = 'raw'", {"day": day}).rows:
        return True  # an earlier expiry was killed while it deleted the day
    loaded = {row[0] for row in rows}
    return all(name.key in loaded for name in objects_of(store, day))


def _close_expired(warehouse: Warehouse, day: date, now: datetime) -> None:
    """Stop discovering objects of the day, and leave it out of the ledger; only then may its objects be deleted."""
    with warehouse.transaction() as cursor:
        params = {"day": day, "now": now}
        cursor.execute("delete from closed_days where day = $day", {"day": day})
        cursor.execute("insert into closed_days values ($day, $now)", params)
        cursor.execute("delete from expired_days where day = $day and part = 'raw'", {"day": day})
        cursor.execute("insert into expired_days values ($day, 'raw', $now)", params)


def _expire_rows(loader: Loader, before: date, found: ExpiryResult, *, dry_run: bool) -> None:
    stamp = loader.stamp()
    params = {"before": datetime.combine(before, time(), UTC), "now": stamp.loaded_at}
    with loader.warehouse.transaction() as cursor:
        load_id = next_load_id(cursor)
        run_statements(cursor, "expire", params)
        (counts,) = cursor.fetch("select * from expired_counts").dicts()
        for name, count in counts.items():
            setattr(found, name, int(count))
        if not dry_run:
            run_statements(cursor, "expired_totals")
            run_statements(cursor, "expire_rows", {**params, "load_id": load_id})
            if any(counts.values()):
                # Its own load number: caches of answers are keyed by the last load, and must miss from now on.
                record_load(cursor, Load(load_id, 0, 0, 0), stamp)
                count_removal(cursor, found.events)
    if not dry_run and any(counts.values()):
        loader.warehouse.tidy()


def _day_of_rejected(key: str) -> date:
    """Return the day in `rejected/YYYY/MM/DD/…`; a key without a day never expires."""
    try:
        return date(*map(int, key.split("/")[1:4]))
    except (ValueError, TypeError):
        return date.max
