"""A row stands on its own line, also in a chunk that is larger than what DuckDB reads at once."""

from __future__ import annotations

import json
from pathlib import Path

from clickstream.etl.chunk import RawObject
from clickstream.etl.parse import MAX_READ_BYTES, Parser
from clickstream.raw.keys import RawName, parse_key
from tests.conftest import Clock

PADDING = "x" * 4_000
LINES = 1_000


def test_rows_of_a_chunk_of_several_buffers_keep_their_lines(tmp_path: Path, clock: Clock) -> None:
    objects = [raw_object(number, clock) for number in range(3 * MAX_READ_BYTES // (LINES * len(PADDING)))]
    parser = Parser(tmp_path, "USD", threads=2)
    parser.parse(objects)
    rows = parser.connection.execute("select raw_object, raw_line, page_title from events").fetchall()
    parser.close()
    assert len(rows) == LINES * len(objects)
    assert [row for row in rows if f"{row[0]} {row[1]} " != row[2][: -len(PADDING)]] == []


def raw_object(number: int, clock: Clock) -> RawObject:
    name = parse_key(clock.now.date(), f"batch-{number}-{LINES}.ndjson.gz")
    assert isinstance(name, RawName)
    lines = [
        json.dumps({"eventName": "x", "eventId": f"{number}-{line}", "pageTitle": f"{name.key} {line} {PADDING}"})
        for line in range(1, LINES + 1)
    ]
    return RawObject(name, clock.now, "\n".join(lines).encode(), is_cut=False)
