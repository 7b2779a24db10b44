"""Reads bad lines again from their raw objects, with the current code.

In: a loader, and a choice of bad rows. Out: lines that can be read now are loaded as in a normal load, as events,
duplicates or erased lines, and leave `bad_rows`; the others stay, with today's reason. The object's other lines are
loaded already and are not touched. Guarantee: each chunk of objects is one transaction, so that the ledger balances at
every moment, a replay that is killed has changed all of a chunk or nothing, and a second replay has nothing to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from clickstream.etl.chunk import Chunk, RawObject, read_objects
from clickstream.etl.load import Load, count_erasures, insert_bad_rows, load_staged_rows, next_load_id, record_load
from clickstream.etl.run import Loader
from clickstream.event import BadRow
from clickstream.progress import Progress, no_progress
from clickstream.raw.listing import still_there
from clickstream.warehouse.contract import Cursor, StagedRows, Warehouse

Position = tuple[str, int]
"""(object, line)"""


class ReplayFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bad rows to read: those with a reason, those of an object, or all.

    Every bad line of a chosen object is read again.
    """

    reason: str | None = None
    object: str | None = None


@dataclass(slots=True)
class ReplayResult:
    """What a replay did.

    loaded: lines that are no longer bad rows. gone: objects that the raw store no longer has. load_id: of its last
    transaction; None when nothing changed.
    """

    objects: int = 0
    lines: int = 0
    loaded: int = 0
    still_bad: int = 0
    gone: int = 0
    load_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the warehouse records about some objects: their bad rows, numbers of lines and hours."""

    bad: Mapping[Position, BadRow]
    lines: Mapping[str, int]
    hours: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """good: lines that load now. changed: bad rows with a new reason or new bytes. still_bad: number of bad lines."""

    good: frozenset[Position]
    changed: Sequence[BadRow]
    still_bad: int


def replay(loader: Loader, chosen: ReplayFilter, progress: Progress = no_progress) -> ReplayResult:
    """Read the chosen bad lines again and load what can be loaded. Raises StoreError, WarehouseError."""
    keys = _objects_with(loader.warehouse, chosen)
    there = still_there(loader.store, keys)
    done = ReplayResult(gone=len(keys) - len(there))
    while done.objects < len(there):
        with loader.warehouse.reading() as cursor:
            erasures = count_erasures(cursor)
        for objects in read_objects(loader.store, there[done.objects :]):
            part = _replay_chunk(loader, objects, erasures)
            if part is None:
                break  # the objects have changed since they were read: read them again
            done.objects += len(objects)
            done.lines += part.lines
            done.loaded += part.loaded
            done.still_bad += part.still_bad
            done.load_id = part.load_id or done.load_id
            progress(done.objects, len(there))
    return done


def _objects_with(warehouse: Warehouse, chosen: ReplayFilter) -> list[str]:
    """Return the keys of the objects that have such bad rows."""
    rows = warehouse.fetch(
        """
        select name from raw_objects
        where name in (
            select object from bad_rows
            where reason = coalesce(cast($reason as text), reason) and object = coalesce(cast($object as text), object)
        )
        """,
        {"reason": chosen.reason, "object": chosen.object},
    ).rows
    return [row[0] for row in rows]


def _replay_chunk(loader: Loader, objects: Sequence[RawObject], erasures: int) -> ReplayResult | None:
    """Replay some objects in one transaction; None when another process erased or replayed lines before it."""
    keys = [raw.name.key for raw in objects]
    with loader.warehouse.reading() as cursor:
        recorded = _recorded(cursor, keys)
    objects = [_in_its_hour(raw, recorded.hours[raw.name.key]) for raw in objects]
    chunk = loader.parser.parse(objects)
    outcome = _judge(chunk, recorded)
    done = ReplayResult(len(objects), len(recorded.bad), len(outcome.good), outcome.still_bad)
    if not outcome.good and not outcome.changed:
        return done
    loader.parser.keep_only(outcome.good)  # the others are loaded already
    with closing(loader.stage_rows()) as rows, loader.warehouse.transaction() as cursor:
        if count_erasures(cursor) != erasures or _recorded(cursor, keys) != recorded:
            return None
        done.load_id = _store(cursor, loader, rows, replace_bad=_changed_chunk(chunk, outcome), good=outcome.good)
    return done


def _recorded(cursor: Cursor, keys: Sequence[str]) -> _Recorded:
    bad = cursor.fetch(
        "select object, line, reason, original from bad_rows where object in (select unnest(cast($keys as text[])))",
        {"keys": keys},
    ).rows
    objects = cursor.fetch(
        "select name, lines, hour from raw_objects where name in (select unnest(cast($keys as text[])))",
        {"keys": keys},
    ).rows
    return _Recorded(
        {(row[0], row[1]): BadRow(*row) for row in bad},
        {name: lines for name, lines, _ in objects},
        {name: hour.astimezone(UTC) for name, _, hour in objects},
    )


def _in_its_hour(raw: RawObject, hour: datetime) -> RawObject:
    """Return the object with the hour that the ledger counts it in.

    An object whose name has no time would move to another hour when its file is rewritten.
    """
    is_same = raw.received_at.replace(minute=0, second=0, microsecond=0) == hour
    return raw if is_same else replace(raw, received_at=hour)


def _judge(chunk: Chunk, recorded: _Recorded) -> _Outcome:
    """Judge the lines that are not loaded yet: the bad ones, and those after the end that was recorded."""
    open_lines = set(recorded.bad) | {
        (name, line) for name, count in chunk.lines.items() for line in range(recorded.lines[name] + 1, count + 1)
    }
    bad = {(row.object, row.line): row for row in chunk.bad_rows if (row.object, row.line) in open_lines}
    # A bad line after the object's present end cannot be read again: it stays as it is.
    good = frozenset(position for position in open_lines - bad.keys() if position[1] <= chunk.lines[position[0]])
    changed = [row for position, row in bad.items() if recorded.bad.get(position) != row]
    return _Outcome(good, changed, len(open_lines) - len(good))


def _changed_chunk(chunk: Chunk, outcome: _Outcome) -> Chunk:
    return Chunk(objects=chunk.objects, bad_rows=list(outcome.changed), lines=chunk.lines)


def _store(cursor: Cursor, loader: Loader, rows: StagedRows, *, replace_bad: Chunk, good: frozenset[Position]) -> int:
    """Load the staged rows, and replace the bad rows at the positions of `replace_bad`; return the load number."""
    load_id, stamp = next_load_id(cursor), loader.stamp()
    rows.put_into(cursor)
    load_staged_rows(cursor, load_id, stamp)
    positions = [*good, *((row.object, row.line) for row in replace_bad.bad_rows)]
    cursor.execute(
        """
        create temp table reread as
        select unnest(cast($objects as text[])) as object, unnest(cast($lines as integer[])) as line,
            unnest(cast($is_good as boolean[])) as is_good
        """,
        {
            "objects": [name for name, _ in positions],
            "lines": [line for _, line in positions],
            "is_good": [position in good for position in positions],
        },
    )
    cursor.execute(
        "insert into erased select object, line, hour, receipt from new_erased "
        "where (object, line) in (select object, line from reread where is_good)"
    )
    cursor.execute("delete from bad_rows where (object, line) in (select object, line from reread)")
    insert_bad_rows(cursor, replace_bad, load_id)
    for name, count in replace_bad.lines.items():
        cursor.execute(
            "update raw_objects set lines = $count where name = $name and lines < $count",
            {"name": name, "count": count},
        )
    record_load(cursor, Load(load_id, 0, len(good), len(replace_bad.bad_rows)), stamp)
    return load_id
