"""What the mart reads of a warehouse: how far it is, what a load changed, and the rows themselves.

In: a cursor on one snapshot of the warehouse. Out: plain values, and rows handed over into temporary tables of the
mart. A reader's rights suffice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill, read_sql
from clickstream.warehouse.duckdb import DuckCursor

QUARTER_US = 900_000_000
SLICE_EVENTS = 300_000
KEYS_AT_ONCE = 5_000
_HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGED = "s.load_id > $known and s.session_key in (select unnest(cast($keys as text[])))"
_BY_TIME = {
    "sessions": "s.session_start >= cast($from as timestamptz) and s.session_start < cast($to as timestamptz)",
    "quarters": "e.event_timestamp >= cast($from as timestamptz) and e.event_timestamp < cast($to as timestamptz)",
}
_HOURS = """
    select hour, cast(sum(events) as bigint) as events
    from (
        select @micros(session_start) - @micros(session_start) % {hour} as hour, events from sessions
        union all
        select @micros(event_timestamp) - @micros(event_timestamp) % {hour}, 1
        from clickstream_events
        where session_key is null
    ) as starts
    group by hour
    order by hour
"""
_WRITTEN_QUARTERS = """
    select distinct @quarter(event_timestamp)
    from clickstream_events
    where session_key is null and (load_id > $known or load_id is null)
"""
_IN_QUARTERS = "@quarter(e.event_timestamp) in (select unnest(cast($quarters as bigint[])))"
_VISITORS_GONE = "select count(*) from gone where kind = 'visitors' and load_id > $known"
_ANY_START = (0, 2**62)
_ALL = "true"
_NEW = "load_id > $known"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a warehouse is. loaded_at: the time of the last load, in microseconds; None before the first one.

    erasures: how many persons were erased.
    """

    epoch: str = ""
    load_id: int = 0
    loaded_at: int | None = None
    erasures: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What the loads after `known` wrote or removed: keys of sessions, and quarters of events without a session.

    starts: the first and the last start of these sessions, in microseconds; a session's key fixes its start.
    """

    known: int = 0
    starts: tuple[int, int] = (0, 0)
    sessions: Sequence[str] = ()
    gone_sessions: Sequence[str] = ()
    quarters: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """Some sessions with their events, and some events without a session: SQL conditions, and their values."""

    conditions: Mapping[str, str]
    params: Mapping[str, Any] = field(default_factory=dict)


def read_position(cursor: Cursor) -> Position:
    return Position(*cursor.fetch(_sql("read_position")).rows[0])


def knows(cursor: Cursor, position: Position) -> bool:
    """Whether the warehouse contains everything up to `position`, with the same loads."""
    if not position.load_id:
        return True
    sql = "select @micros(loaded_at) from loads where load_id = $load_id"
    found = cursor.scalar(sql, {"load_id": position.load_id})
    return bool(found == position.loaded_at)


def read_changes(cursor: Cursor, known: int) -> Changes:
    """Return what the loads after `known` changed."""
    written = cursor.fetch(_WRITTEN_QUARTERS, {"known": known}).rows
    quarters = {row[0] for row in written} | {int(key) for key in _gone_keys(cursor, "quarter", known)}
    sql = "select session_key, @micros(session_start) from sessions where load_id > $known"
    sessions = cursor.fetch(sql, {"known": known}).rows
    gone_sessions = _gone_keys(cursor, "session", known)
    starts = [start for _, start in sessions] or [0]
    span = _ANY_START if gone_sessions else (min(starts), max(starts))
    return Changes(known, span, [key for key, _ in sessions], gone_sessions, sorted(quarters))


def slices_by_time(cursor: Cursor) -> list[tuple[int, Slice]]:
    """Divide the warehouse by time: (number of events, slice), each of about SLICE_EVENTS events."""
    found: list[tuple[int, Slice]] = []
    hours = cursor.fetch(fill(_HOURS, hour=str(_HOUR_US))).rows
    start = events = 0
    for position, (hour, count) in enumerate(hours):
        start, events = (hour, 0) if not events else (start, events)
        events += count
        if events >= SLICE_EVENTS or position == len(hours) - 1:
            span = {"from": _instant(start), "to": _instant(hour + _HOUR_US)}
            found.append((events, Slice(_BY_TIME, span)))
            events = 0
    return found


def slices_of(changes: Changes) -> list[Slice]:
    """Divide changes into slices."""
    keys = list(changes.sessions)
    found = [
        Slice(
            {"sessions": _CHANGED, "quarters": "false"},
            {"keys": keys[start : start + KEYS_AT_ONCE], "known": changes.known},
        )
        for start in range(0, len(keys), KEYS_AT_ONCE)
    ]
    for start in range(0, len(changes.quarters), KEYS_AT_ONCE):
        quarters = changes.quarters[start : start + KEYS_AT_ONCE]
        found.append(Slice({"sessions": "false", "quarters": _IN_QUARTERS}, {"quarters": quarters}))
    return found


def copy_slice(cursor: Cursor, part: Slice, mart: DuckCursor) -> None:
    """Hand over the rows of a slice: `new_sessions`, `new_events`."""
    _copy(cursor, mart, "new_sessions", "read_sessions", part)
    first, last = mart.fetch("select min(start_at), max(end_at) from new_sessions").rows[0]
    edges = [value for value in (first, last) if value is not None]
    edges += [_micros(part.params[name]) for name in ("from", "to") if name in part.params]
    if quarters := part.params.get("quarters"):
        edges += [min(quarters) * QUARTER_US, (max(quarters) + 1) * QUARTER_US]
    span = {"first": _instant(min(edges, default=0)), "last": _instant(max(edges, default=0))}
    _copy(cursor, mart, "new_events", "read_events", Slice(part.conditions, {**part.params, **span}))


def copy_people(cursor: Cursor, mart: DuckCursor, known: int | None) -> bool:
    """Hand over `new_seen`, `new_clients`, `gone_pairs`, `gone_clients`. known: the last load read; None = all rows.

    The warehouse does not note which of these rows it removed, since they may be those of an erased person: after
    such a load all rows are read, and the others are gone. Returns whether there is anything new or gone.
    """
    if known is not None and cursor.scalar(_VISITORS_GONE, {"known": known}):
        known = None
    part = _since(known, seen="s", clients="c")
    _copy(cursor, mart, "new_seen", "read_seen", part)
    _copy(cursor, mart, "new_clients", "read_clients", part)
    if known is None:
        run_file(mart, "gone_people")
    else:
        put_keys(mart, "gone_pairs", "integer", [])
        put_keys(mart, "gone_clients", "varchar", [])
    return known is None or has_rows(mart, "new_seen", "new_clients")


def copy_orders(cursor: Cursor, mart: DuckCursor, known: int | None) -> bool:
    """Hand over `new_orders`, `new_items`, `gone_orders`. known: the last load read; None = all rows.

    Returns whether there is anything new or gone; if not, `new_items` is not made.
    """
    part = _since(known, orders="o")
    _copy(cursor, mart, "new_orders", "read_orders", part)
    put_keys(mart, "gone_orders", "varchar", [] if known is None else _gone_keys(cursor, "order", known))
    if not has_rows(mart, "new_orders", "gone_orders"):
        return False
    _copy(cursor, mart, "new_items", "read_items", part)
    return True


def copy_refunds(cursor: Cursor, mart: DuckCursor, known: int | None) -> bool:
    """Hand over `new_refunds`, `gone_refunds`. known: the last load read; None = all rows.

    Returns whether there is anything new or gone.
    """
    _copy(cursor, mart, "new_refunds", "read_refunds", _since(known, refunds="r"))
    put_keys(mart, "gone_refunds", "varchar", [] if known is None else _gone_keys(cursor, "refund", known))
    return has_rows(mart, "new_refunds", "gone_refunds")


def has_rows(mart: DuckCursor, *tables: str) -> bool:
    """Whether any of these tables has a row."""
    return any(mart.scalar(fill("select exists (from {table})", table=table)) for table in tables)


def run_file(mart: DuckCursor, name: str, **slots: str) -> None:
    """Run the statements of a file of this package on the mart. slots: SQL for its `{…}`."""
    mart.raw.execute(fill(_sql(name), slots))


def _since(known: int | None, **aliases: str) -> Slice:
    conditions = {name: _ALL if known is None else f"{alias}.{_NEW}" for name, alias in aliases.items()}
    return Slice(conditions, {} if known is None else {"known": known})


def _gone_keys(cursor: Cursor, kind: str, known: int) -> list[str]:
    """Return the keys of what the loads after `known` removed."""
    sql = "select distinct key from gone where kind = $kind and load_id > $known"
    return [row[0] for row in cursor.fetch(sql, {"kind": kind, "known": known}).rows]


def put_changes(mart: DuckCursor, changes: Changes) -> None:
    """Make `changed_sessions`, `changed_starts` (the first and the last one) and `changed_quarters`."""
    put_keys(mart, "changed_sessions", "varchar", [*changes.sessions, *changes.gone_sessions])
    put_keys(mart, "changed_starts", "bigint", changes.starts)
    put_keys(mart, "changed_quarters", "bigint", changes.quarters)


def put_keys(mart: DuckCursor, table: str, kind: str, keys: Sequence[Any]) -> None:
    """Make a temporary table of one column from these keys."""
    sql = "create or replace temp table {table} as select unnest(cast($keys as {kind}[])) as key"
    mart.execute(fill(sql, table=table, kind=kind), {"keys": list(keys)})


def _copy(cursor: Cursor, mart: DuckCursor, table: str, query: str, part: Slice) -> None:
    sql = fill(_sql(query), part.conditions)
    used = {name: value for name, value in part.params.items() if f"${name}" in sql}
    cursor.copy_into(mart.raw, table, sql, used)


def _sql(name: str) -> str:
    return read_sql("clickstream.mart", f"sql/{name}.sql")


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
