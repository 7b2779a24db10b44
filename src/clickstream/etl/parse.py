"""Chunks of raw objects -> typed rows, vectorised.

In: raw objects as read. Out: the table `parsed` of this module's own in-memory DuckDB, in the columns of
`clickstream_events`, and the chunk it came from (segments, bad rows). DuckDB parses for every target engine.
Guarantee: each non-blank line of each object becomes exactly one row of `parsed`, one erased line or one
bad row. An object whose lines DuckDB cannot all read as named events is judged line by line in Python
first (chunk.py), alone: what becomes of a line depends on its own object only, never on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import duckdb

from clickstream.etl.chunk import Chunk, RawObject, is_plain
from clickstream.event import EVENT_NAMESPACE, MAX_NAME_CHARACTERS

FIELDS = (  # noqa: SIM905 - a list of words reads better as words
    "eventName eventId createdAt sentAt pageUrl pageTitle referrer userId userLoginState identitySource clientId "
    "sessionId isFirstVisit country product element order properties _ingest _erased"
).split()
MAX_LINE_BYTES = 128 * 1_048_576
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_COLUMNS = "{" + ", ".join(f"'{name}': 'JSON'" for name in FIELDS) + "}"


class Parser:
    """Owns the in-memory DuckDB that parses, and one file below `stage` that hands it the lines."""

    def __init__(self, stage: Path, threads: int | None = None) -> None:
        stage.mkdir(parents=True, exist_ok=True)
        self._file = stage / "chunk.ndjson"
        self.connection = duckdb.connect(config={} if threads is None else {"threads": threads})
        self.connection.execute("set TimeZone = 'UTC'")
        folder = files("clickstream.etl")
        macros = (folder / "sql" / "parse_macros.sql").read_text(encoding="utf-8")
        self.connection.execute(macros.replace("{namespace}", EVENT_NAMESPACE.hex))
        self.connection.execute(f"create or replace macro blanks() as '{_BLANKS}'")
        self._parse_sql = (folder / "sql" / "parse.sql").read_text(encoding="utf-8")

    def close(self) -> None:
        self.connection.close()
        self._file.unlink(missing_ok=True)

    def parse(self, objects: Sequence[RawObject]) -> Chunk:
        """Fill the table `parsed` with the rows of `objects`, and `erased_lines` with their erased lines."""
        judged = {raw.name.key for raw in objects if not is_plain(raw)}
        judged |= {raw.name.key for raw in self._unreadable([raw for raw in objects if raw.name.key not in judged])}
        chunk = _chunk_of(objects, judged)
        if judged and not self._read(chunk):
            raise AssertionError("lines that were judged good cannot be read")  # a fault of ours, never of the data
        self._put_segments(chunk)
        self.connection.execute(self._parse_sql)
        self.connection.execute("create or replace table erased_lines as " + _ERASED)
        return chunk

    def _unreadable(self, objects: list[RawObject]) -> list[RawObject]:
        """Objects that hold a line which is no named event: found by halves, so that one costs few readings."""
        if not objects:
            return []
        chunk = _chunk_of(objects, frozenset())
        if self._read(chunk):
            return self._with_nameless(chunk)
        if len(objects) == 1:
            return objects
        middle = len(objects) // 2
        found = self._unreadable(objects[:middle]) + self._unreadable(objects[middle:])
        keys = {raw.name.key for raw in found}
        if found:  # leave `lines` as the caller of the happy path expects it: all readable objects, in order
            self._read(_chunk_of([raw for raw in objects if raw.name.key not in keys], frozenset()))
        return found

    def _read(self, chunk: Chunk) -> bool:
        """Read the lines into the table `lines`; False when that fails or gives another number of rows.

        Rows keep their order, so that `rowid` counts them from 0 (docs/decisions/0003-parsing.md).
        """
        with self._file.open("wb") as file:
            file.writelines(chunk.parts)
        source = f"read_json($file, format = 'newline_delimited', columns = {_COLUMNS}, maximum_object_size = $size)"
        try:
            self.connection.execute(
                f"create or replace table lines as from {source}",
                {"file": str(self._file), "size": MAX_LINE_BYTES},
            )
        except duckdb.Error:
            return False
        rows = self.connection.execute("select count(*) from lines").fetchone()
        return rows == (chunk.rows,)

    def _with_nameless(self, chunk: Chunk) -> list[RawObject]:
        rows = self.connection.execute(_NAMELESS, {"most": MAX_NAME_CHARACTERS}).fetchall()
        if not rows:
            return []
        self._put_segments(chunk)
        keys = self.connection.execute(_NAMELESS_OBJECTS, {"most": MAX_NAME_CHARACTERS}).fetchall()
        by_key = {raw.name.key: raw for raw in chunk.objects}
        return [by_key[row[0]] for row in keys]

    def _put_segments(self, chunk: Chunk) -> None:
        segments = chunk.segments
        self.connection.execute(
            """
            create or replace table segments as
            select
                unnest($first_row) as first_row, unnest($line) as line, unnest($object) as object,
                make_timestamptz(unnest($hour_us)) as hour, unnest($received_us) as object_received_us
            """,
            {
                "first_row": [segment.row for segment in segments],
                "line": [segment.line for segment in segments],
                "object": [segment.object.name.key for segment in segments],
                "hour_us": [segment.object.hour_us for segment in segments],
                "received_us": [segment.object.received_us for segment in segments],
            },
        )


def _chunk_of(objects: Sequence[RawObject], judged: set[str] | frozenset[str]) -> Chunk:
    chunk = Chunk()
    for raw in objects:
        if raw.name.key in judged:
            chunk.put_judged(raw)
        else:
            chunk.put_whole(raw)
    return chunk


_IS_NAMELESS = """
    not coalesce(ascii("eventName") = 34 and length(trim(text_of("eventName"), blanks())) between 1 and $most, false)
    and not ("eventName" is null and _erased is not null)
"""
_NAMELESS = f"select 1 from lines where {_IS_NAMELESS} limit 1"  # noqa: S608 - constants of this module
_NAMELESS_OBJECTS = f"""
    select distinct s.object
    from (select rowid as row_number from lines where {_IS_NAMELESS}) as l
    asof join segments as s on l.row_number >= s.first_row
"""  # noqa: S608
_ERASED = """
    select s.object, cast(s.line + l.row_number - s.first_row as integer) as line, s.hour, l.receipt
    from (
        select rowid as row_number, text_of(_erased) as receipt
        from lines
        where _erased is not null and "eventName" is null
    ) as l
    asof join segments as s on l.row_number >= s.first_row
"""
