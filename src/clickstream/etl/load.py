"""Parsed rows -> warehouse: everything of one chunk, in one transaction.

In: a parsed chunk. Out: facts, duplicates, bad rows, erased lines, sessions, clients, seen, the objects
themselves, the watermarks and the load's own row. Guarantee: all of it or nothing. An object counts as loaded
once its row is there; loaders take turns, and each looks again what the others have loaded (docs/decisions/0009).
An event that comes twice is a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

import clickstream
from clickstream.etl.chunk import Chunk
from clickstream.etl.handover import Handover, drop_objects
from clickstream.etl.rollups import keep_rollups
from clickstream.etl.sql import run_statements
from clickstream.raw.keys import Kind
from clickstream.warehouse.contract import Cursor, Warehouse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BAD_ROWS_AT_ONCE = 20_000
"""A name that counts a million lines over an empty object makes as many bad rows; as parameters they take 1 kB each."""
STEPS = ("duplicates", "sessionize", "facts", "orders", "sessions", "visitors")


@dataclass(frozen=True, slots=True)
class Load:
    """What one transaction did. lines: loaded + duplicate + bad + erased."""

    load_id: int
    objects: int
    lines: int
    bad: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a load happened, and the settings that its rows depend on besides the raw objects."""

    loaded_at: datetime
    zone: ZoneInfo
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parsed chunk that is ready to be loaded. marks: the watermarks to set when it is done.

    erasures: how many there were before its objects were read.
    """

    chunk: Chunk
    rows: Handover
    marks: Mapping[tuple[date, Kind], str]
    erasures: int


class ErasedMeanwhileError(Exception):
    """Lines were erased after these objects were read: they must be read anew. It never leaves the Loader."""


def load(warehouse: Warehouse, parcel: Parcel, stamp: Stamp) -> Load:
    """Load what somebody else has not loaded since it was discovered. Raises ErasedMeanwhileError."""
    with warehouse.transaction() as cursor:
        if count_erasures(cursor) != parcel.erasures:
            raise ErasedMeanwhileError
        load_id = next_load_id(cursor)
        parcel.rows.stage(cursor)
        chunk = _without_loaded(cursor, parcel.chunk)
        if not chunk.objects:
            return Load(load_id - 1, 0, 0, 0)
        take_in(cursor, load_id, stamp.zone)
        put_bad_rows(cursor, chunk, load_id)
        cursor.execute("insert into erased select object, line, hour, receipt from new_erased")
        result = Load(load_id, len(chunk.objects), sum(chunk.lines.values()), len(chunk.bad_rows))
        _put_objects(cursor, chunk, load_id)
        _put_marks(cursor, parcel.marks)
        note_load(cursor, result, stamp)
    return result


def count_erasures(cursor: Cursor) -> int:
    """How many erasures the warehouse knows of."""
    return int(cursor.scalar("select count(*) from erasures"))


def next_load_id(cursor: Cursor) -> int:
    """The number of the load that this transaction is."""
    return int(cursor.scalar("select coalesce(max(load_id), 0) + 1 from loads"))


def take_in(cursor: Cursor, load_id: int, zone: ZoneInfo) -> None:
    """Make events of the rows that are staged, with all that follows from them: sessions, orders, visitors, rollups."""
    span = cursor.fetch("select min(event_timestamp), max(event_timestamp) from incoming").rows[0]
    params = {"load_id": load_id, "earliest": span[0], "latest": span[1]}
    for step in STEPS:
        run_statements(cursor, step, params)
    keep_rollups(cursor, zone)


def note_load(cursor: Cursor, result: Load, stamp: Stamp) -> None:
    """The load's own row: what it did, by which code and settings."""
    cursor.execute(
        "insert into loads values ($load_id, $now, $objects, $lines, $code, $settings)",
        {
            "load_id": result.load_id,
            "now": stamp.loaded_at,
            "objects": result.objects,
            "lines": result.lines,
            "code": clickstream.__version__,
            "settings": msgspec.json.encode(stamp.settings).decode(),
        },
    )


def _without_loaded(cursor: Cursor, chunk: Chunk) -> Chunk:
    """The chunk without the objects that another loader has loaded meanwhile; their staged rows are taken out.

    Only now, behind the lock of the writers, is it sure. DuckDB has no other loader: one process holds the file.
    """
    if cursor.engine == "duckdb":
        return chunk
    found = cursor.fetch(
        "select name from raw_objects where name in (select unnest(cast($names as text[])))",
        {"names": [raw.name.key for raw in chunk.objects]},
    )
    gone = {row[0] for row in found.rows}
    if not gone:
        return chunk
    drop_objects(cursor, gone)
    return Chunk(
        objects=[raw for raw in chunk.objects if raw.name.key not in gone],
        bad_rows=[row for row in chunk.bad_rows if row.object not in gone],
        lines={name: count for name, count in chunk.lines.items() if name not in gone},
    )


def put_bad_rows(cursor: Cursor, chunk: Chunk, load_id: int) -> None:
    """Keep the bad rows of a chunk, in the hours of their objects."""
    if not chunk.bad_rows:
        return
    hours = {raw.name.key: _instant(raw.hour_us) for raw in chunk.objects}
    for start in range(0, len(chunk.bad_rows), BAD_ROWS_AT_ONCE):
        bad = chunk.bad_rows[start : start + BAD_ROWS_AT_ONCE]
        cursor.execute(
            """
            insert into bad_rows
            select
                unnest(cast($objects as text[])), unnest(cast($lines as integer[])),
                unnest(cast($hours as timestamptz[])), unnest(cast($reasons as text[])),
                unnest(cast($originals as @bytes[])), $load_id
            """,
            {
                "objects": [row.object for row in bad],
                "lines": [row.line for row in bad],
                "hours": [hours[row.object] for row in bad],
                "reasons": [row.reason for row in bad],
                "originals": [row.original for row in bad],
                "load_id": load_id,
            },
        )


def _put_objects(cursor: Cursor, chunk: Chunk, load_id: int) -> None:
    objects = chunk.objects
    if not objects:
        return
    cursor.execute(
        """
        insert into raw_objects
        select
            name, cast(replace(substr(name, 8, 10), '/', '-') as date), substr(name, 19, 5),
            cast(hour as timestamptz), cast(lines as bigint), $load_id
        from (
            select
                unnest(string_to_array($names, '//')) as name, unnest(string_to_array($hours, ',')) as hour,
                unnest(string_to_array($lines, ',')) as lines
        ) as texts
        """,
        # Texts, not lists: a list of 50,000 is bound item by item, which takes four times as long. No key holds //.
        {
            "names": "//".join([raw.name.key for raw in objects]),
            "hours": ",".join([str(_instant(raw.hour_us)) for raw in objects]),
            "lines": ",".join([str(chunk.lines[raw.name.key]) for raw in objects]),
            "load_id": load_id,
        },
    )


def _put_marks(cursor: Cursor, marks: Mapping[tuple[date, Kind], str]) -> None:
    """Move watermarks ahead, never back: another loader may be further."""
    for (day, kind), name in marks.items():
        mark = {"day": day, "kind": str(kind), "name": name}
        cursor.execute("delete from watermarks where day = $day and kind = $kind and name < $name", mark)
        cursor.execute(
            """
            insert into watermarks
            select cast($day as date), cast($kind as text), cast($name as text)
            where not exists (select 1 from watermarks where day = $day and kind = $kind)
            """,
            mark,
        )


@lru_cache(maxsize=1024)
def _instant(micros: int) -> datetime:
    """An hour; the objects of a chunk share few."""
    return _EPOCH + timedelta(microseconds=micros)
