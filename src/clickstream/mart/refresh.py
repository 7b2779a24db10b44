"""Brings the mart up to date with its warehouse: by what the last loads changed, or from scratch.

In: an open mart, a warehouse. Out: the mart at the warehouse's last load. An update is one transaction that also notes
the load, so a process that is killed leaves either the old or the new mart. A mart that the warehouse does not know (of
another epoch, ahead of a restored backup) or that is too far behind is built again; the old one answers meanwhile. So
it is after an erasure: deleted rows would leave their bytes in the file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from clickstream.mart.file import Mart
from clickstream.mart.source import (
    Changes,
    Position,
    Slice,
    copy_orders,
    copy_people,
    copy_refunds,
    copy_slice,
    has_rows,
    knows,
    put_changes,
    read_changes,
    read_position,
    run_file,
    slices_by_time,
    slices_of,
)
from clickstream.progress import Progress, no_progress
from clickstream.warehouse.contract import Cursor, Warehouse
from clickstream.warehouse.duckdb import DuckCursor

BUILDING = "building the mart"
UPDATING = "updating the mart"
MAX_CHANGED_SHARE = 0.2
"""A mart of which more than this share changed is built again, which costs less."""
MAX_DEAD_SHARE = 0.1
FEW_SESSIONS = 20_000
FEW_HITS = 200_000
MAX_GROWTH = 2
"""A file larger than this many times what a built one would have is built again, if it is also MANY_BYTES larger."""
BYTES_PER_HIT = 30
MANY_BYTES = 16 * 2**20
Way = Literal["unchanged", "updated", "built"]


@dataclass(frozen=True, slots=True)
class Refresh:
    """What brought the mart up to date. sessions: how many were written."""

    how: Way
    position: Position
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """How a refresh would bring the mart from `known`, the position that it shows, to `now`.

    changes: what an update would write again.
    """

    way: Way
    known: Position
    now: Position
    changes: Changes | None = None


def refresh(mart: Mart, warehouse: Warehouse, progress: Progress = no_progress) -> Refresh:
    """Bring the mart up to date."""
    with warehouse.reading() as cursor:
        gap = find_gap(mart, cursor)
        if gap.way == "unchanged":
            return Refresh("unchanged", gap.known)
        if gap.changes is not None:
            progress(0, 0, UPDATING)
            return _update(mart, cursor, gap.known, gap.now, gap.changes)
    return build(mart, warehouse, progress)


def find_gap(mart: Mart, cursor: Cursor) -> Gap:
    """Find out how the mart would catch up with its warehouse, of which `cursor` is a snapshot."""
    now = read_position(cursor)
    known = Position() if mart.is_damaged else mart_position(mart)
    if not known.epoch or (known.epoch, known.erasures) != (now.epoch, now.erasures):
        return Gap("built", known, now)
    if known == now:
        return Gap("unchanged", known, now)
    if not knows(cursor, known) or _is_worn(mart):
        return Gap("built", known, now)
    changes = read_changes(cursor, known.load_id)
    with mart.reading() as reader:
        sessions = reader.scalar("select count(*) from sessions")
    if len(changes.sessions) > max(FEW_SESSIONS, MAX_CHANGED_SHARE * sessions):
        return Gap("built", known, now)
    return Gap("updated", known, now, changes)


def build(mart: Mart, warehouse: Warehouse, progress: Progress = no_progress) -> Refresh:
    """Build the mart from scratch, slice by slice, to bound memory; then catch up with what was loaded meanwhile."""
    with mart.successor() as fresh:
        with warehouse.reading() as cursor:
            start = read_position(cursor)
            parts = slices_by_time(cursor)
            total, done = sum(events for events, _ in parts), 0
            progress(0, total, BUILDING)
            with fresh.transaction() as into:
                copy_people(cursor, into, known=None)
                run_file(into, "people")
        for events, part in parts:
            with warehouse.reading() as cursor, fresh.transaction() as into:
                put_changes(into, Changes())
                run_file(into, "remove_visits")
                _write_visits(cursor, part, into)
            done += events
            progress(done, total, BUILDING)
        with warehouse.reading() as cursor, fresh.transaction() as into:
            _write_orders(cursor, into, known=None)
            _note(into, start)
        with warehouse.reading() as cursor:
            now = read_position(cursor)
            if now != start:
                _update(fresh, cursor, start, now, read_changes(cursor, start.load_id))
        position = mart_position(fresh)
        with fresh.reading() as into:
            sessions = into.scalar("select count(*) from sessions")
    with mart.transaction() as into:
        size = {"bytes": mart.path.stat().st_size}
        into.execute("update mart set built_bytes = $bytes, built_hits = (select count(*) from hits)", size)
    return Refresh("built", position, sessions)


def mart_position(mart: Mart) -> Position:
    """Return the position of the warehouse that the mart shows."""
    with mart.reading() as cursor:
        return noted_position(cursor)


def noted_position(cursor: DuckCursor) -> Position:
    """Return the position that a snapshot of the mart shows; a mart that was never built has no epoch."""
    return Position(*cursor.fetch("select epoch, load_id, loaded_at, erasures from mart").rows[0])


def _update(mart: Mart, cursor: Cursor, known: Position, now: Position, changes: Changes) -> Refresh:
    """Write again what changed since `known`."""
    with mart.transaction() as into:
        if copy_people(cursor, into, known.load_id):
            run_file(into, "people")
            if has_rows(into, "moved_pairs"):
                run_file(into, "moved_pairs")
        put_changes(into, changes)
        run_file(into, "remove_visits")
        for part in slices_of(changes):
            _write_visits(cursor, part, into)
        _write_orders(cursor, into, known.load_id)
        _note(into, now)
    return Refresh("updated", now, len(changes.sessions))


def _write_visits(cursor: Cursor, part: Slice, into: DuckCursor) -> None:
    copy_slice(cursor, part, into)
    run_file(into, "products", rows="new_events")
    run_file(into, "visits")
    if into.scalar("select count(term) from numbered"):
        run_file(into, "searches")
    into.execute("drop table numbered")


def _write_orders(cursor: Cursor, into: DuckCursor, known: int | None) -> None:
    """Write the orders and refunds of the loads after `known` again; None = all of them."""
    if copy_orders(cursor, into, known):
        run_file(into, "products", rows="new_items")
        run_file(into, "orders")
    if copy_refunds(cursor, into, known):
        run_file(into, "refunds")


def _is_worn(mart: Mart) -> bool:
    """Whether it is time to build the mart again.

    Too many rows were replaced and lie out of order, or the file is too large: small updates fill it badly.
    """
    with mart.reading() as cursor:
        written, built_hits, built_bytes, hits = cursor.fetch(
            "select hits_written, built_hits, built_bytes, (select count(*) from hits) from mart"
        ).rows[0]
    if written - hits > max(FEW_HITS, MAX_DEAD_SHARE * hits):
        return True
    per_hit = max(BYTES_PER_HIT, built_bytes / max(built_hits, FEW_HITS))
    return bool(mart.path.stat().st_size > MAX_GROWTH * per_hit * hits + MANY_BYTES)


def _note(cursor: DuckCursor, position: Position) -> None:
    cursor.execute(
        "update mart set epoch = $epoch, load_id = $load_id, loaded_at = $loaded_at, erasures = $erasures",
        asdict(position),
    )
