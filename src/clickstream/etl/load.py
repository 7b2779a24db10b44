"""Parsed rows -> warehouse: everything of one chunk, in one transaction.

In: a parsed chunk. Out: facts, duplicates, bad rows, erased lines, sessions, clients, seen, the objects
themselves, the watermarks and the load's own row. Guarantee: all of it or nothing. An object counts as loaded
once its row is there, and one process at a time loads (docs/decisions/0007); an event that comes twice is a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

import clickstream
from clickstream.etl.chunk import Chunk
from clickstream.etl.parse import Parser
from clickstream.raw.keys import Kind
from clickstream.warehouse.duckdb import DuckCursor, DuckWarehouse

KEYS = """
    select
        row_number, event_id, event_timestamp, received_at, event_name, user_id, client_id, session_id,
        is_first_visit, page_path, country, is_sample, raw_object, raw_line, raw_hour
    from events
"""
STEPS = ("duplicates", "sessionize", "facts", "sessions", "visitors")


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
    settings: Mapping[str, str]


def load(
    warehouse: DuckWarehouse, parser: Parser, chunk: Chunk, marks: Mapping[tuple[date, Kind], str], stamp: Stamp
) -> Load:
    """Load the chunk that `parser` holds. `marks`: the watermarks to set when it is done."""
    with warehouse.transaction() as cursor:
        load_id = int(cursor.scalar("select coalesce(max(load_id), 0) + 1 from loads"))
        _stage(cursor, parser)
        span = cursor.fetch("select min(event_timestamp), max(event_timestamp) from incoming").rows[0]
        for step in STEPS:
            run_step(cursor, step, {"load_id": load_id, "earliest": span[0], "latest": span[1]})
        bad = _put_bad_rows(cursor, chunk, load_id)
        cursor.execute("insert into erased select object, line, hour, receipt from new_erased")
        result = Load(load_id, len(chunk.objects), sum(chunk.lines.values()), bad)
        _put_objects(cursor, chunk, load_id)
        _put_marks(cursor, marks)
        cursor.execute(
            "insert into loads values ($load_id, $now, $objects, $lines, $code, $settings)",
            {
                "load_id": load_id,
                "now": stamp.loaded_at,
                "objects": result.objects,
                "lines": result.lines,
                "code": clickstream.__version__,
                "settings": msgspec.json.encode(stamp.settings).decode(),
            },
        )
    return result


def run_step(cursor: DuckCursor, step: str, params: Mapping[str, Any]) -> None:
    """Run the statements of `sql/<step>.sql` in order, each with the parameters that it names."""
    for statement in _statements(step):
        cursor.execute(statement, {name: value for name, value in params.items() if f"${name}" in statement})


@cache
def _statements(step: str) -> tuple[str, ...]:
    text = (files("clickstream.etl") / "sql" / f"{step}.sql").read_text(encoding="utf-8")
    return tuple(part.strip() for part in text.split(";\n") if part.strip())


class _ArrowStream:
    """Hands a result to another DuckDB by the Arrow C stream; needs neither pyarrow nor external access."""

    def __init__(self, relation: Any) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)


def _stage(cursor: DuckCursor, parser: Parser) -> None:
    """Make the parser's rows readable as `new_events` and `new_erased`.

    `incoming` holds the columns that decide about a row; the wide ones travel once, into the facts. A stream brings
    all its columns, asked for or not, so the narrow ones have a stream of their own. Arrow has no UUID: the ids
    travel as text.
    """
    for name, source in (("new_events", "from events"), ("new_keys", KEYS), ("new_erased", "from erased_lines")):
        cursor.raw.register(name, _ArrowStream(parser.connection.sql(source)))
    cursor.execute("create temp table incoming as select * replace (cast(event_id as uuid) as event_id) from new_keys")


def _put_bad_rows(cursor: DuckCursor, chunk: Chunk, load_id: int) -> int:
    hours = {raw.name.key: raw.hour_us for raw in chunk.objects}
    bad = chunk.bad_rows
    if bad:
        cursor.execute(
            """
            insert into bad_rows
            select
                unnest($objects), unnest($lines), make_timestamptz(unnest($hours)), unnest($reasons),
                unnest(cast($originals as blob[])), $load_id
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
    return len(bad)


def _put_objects(cursor: DuckCursor, chunk: Chunk, load_id: int) -> None:
    objects = chunk.objects
    cursor.execute(
        """
        insert into raw_objects
        select
            unnest($names), unnest($days), unnest($kinds), make_timestamptz(unnest($hours)), unnest($lines), $load_id
        """,
        {
            "names": [raw.name.key for raw in objects],
            "days": [raw.name.day for raw in objects],
            "kinds": [str(raw.name.kind) for raw in objects],
            "hours": [raw.hour_us for raw in objects],
            "lines": [chunk.lines[raw.name.key] for raw in objects],
            "load_id": load_id,
        },
    )


def _put_marks(cursor: DuckCursor, marks: Mapping[tuple[date, Kind], str]) -> None:
    for (day, kind), name in marks.items():
        place = {"day": day, "kind": str(kind)}
        cursor.execute("delete from watermarks where day = $day and kind = $kind", place)
        cursor.execute("insert into watermarks values ($day, $kind, $name)", place | {"name": name})
