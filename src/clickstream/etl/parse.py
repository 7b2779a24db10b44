"""Chunks of raw objects -> typed rows, vectorised.

In: raw objects as read. Out: the table `events` of this module's own in-memory DuckDB, in the columns of
`clickstream_events`, and the chunk it came from (segments, bad rows). DuckDB parses for every engine.
Guarantee: each non-blank line of each object becomes exactly one row of `events`, one erased line or one bad row.
An object with a line that DuckDB cannot read as a named event is judged line by line in Python first (chunk.py), and
it alone: what becomes of a line depends on its own object only, never on the others of the chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum, auto
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from clickstream.etl.chunk import Chunk, RawObject, is_plain
from clickstream.etl.columns import KEY_COLUMNS
from clickstream.etl.enrich.enrichment import Enrichment, EnrichmentConfig
from clickstream.etl.sql import parser_sql
from clickstream.event import ANONYMOUS_IDS, EVENT_NAMESPACE, PLACEHOLDER_IDS, SNAKE_CASE
from clickstream.warehouse.contract import ParsedRows
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckStatements

T = TypeVar("T")
MAX_READ_BYTES = 16 * 1_048_576
"""The longest line that DuckDB reads. Its buffers are twice that."""
CAREFUL_CHUNKS = 16
"""Chunks that are read carefully after one that the quick reading could not judge: the next is often like it."""
FEW_ROWS = 1_000
"""Up to so many lines, a chunk is parsed without the optimizer."""

_TEXTS = (  # noqa: SIM905 - a list of words reads better as words
    "eventName eventId createdAt sentAt pageUrl pageTitle referrer userId userLoginState identitySource clientId "
    "sessionId country userAgent"
).split()
_BLOCKS = {
    "product": "STRUCT(id VARCHAR, name VARCHAR, category VARCHAR, brand VARCHAR, price VARCHAR, "
    "discountPrice VARCHAR, urlPath VARCHAR, currency VARCHAR, discount_price VARCHAR, url_path VARCHAR)",
    "element": "STRUCT(tag VARCHAR, id VARCHAR, role VARCHAR, text VARCHAR, dataset JSON)",
    "order": "STRUCT(id VARCHAR, total VARCHAR, currency VARCHAR, items JSON, discount VARCHAR, tax VARCHAR, "
    "shipping VARCHAR, coupon VARCHAR, paymentMethod VARCHAR, refundId VARCHAR, payment_method VARCHAR, "
    "refund_id VARCHAR)",
    "search": "STRUCT(term VARCHAR, results VARCHAR)",
    "_ingest": "STRUCT(receivedAt VARCHAR, sentAt VARCHAR, userAgent VARCHAR, country VARCHAR, sourceIp VARCHAR, "
    "requestId VARCHAR)",
}
_QUICK = {
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    **_BLOCKS,
    **dict.fromkeys(("isFirstVisit", "properties", "_erased"), "JSON"),
}
_BLANKS = "".join(
    chr(code) for code in range(1, 0x3001) if chr(code).isspace() or (not chr(code).isprintable() and code < 161)
)
"""Characters that are cut off both ends of an id: blanks of any script and control characters."""
_BLANK = r"[\x01-\x20\x7f-\x{a0}\p{Z}]"
"""Pattern for one of them."""
_HAS_ITEMS = "select 1 from parsed where order_items is not null limit 1"
_PARSED_TABLES = {"new_events": "events", "new_erased": "erased_lines", "new_order_lines": "order_lines"}
_POSITIONS = """
    create or replace table positions as
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
"""


class Reading(StrEnum):
    """How the lines are read; sql/read_<reading>.sql says how the two differ. Both give the same rows."""

    QUICK = auto()
    CAREFUL = auto()


class Parser:
    """Owns the in-memory DuckDB that parses, and one file below `stage` that passes the lines to it."""

    def __init__(self, stage: Path, currency: str, config: EnrichmentConfig | None = None) -> None:
        stage.mkdir(parents=True, exist_ok=True)
        self.file = stage / "chunk.ndjson"
        # One thread: two would insert each wide row twice, and loading needs the other core
        # (docs/decisions/0003-parsing.md).
        self.connection = duckdb.connect(config={"threads": 1, "temp_directory": str(stage / "parser.tmp")})
        self._statements = DuckStatements(self.connection)
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set enable_progress_bar = false")  # it is drawn on stdout, where results are
        self.connection.execute(
            parser_sql(
                "parse_macros",
                namespace=EVENT_NAMESPACE.hex,
                placeholders=_any_of(PLACEHOLDER_IDS),
                anonymous=_any_of(ANONYMOUS_IDS),
                blank=_BLANK,
            )
        )
        for name, value in {"currency": currency, "blanks": _BLANKS}.items():
            self.connection.execute(f"set variable {name} = $value", {"value": value})
        self._reading: Reading | None = None
        self._has_items = True  # the first chunk makes the table
        self._careful_chunks = 0
        self._chunks = 0
        self._enrichment = Enrichment(self.connection, self._statements, config or EnrichmentConfig())

        self.versions = self._enrichment.versions

    def close(self) -> None:
        self.connection.close()
        self.file.unlink(missing_ok=True)

    def parse(self, objects: Sequence[RawObject]) -> Chunk:
        """Fill the tables `events`, `order_lines` and `erased_lines` with what `objects` hold."""
        self._chunks += 1
        judged = {raw.name.key for raw in objects if not is_plain(raw)}
        chunk = _chunk_of(objects, judged)
        is_read = self._read(chunk)
        plain = [raw for raw in objects if raw.name.key not in judged]
        found = self._nameless(chunk) if is_read else self._unreadable(plain)
        if found or not is_read:
            judged |= found
            chunk = _chunk_of(objects, judged)
            if not self._read(chunk):
                chunk = self._without_unreadable(objects)
        self._put_positions(chunk)
        self._put_enriched()
        with self._planned_for(chunk.rows):
            self._run(parser_sql("events"))
        return chunk

    def take_rows(self) -> ParsedRows:
        """Move the rows out of the way of the next chunk; the caller closes them."""
        connection = self.connection.cursor()
        connection.execute("set TimeZone = 'UTC'")
        tables = {name: f"{name}_{self._chunks}" for name in _PARSED_TABLES}
        for name, source in _PARSED_TABLES.items():
            if source == "events":
                connection.execute(f"alter table {source} rename to {tables[name]}")
            else:
                connection.execute(f"create table {tables[name]} as from {source}")
        return ParsedRows(connection, tables, KEY_COLUMNS)

    def find(self, condition: str, params: Mapping[str, Any]) -> list[tuple[str, int, str]]:
        """Return (object, line, event id) of the parsed events that meet a condition in SQL."""
        sql = fill("select raw_object, raw_line, event_id from events where {condition}", condition=condition)
        return self.connection.execute(sql, dict(params) or None).fetchall()

    def keep_only(self, positions: Collection[tuple[str, int]]) -> None:
        """Remove the parsed events of all other positions (object, line)."""
        self.connection.execute(
            """
            delete from events
            where (raw_object, raw_line) not in (select unnest($objects), unnest($lines) :: integer)
            """,
            {"objects": [name for name, _ in positions] or [""], "lines": [line for _, line in positions] or [0]},
        )

    def read_as(self, reading: Reading) -> tuple[Any, ...] | None:
        """Return how many rows were read and whether one is doubtful; None when DuckDB cannot read the lines this way.

        Errors that are not the fault of the lines (memory, disk space) are raised: they must not make lines bad.
        """
        if reading is not self._reading:
            self.connection.execute(parser_sql(f"read_{reading}"))
            self._reading = reading
        try:
            sql = parser_sql("parse", lines=_lines(reading), snake_case=", ".join(SNAKE_CASE))
            self._run(sql, {"file": str(self.file)})
        except (duckdb.DataError, duckdb.ProgrammingError):
            return None
        return self._run("select count(*), coalesce(bool_or(is_doubtful), false) from parsed").fetchone()

    def _run(self, sql: str, params: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        return self._statements.run(self.connection, sql, params)

    @contextmanager
    def _planned_for(self, rows: int) -> Iterator[None]:
        """Plan without the optimizer if there are few rows: it would take longer than what it saves."""
        if rows > FEW_ROWS:
            yield
            return
        self._run("pragma disable_optimizer")
        try:
            yield
        finally:
            self._run("pragma enable_optimizer")

    def _put_enriched(self) -> None:
        """Fill `enriched` with a row for each row of `parsed`, in its order."""
        self._enrichment.put_enriched()
        had_items, self._has_items = self._has_items, bool(self._run(_HAS_ITEMS).fetchall())
        if had_items or self._has_items:
            self._run(parser_sql("items"))
        self._run(parser_sql("enriched"))
        # Joins keep the order of their left side as long as they fit into memory, but nothing promises it.
        if self.connection.execute("select 1 from enriched where row_number <> rowid limit 1").fetchall():
            self.connection.execute("create or replace table enriched as from enriched order by row_number")

    def _unreadable(self, objects: Sequence[RawObject]) -> set[str]:
        """Return the keys of objects with a line that is not a named event."""
        nameless: set[str] = set()

        def is_readable(some: Sequence[RawObject]) -> bool:
            chunk = _chunk_of(some, frozenset())
            if not self._read(chunk):
                return False
            nameless.update(self._nameless(chunk))
            return True

        return {raw.name.key for raw in _failing(objects, is_readable)} | nameless

    def _without_unreadable(self, objects: Sequence[RawObject]) -> Chunk:
        """Return the chunk without lines that are good JSON and yet unreadable: they must not stop the others.

        A line stays when it can be read after those that stay already, so that all of them can be read at once.
        """
        keys = {raw.name.key for raw in objects}
        chunk = _chunk_of(objects, keys)
        kept: list[bytes] = []

        def is_readable(rows: Sequence[int]) -> bool:
            lines = [chunk.parts[row] for row in rows]
            if not self._read(Chunk(parts=kept + lines, rows=len(kept) + len(lines))):
                return False
            kept.extend(lines)
            return True

        segments = [chunk.segments[row] for row in _failing(range(chunk.rows), is_readable)]
        chunk = _chunk_of(objects, keys, {(segment.object.name.key, segment.line) for segment in segments})
        self._read(chunk)
        return chunk

    def _read(self, chunk: Chunk) -> bool:
        """Parse the lines into the table `parsed`; False when that fails or gives another number of rows."""
        with self.file.open("wb") as file:
            file.writelines(chunk.parts)
        with self._planned_for(chunk.rows):
            if self._careful_chunks:
                self._careful_chunks -= 1
            elif self.read_as(Reading.QUICK) == (chunk.rows, False):
                return True
            else:
                self._careful_chunks = CAREFUL_CHUNKS
            return self.read_as(Reading.CAREFUL) == (chunk.rows, False)

    def _nameless(self, chunk: Chunk) -> set[str]:
        """Return the keys of objects with a line that has no plain name; their names are judged in Python."""
        nameless = "not is_named and receipt is null"
        if not self.connection.execute(
            fill("select 1 from parsed where {nameless} limit 1", nameless=nameless)
        ).fetchall():
            return set()
        self._put_positions(chunk)
        sql = "select distinct object from parsed positional join positions where {nameless}"
        return {row[0] for row in self.connection.execute(fill(sql, nameless=nameless)).fetchall()}

    def _put_positions(self, chunk: Chunk) -> None:
        """Fill `positions` with the object and line of each row, in the order of the rows."""
        segments = chunk.segments
        self._run(
            _POSITIONS,
            # Texts, not lists: a list of 50,000 is bound item by item and takes four times as long. No key contains //.
            {
                "line": ",".join([str(segment.line) for segment in segments]),
                "lines": ",".join([str(segment.count) for segment in segments]),
                "object": "//".join([segment.object.name.key for segment in segments]),
                "received_us": ",".join([str(segment.object.received_us) for segment in segments]),
            },
        )


def _any_of(texts: Collection[str]) -> str:
    """Return a regular expression for any of these texts."""
    return "|".join(re.sub(r"[][()]", r"\\\g<0>", text) for text in sorted(texts))


def _lines(reading: Reading) -> str:
    """SQL for the lines of the file, with a column for each field of the contract."""
    types = _QUICK if reading is Reading.QUICK else dict.fromkeys(_QUICK, "JSON")
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in (types | dict.fromkeys(SNAKE_CASE, "JSON")).items())
    return fill(
        """read_json(
            $file, format = 'newline_delimited', maximum_object_size = {max_bytes}, columns = {columns}
        )""",
        max_bytes=str(MAX_READ_BYTES),
        columns=f"{{{columns}}}",
    )


def _failing(items: Sequence[T], passes: Callable[[Sequence[T]], bool]) -> Iterator[T]:
    """Yield the items that do not pass alone. They are found by halving, so that one among many costs few attempts."""
    waiting = [items] if items else []
    while waiting:
        some = waiting.pop()
        if passes(some):
            continue
        if len(some) == 1:
            yield some[0]
        else:
            middle = len(some) // 2
            waiting += [some[middle:], some[:middle]]


def _chunk_of(
    objects: Sequence[RawObject], judged: Collection[str], refused: Collection[tuple[str, int]] = ()
) -> Chunk:
    """Return a chunk of these objects; judged: keys of those that are judged line by line."""
    chunk = Chunk()
    for raw in objects:
        if raw.name.key in judged:
            chunk.put_judged(raw, refused)
        else:
            chunk.put_whole(raw)
    return chunk
