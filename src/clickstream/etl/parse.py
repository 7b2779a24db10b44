"""Chunks of raw objects -> typed rows, vectorised.

In: raw objects as read. Out: the table `events` of this module's own in-memory DuckDB, in the columns of
`clickstream_events`, and the chunk it came from (segments, bad rows). DuckDB parses for every target engine.
Guarantee: each non-blank line of each object becomes exactly one row of `events`, one erased line or one
bad row. An object whose lines DuckDB cannot all read as named events is judged line by line in Python
first (chunk.py), alone: what becomes of a line depends on its own object only, never on its company.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum, auto
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from clickstream.etl.chunk import Chunk, RawObject, is_plain
from clickstream.etl.enrich.steps import Enrichment, EnrichmentConfig
from clickstream.event import EVENT_NAMESPACE, SNAKE_CASE

MAX_READ_BYTES = 16 * 1_048_576
"""The longest line that DuckDB reads. Its buffers are twice that."""
CAREFUL_CHUNKS = 16
"""Chunks that are read carefully after one that the quick reading could not judge: the next is often like it."""

_TEXTS = (  # noqa: SIM905 - a list of words reads better as words
    "eventName eventId createdAt sentAt pageUrl pageTitle referrer userId userLoginState identitySource clientId "
    "sessionId country userAgent"
).split()
_BLOCKS = {
    "product": "STRUCT(id VARCHAR, name VARCHAR, category VARCHAR, brand VARCHAR, price VARCHAR, "
    "discountPrice VARCHAR, urlPath VARCHAR, currency VARCHAR, discount_price VARCHAR, url_path VARCHAR)",
    "element": "STRUCT(tag VARCHAR, id VARCHAR, role VARCHAR, text VARCHAR, dataset JSON)",
    "order": "STRUCT(id VARCHAR, total VARCHAR, currency VARCHAR, items JSON)",
    "_ingest": "STRUCT(receivedAt VARCHAR, sentAt VARCHAR, userAgent VARCHAR, country VARCHAR, sourceIp VARCHAR, "
    "requestId VARCHAR)",
}
_QUICK = {
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    **_BLOCKS,
    **dict.fromkeys(("isFirstVisit", "properties", "_erased"), "JSON"),
}


class Reading(StrEnum):
    """How the lines are read; sql/read_<reading>.sql says what differs. Both give the same rows."""

    QUICK = auto()
    CAREFUL = auto()


def _lines(reading: Reading) -> str:
    types = _QUICK if reading is Reading.QUICK else dict.fromkeys(_QUICK, "JSON")
    snake = ", ".join(SNAKE_CASE)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in (types | dict.fromkeys(SNAKE_CASE, "JSON")).items())
    size = f"maximum_object_size = {MAX_READ_BYTES}"
    source = f"read_json($file, format = 'newline_delimited', columns = {{{columns}}}, {size})"
    return f"(select * exclude ({snake}), coalesce({snake}) is not null as has_snake_case from {source})"


class Parser:
    """Owns the in-memory DuckDB that parses, and one file below `stage` that hands it the lines."""

    def __init__(self, stage: Path, currency: str, rules: EnrichmentConfig | None = None) -> None:
        stage.mkdir(parents=True, exist_ok=True)
        self.file = stage / "chunk.ndjson"
        # One thread: two insert each wide row twice, and loading needs the other core (docs/decisions/0003-parsing.md).
        self.connection = duckdb.connect(config={"threads": 1, "temp_directory": str(stage / "parser.tmp")})
        self.connection.execute("set TimeZone = 'UTC'")
        folder = files("clickstream.etl")
        macros = (folder / "sql" / "parse_macros.sql").read_text(encoding="utf-8")
        self.connection.execute(macros.replace("{namespace}", EVENT_NAMESPACE.hex))
        self.connection.execute("set variable currency = $currency", {"currency": currency})
        parse_sql = (folder / "sql" / "parse.sql").read_text(encoding="utf-8")
        self._macros = {way: (folder / "sql" / f"read_{way}.sql").read_text(encoding="utf-8") for way in Reading}
        self._parse_sql = {way: parse_sql.replace("{lines}", _lines(way)) for way in Reading}
        self._reading: Reading | None = None
        self._careful_chunks = 0
        self.chunks = 0
        self._enriched_sql = "".join(
            (folder / "sql" / f"{name}.sql").read_text("utf-8") for name in ("items", "enriched")
        )
        self._events_sql = (folder / "sql" / "events.sql").read_text(encoding="utf-8")
        self._enrichment = Enrichment(self.connection, rules or EnrichmentConfig())
        self.versions = self._enrichment.versions

    def close(self) -> None:
        self.connection.close()
        self.file.unlink(missing_ok=True)

    def parse(self, objects: Sequence[RawObject]) -> Chunk:
        """Fill the tables `events`, `order_lines` and `erased_lines` with what `objects` hold."""
        self.chunks += 1
        judged = {raw.name.key for raw in objects if not is_plain(raw)}
        chunk = _chunk_of(objects, judged)
        is_read = self._read(chunk)
        plain = [raw for raw in objects if raw.name.key not in judged]
        found = self._nameless(chunk) if is_read else self._unreadable(plain)
        if found or not is_read:
            judged |= found
            chunk = _chunk_of(objects, judged)
            if not self._read(chunk):
                chunk = self._readable(objects)
        self._put_places(chunk)
        self._put_enriched()
        self.connection.execute(self._events_sql)
        return chunk

    def _put_enriched(self) -> None:
        """Fill `enriched`, a row for each row of `parsed`, in its order."""
        self._enrichment.put_enriched()
        self.connection.execute(self._enriched_sql)
        # Joins keep the order of their left side as long as they fit into memory, but nothing promises it.
        if self.connection.execute("select 1 from enriched where row_number <> rowid limit 1").fetchall():
            self.connection.execute("create or replace table enriched as from enriched order by row_number")

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

    def _readable(self, objects: Sequence[RawObject]) -> Chunk:
        """The chunk without lines that are good and cannot be read: a quirk that nobody knows must not stop the others.

        A line is kept when it can be read behind those that are kept already, so that all of them can be read at once.
        """
        keys = {raw.name.key for raw in objects}
        chunk = _chunk_of(objects, keys)
        refused = set()
        kept: list[bytes] = []
        waiting = [range(chunk.rows)]
        while waiting:
            rows = waiting.pop()
            lines = [chunk.parts[row] for row in rows]
            if self._read(Chunk(parts=kept + lines, rows=len(kept) + len(lines))):
                kept += lines
            elif len(rows) == 1:
                segment = chunk.segments[rows[0]]
                refused.add((segment.object.name.key, segment.line))
            else:
                middle = len(rows) // 2
                waiting += [rows[middle:], rows[:middle]]
        chunk = _chunk_of(objects, keys, refused)
        self._read(chunk)
        return chunk

    def _read(self, chunk: Chunk) -> bool:
        """Parse the lines into the table `parsed`; False when that fails or gives another number of rows."""
        with self.file.open("wb") as file:
            file.writelines(chunk.parts)
        if self._careful_chunks:
            self._careful_chunks -= 1
        elif self.read_as(Reading.QUICK) == (chunk.rows, False):
            return True
        else:
            self._careful_chunks = CAREFUL_CHUNKS
        return self.read_as(Reading.CAREFUL) == (chunk.rows, False)

    def read_as(self, reading: Reading) -> tuple[Any, ...] | None:
        """Rows read, and whether one of them is doubted; None when DuckDB cannot read the lines so.

        What is no fault of the lines (no memory, no room on the disk) is raised: it must make nothing of them bad.
        """
        if reading is not self._reading:
            self.connection.execute(self._macros[reading])
            self._reading = reading
        try:
            self.connection.execute(self._parse_sql[reading], {"file": str(self.file)})
        except (duckdb.DataError, duckdb.ProgrammingError):
            return None
        return self.connection.execute("select count(*), coalesce(bool_or(is_doubtful), false) from parsed").fetchone()

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
                object, object_received_us,
                make_timestamptz(object_received_us - object_received_us % 3600000000) as hour,
                unnest(range(first_line, first_line + lines)) :: integer as line
            from (
                select
                    unnest(cast(string_split(nullif($line, ''), ',') as bigint[])) as first_line,
                    unnest(cast(string_split(nullif($lines, ''), ',') as bigint[])) as lines,
                    unnest(string_split(nullif($object, ''), '//')) as object,
                    unnest(cast(string_split(nullif($received_us, ''), ',') as bigint[])) as object_received_us
            ) as segments
            """,
            # Texts, not lists: a list of 50,000 is bound item by item, which takes four times as long. No key holds //.
            {
                "line": ",".join([str(segment.line) for segment in segments]),
                "lines": ",".join([str(segment.count) for segment in segments]),
                "object": "//".join([segment.object.name.key for segment in segments]),
                "received_us": ",".join([str(segment.object.received_us) for segment in segments]),
            },
        )


def _chunk_of(
    objects: Sequence[RawObject], judged: Collection[str], refused: Collection[tuple[str, int]] = ()
) -> Chunk:
    chunk = Chunk()
    for raw in objects:
        if raw.name.key in judged:
            chunk.put_judged(raw, refused)
        else:
            chunk.put_whole(raw)
    return chunk
