"""Bad lines, read again from their raw objects with today's code.

In: a loader, and which bad rows. Out: those that can be read now are loaded as in a normal load, as events, duplicates
or erased lines, and leave `bad_rows`; the others stay, with today's reason. The object's other lines are loaded already
and are not touched. Guarantee: one transaction for each chunk of objects, so that the ledger balances at every moment,
a replay that is killed has changed nothing or all of a chunk, and a second one finds nothing to do.
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
    """Which bad rows: those of a reason, or of an object, or all. Every bad line of a chosen object is read again."""

    reason: str | None = None
    object: str | None = None


@dataclass(slots=True)
class Replayed:
    """What a replay did. loaded: lines that are no bad rows any more. gone: objects that the raw store has no more.

    load_id: of its last transaction, None when nothing changed.
    """

    objects: int = 0
    lines: int = 0
    loaded: int = 0
    still_bad: int = 0
    gone: int = 0
    load_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the warehouse says of some objects. bad: their bad rows. lines, hours: as they were accounted for."""

    bad: Mapping[Position, BadRow]
    lines: Mapping[str, int]
    hours: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """good: lines that load now. changed: bad rows with another reason or other bytes than before. still: bad lines."""

    good: frozenset[Position]
    changed: Sequence[BadRow]
    still: int


def replay(loader: Loader, chosen: ReplayFilter, progress: Progress = no_progress) -> Replayed:
    """Read the chosen bad lines again, and load what can be loaded. Raises StoreError, WarehouseError."""
    keys = _objects_with(loader.warehouse, chosen)
    there = still_there(loader.store, keys)
    done = Replayed(gone=len(keys) - len(there))
    while done.objects < len(there):
        with loader.warehouse.reading() as cursor:
            erasures = count_erasures(cursor)
        for objects in read_objects(loader.store, there[done.objects :]):
            part = _replay_chunk(loader, objects, erasures)
            if part is None:
                break  # what was read is not what is there now: read on from here anew
            done.objects += len(objects)
            done.lines += part.lines
            done.loaded += part.loaded
            done.still_bad += part.still_bad
            done.load_id = part.load_id or done.load_id
            progress(done.objects, len(there))
    return done


def _objects_with(warehouse: Warehouse, chosen: ReplayFilter) -> list[str]:
    """Keys of the objects that have such bad rows."""
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


def _replay_chunk(loader: Loader, objects: Sequence[RawObject], erasures: int) -> Replayed | None:
    """Replay some objects in one transaction; None when lines were erased, or replayed by somebody else, before it."""
    keys = [raw.name.key for raw in objects]
    with loader.warehouse.reading() as cursor:
        known = _known(cursor, keys)
    objects = [_in_its_hour(raw, known.hours[raw.name.key]) for raw in objects]
    chunk = loader.parser.parse(objects)
    verdict = _judge(chunk, known)
    done = Replayed(len(objects), len(known.bad), len(verdict.good), verdict.still)
    if not verdict.good and not verdict.changed:
        return done
    loader.parser.keep_only(verdict.good)  # the others are loaded already
    with closing(loader.stage_rows()) as rows, loader.warehouse.transaction() as cursor:
        if count_erasures(cursor) != erasures or _known(cursor, keys) != known:
            return None
        done.load_id = _store(cursor, loader, rows, replace_bad=_changed_chunk(chunk, verdict), good=verdict.good)
    return done


def _known(cursor: Cursor, keys: Sequence[str]) -> _Known:
    bad = cursor.fetch(
        "select object, line, reason, original from bad_rows where object in (select unnest(cast($keys as text[])))",
        {"keys": keys},
    ).rows
    objects = cursor.fetch(
        "select name, lines, hour from raw_objects where name in (select unnest(cast($keys as text[])))",
        {"keys": keys},
    ).rows
    return _Known(
        {(row[0], row[1]): BadRow(*row) for row in bad},
        {name: lines for name, lines, _ in objects},
        {name: hour.astimezone(UTC) for name, _, hour in objects},
    )


def _in_its_hour(raw: RawObject, hour: datetime) -> RawObject:
    """The object in the hour that it is accounted in: one whose name tells no time has another when it is mended."""
    is_same = raw.received_at.replace(minute=0, second=0, microsecond=0) == hour
    return raw if is_same else replace(raw, received_at=hour)


def _judge(chunk: Chunk, known: _Known) -> _Verdict:
    """What became of the lines that are not loaded yet: the bad ones, and those behind the end that was known."""
    open_lines = set(known.bad) | {
        (name, line) for name, count in chunk.lines.items() for line in range(known.lines[name] + 1, count + 1)
    }
    bad = {(row.object, row.line): row for row in chunk.bad_rows if (row.object, row.line) in open_lines}
    # A bad line behind the object's present end cannot be read again: it stays as it is.
    good = frozenset(place for place in open_lines - bad.keys() if place[1] <= chunk.lines[place[0]])
    changed = [row for place, row in bad.items() if known.bad.get(place) != row]
    return _Verdict(good, changed, len(open_lines) - len(good))


def _changed_chunk(chunk: Chunk, verdict: _Verdict) -> Chunk:
    return Chunk(objects=chunk.objects, bad_rows=list(verdict.changed), lines=chunk.lines)


def _store(cursor: Cursor, loader: Loader, rows: StagedRows, *, replace_bad: Chunk, good: frozenset[Position]) -> int:
    """Load the staged rows, and put the bad rows of `replace_bad` in the place of what stood there."""
    load_id, stamp = next_load_id(cursor), loader.stamp()
    rows.put_into(cursor)
    load_staged_rows(cursor, load_id, stamp)
    gone = [*good, *((row.object, row.line) for row in replace_bad.bad_rows)]
    cursor.execute(
        """
        create temp table reread as
        select unnest(cast($objects as text[])) as object, unnest(cast($lines as integer[])) as line,
            unnest(cast($is_good as boolean[])) as is_good
        """,
        {
            "objects": [name for name, _ in gone],
            "lines": [line for _, line in gone],
            "is_good": [place in good for place in gone],
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
