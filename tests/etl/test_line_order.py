"""A row stands on its own line, also in a chunk that is larger than what DuckDB reads at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clickstream.etl.chunk import RawObject
from clickstream.etl.parse import MAX_READ_BYTES, Parser
from clickstream.raw.keys import RawName, parse_name
from tests.conftest import Clock

BUFFER_BYTES = 2 * MAX_READ_BYTES
VECTOR = 2_048
FULL_VECTORS = 20
LINE_BYTES = 818
LINES = 1_000


@pytest.mark.parametrize(
    "user", [pytest.param("u", id="quick"), pytest.param(True, id="careful", marks=pytest.mark.slow)]
)
def test_rows_of_a_chunk_of_several_buffers_keep_their_lines(tmp_path: Path, clock: Clock, user: object) -> None:
    """The last vector of the first buffer has few rows: DuckDB's joins and filters would put them after the next."""
    assert 0 < BUFFER_BYTES // LINE_BYTES - FULL_VECTORS * VECTOR < 64
    objects = [raw_object(number, user, clock) for number in range(2 * BUFFER_BYTES // (LINES * LINE_BYTES))]
    parser = Parser(tmp_path, "USD")
    parser.parse(objects)
    rows = parser.connection.execute("select raw_object, raw_line, page_title from events").fetchall()
    parser.close()
    assert len(rows) == LINES * len(objects)
    assert [row for row in rows if f"{row[0]} {row[1]} " != row[2].rstrip("x")] == []


def raw_object(number: int, user: object, clock: Clock) -> RawObject:
    """A user id that is not text makes the parser read the lines carefully."""
    name = parse_name(clock.now.date(), f"batch-{number}-{LINES}.ndjson.gz")
    assert isinstance(name, RawName)
    lines = [padded({"eventName": "x", "userId": user, "pageTitle": f"{name.key} {n} "}) for n in range(1, LINES + 1)]
    return RawObject(name, clock.now, "".join(lines).encode(), is_cut=False)


def padded(event: dict[str, object]) -> str:
    """A line of LINE_BYTES, its end included."""
    room = LINE_BYTES - len(json.dumps(event)) - 1
    return json.dumps(event | {"pageTitle": f"{event['pageTitle']}{'x' * room}"}) + "\n"
