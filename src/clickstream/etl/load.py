"""Parsed rows -> warehouse: everything of one chunk, in one transaction.

In: a parsed chunk. Out: events, duplicates, bad rows, erased lines, sessions, clients, first sightings, orders, what of
these is gone, the objects themselves, the watermarks, and the load's own row. Guarantee: all of it or nothing. An
object is loaded once its row in `raw_objects` exists; loaders take turns, and each leaves out what another has loaded
meanwhile (docs/decisions/0009). An event that comes twice is a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import msgspec

import clickstream
from clickstream.etl.chunk import Chunk
from clickstream.etl.sql import run_statements
from clickstream.raw.keys import Kind
from clickstream.warehouse.contract import Cursor, StagedRows, Warehouse
from clickstream.warehouse.dialects import fill

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BAD_ROWS_AT_ONCE = 20_000
"""An empty object whose name counts a million lines makes a million bad rows; as parameters they take 1 kB each."""
LOAD_STATEMENTS = ("duplicates", "sessionize", "facts", "orders", "refunds", "sessions", "visitors", "gone")
"""The statement files of a load, in their order."""
_NEEDED_IF = {
    "orders": "exists (select 1 from touched_orders) or exists (select 1 from touched where orders > 0)",
    "refunds": "exists (select 1 from touched_orders) or exists (select 1 from incoming where @is_refund(event_name)) "
    "or exists (select 1 from replaced where @is_refund(event_name))",
    "gone": "exists (select 1 from replaced)",
}
"""Statement files that a load may leave out, since most loads of few events touch no order, and when it needs them."""
_STAGED_OBJECTS = {"incoming": "raw_object", "new_events": "raw_object", "new_erased": "object"}


@dataclass(frozen=True, slots=True)
class Load:
    """What one transaction did. lines: loaded + duplicate + bad + erased."""

    load_id: int
    objects: int
    lines: int
    bad: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a load happens, and the settings that its rows depend on besides the raw objects."""

    loaded_at: datetime
    currency: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ParsedChunk:
    """A chunk that is ready to load. watermarks: to set when it is loaded.

    erasures: how many erasures there were before its objects were read.
    """

    chunk: Chunk
    rows: StagedRows
    watermarks: Mapping[tuple[date, Kind], str]
    erasures: int


class ErasedMeanwhileError(Exception):
    """Lines were erased after these objects were read, so they must be read again. It never leaves the Loader."""


def load(warehouse: Warehouse, parsed: ParsedChunk, stamp: Stamp) -> Load:
    """Load a chunk, without what another loader has loaded since it was discovered. Raises ErasedMeanwhileError."""
    with warehouse.transaction() as cursor:
        if count_erasures(cursor) != parsed.erasures:
            raise ErasedMeanwhileError
        load_id = next_load_id(cursor)
        parsed.rows.put_into(cursor)
        chunk = _without_loaded(cursor, parsed.chunk) if warehouse.is_shared else parsed.chunk
        if not chunk.objects:
            return Load(load_id - 1, 0, 0, 0)
        load_staged_rows(cursor, load_id, stamp)
        insert_bad_rows(cursor, chunk, load_id)
        cursor.execute("insert into erased select object, line, hour, receipt from new_erased")
        result = Load(load_id, len(chunk.objects), sum(chunk.lines.values()), len(chunk.bad_rows))
        _insert_objects(cursor, chunk, load_id)
        _move_watermarks(cursor, parsed.watermarks)
        record_load(cursor, result, stamp)
    return result


def count_erasures(cursor: Cursor) -> int:
    """Return how many erasures the warehouse has recorded."""
    return int(cursor.scalar("select count(*) from erasures"))


def next_load_id(cursor: Cursor) -> int:
    """Return the number of the load that this transaction makes."""
    return int(cursor.scalar("select coalesce(max(load_id), 0) + 1 from loads"))


def new_epoch(cursor: Cursor) -> None:
    """Start a new epoch: what follows the warehouse reads everything again, and needs no notes of what is gone."""
    cursor.execute("update warehouse_epoch set epoch = gen_random_uuid()")
    cursor.execute("delete from gone")


def count_removal(cursor: Cursor, removed: int) -> None:
    """Start a new epoch if this transaction has removed more than a fifth of the events."""
    if removed * 5 > removed + int(cursor.scalar("select count(*) from clickstream_events")):
        new_epoch(cursor)


def load_staged_rows(cursor: Cursor, load_id: int, stamp: Stamp) -> None:
    """Load the events of the staged rows, and all that follows: sessions, orders, refunds, visitors."""
    span = cursor.fetch("select min(event_timestamp), max(event_timestamp) from incoming").rows[0]
    params = {"load_id": load_id, "earliest": span[0], "latest": span[1], "currency": stamp.currency}
    for name in LOAD_STATEMENTS:
        needed_if = _NEEDED_IF.get(name)
        if needed_if is None or cursor.scalar(fill("select {needed_if}", needed_if=needed_if)):
            run_statements(cursor, name, params)


def record_load(cursor: Cursor, result: Load, stamp: Stamp) -> None:
    """Insert the load's own row: what it did, by which code and settings."""
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
    """Return the chunk without objects that another loader has loaded meanwhile, and unstage their rows.

    It is certain only now that this transaction has the lock of the writers.
    """
    found = cursor.fetch(
        "select name from raw_objects where name in (select unnest(cast($names as text[])))",
        {"names": [raw.name.key for raw in chunk.objects]},
    )
    loaded = {row[0] for row in found.rows}
    if not loaded:
        return chunk
    delete = "delete from {table} where {column} in (select unnest(cast($names as text[])))"
    for table, column in _STAGED_OBJECTS.items():
        cursor.execute(fill(delete, table=table, column=column), {"names": list(loaded)})
    return Chunk(
        objects=[raw for raw in chunk.objects if raw.name.key not in loaded],
        bad_rows=[row for row in chunk.bad_rows if row.object not in loaded],
        lines={name: count for name, count in chunk.lines.items() if name not in loaded},
    )


def insert_bad_rows(cursor: Cursor, chunk: Chunk, load_id: int) -> None:
    """Insert the bad rows of a chunk, in the hours of their objects."""
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


def _insert_objects(cursor: Cursor, chunk: Chunk, load_id: int) -> None:
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
        # Texts, not lists: a list of 50,000 is bound item by item, which takes four times as long. No key contains //.
        {
            "names": "//".join([raw.name.key for raw in objects]),
            "hours": ",".join([str(_instant(raw.hour_us)) for raw in objects]),
            "lines": ",".join([str(chunk.lines[raw.name.key]) for raw in objects]),
            "load_id": load_id,
        },
    )


def _move_watermarks(cursor: Cursor, watermarks: Mapping[tuple[date, Kind], str]) -> None:
    """Move watermarks ahead, never back: another loader may be further."""
    for (day, kind), name in watermarks.items():
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
    """Convert an hour; the objects of a chunk share few."""
    return _EPOCH + timedelta(microseconds=micros)
