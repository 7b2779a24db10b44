"""Chunks of raw objects -> typed rows, vectorised.

In: raw objects as read. Out: the table `events` of this module's own in-memory DuckDB, in the columns of
`clickstream_events`, and the chunk it came from (segments, bad rows). DuckDB parses for every target engine.
Guarantee: each non-blank line of each object becomes exactly one row of `events`, one erased line or one
bad row. An object whose lines DuckDB cannot all read as named events is judged line by line in Python
first (chunk.py), alone: what becomes of a line depends on its own object only, never on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import duckdb

from clickstream.etl.chunk import Chunk, RawObject, is_plain
from clickstream.event import EVENT_NAMESPACE

FIELDS = (  # noqa: SIM905 - a list of words reads better as words
    "eventName eventId createdAt sentAt pageUrl pageTitle referrer userId userLoginState identitySource clientId "
    "sessionId isFirstVisit country product element order properties _ingest _erased"
).split()
MAX_READ_BYTES = 16 * 1_048_576
"""The longest line that DuckDB reads. Its buffers are twice that: a file of two buffers is read by two threads."""
_COLUMNS = "{" + ", ".join(f"'{name}': 'JSON'" for name in FIELDS) + "}"
_LINES = f"read_json($file, format = 'newline_delimited', columns = {_COLUMNS}, maximum_object_size = $size)"


class Parser:
    """Owns the in-memory DuckDB that parses, and one file below `stage` that hands it the lines."""

    def __init__(self, stage: Path, currency: str, threads: int | None = None) -> None:
        stage.mkdir(parents=True, exist_ok=True)
        self._file = stage / "chunk.ndjson"
        self.connection = duckdb.connect(config={} if threads is None else {"threads": threads})
        self.connection.execute("set TimeZone = 'UTC'")
        folder = files("clickstream.etl")
        macros = (folder / "sql" / "parse_macros.sql").read_text(encoding="utf-8")
        self.connection.execute(macros.replace("{namespace}", EVENT_NAMESPACE.hex))
        self.connection.execute("set variable currency = $currency", {"currency": currency})
        self._parse_sql = (folder / "sql" / "parse.sql").read_text(encoding="utf-8").replace("{lines}", _LINES)
        self._place_sql = (folder / "sql" / "place.sql").read_text(encoding="utf-8")

    def close(self) -> None:
        self.connection.close()
        self._file.unlink(missing_ok=True)

    def parse(self, objects: Sequence[RawObject]) -> Chunk:
        """Fill the table `events` with the rows of `objects`, and the view `erased_lines` with their erased lines."""
        judged = {raw.name.key for raw in objects if not is_plain(raw)}
        chunk = _chunk_of(objects, judged)
        is_read = self._read(chunk)
        plain = [raw for raw in objects if raw.name.key not in judged]
        found = self._nameless(chunk) if is_read else self._unreadable(plain)
        if found or not is_read:
            judged |= found
            chunk = _chunk_of(objects, judged)
            if not self._read(chunk):
                raise AssertionError("lines that were judged good cannot be read")  # our fault, never the data's
        self._put_places(chunk)
        self.connection.execute(self._place_sql)
        return chunk

    def _unreadable(self, objects: Sequence[RawObject]) -> set[str]:
        """Keys of objects that hold a line which is no named event; found by halves, so that one costs few readings."""
        if not objects:
            return set()
        chunk = _chunk_of(objects, frozenset())
        if self._read(chunk):
            return self._nameless(chunk)
        if len(objects) == 1:
            return {objects[0].name.key}
        middle = len(objects) // 2
        return self._unreadable(objects[:middle]) | self._unreadable(objects[middle:])

    def _read(self, chunk: Chunk) -> bool:
        """Parse the lines into the table `parsed`; False when that fails or gives another number of rows."""
        with self._file.open("wb") as file:
            file.writelines(chunk.parts)
        try:
            self.connection.execute(self._parse_sql, {"file": str(self._file), "size": MAX_READ_BYTES})
        except duckdb.Error:
            return False
        rows = self.connection.execute("select count(*) from parsed").fetchone()
        return rows == (chunk.rows,)

    def _nameless(self, chunk: Chunk) -> set[str]:
        """Keys of objects with a line that has no plain name; their names are looked at in Python."""
        nameless = "not is_named and receipt is null"
        if not self.connection.execute(f"select 1 from parsed where {nameless} limit 1").fetchall():
            return set()
        self._put_places(chunk)
        sql = f"select distinct object from parsed positional join places where {nameless}"
        return {row[0] for row in self.connection.execute(sql).fetchall()}

    def _put_places(self, chunk: Chunk) -> None:
        """Say of each row, in the order of the rows, which line of which object it is."""
        segments = chunk.segments
        self.connection.execute(
            """
            create or replace table places as
            select
                object, hour, object_received_us,
                unnest(range(first_line, first_line + lines)) :: integer as line
            from (
                select
                    unnest($line) as first_line, unnest($lines) as lines, unnest($object) as object,
                    make_timestamptz(unnest($hour_us)) as hour, unnest($received_us) as object_received_us
            ) as segments
            """,
            {
                "line": [segment.line for segment in segments],
                "lines": [segment.count for segment in segments],
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
