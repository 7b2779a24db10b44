"""Chunks of few lines are planned without the optimizer, and items are read only if there are any: the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.etl import parse
from clickstream.etl.chunk import RawObject
from clickstream.etl.parse import MAX_READ_BYTES, Parser
from clickstream.raw.keys import RawName, parse_name
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)
LONG = 300_000
ORDER = {"eventName": "order_confirmed", "order": {"id": "o1", "total": 5, "items": [{"id": "p1"}, {"id": "p2"}, 7]}}


@pytest.fixture
def parser(tmp_path: Path) -> Iterator[Parser]:
    opened = Parser(tmp_path, "USD")
    yield opened
    opened.close()


@pytest.mark.parametrize("few_rows", [0, 1_000], ids=["with optimizer", "without"])
def test_a_chunk_is_read_the_same_with_and_without_the_optimizer(
    pipeline: Pipeline, few_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse, "FEW_ROWS", few_rows)
    events = [received(pipeline.clock.now, eventId=f"e{n}", clientId=f" c{n % 3} ", userId="None") for n in range(5)]
    pipeline.put_batch([*events, received(pipeline.clock.now, eventId="e9", pageTitle=True, **ORDER)])
    pipeline.load()
    assert pipeline.rows(
        "select client_id, user_id, field_errors, count(*) from clickstream_events group by all order by all"
    ) == [
        ("c0", None, "userId", 2),
        ("c1", None, "userId", 2),
        ("c2", None, "userId", 1),
        (None, None, "pageTitle,order.items", 1),
    ]


def test_items_of_one_chunk_are_not_those_of_the_next(pipeline: Pipeline) -> None:
    for number, more in enumerate(({}, ORDER, {}, {})):
        pipeline.put_batch([received(pipeline.clock.now, eventId=f"e{number}", **more)])
        pipeline.load()
    assert pipeline.rows("select product_id from order_lines order by 1") == [("p1",), ("p2",)]
    assert pipeline.rows("select count(*) from clickstream_events where field_errors is not null") == [(1,)]


def test_long_lines_of_a_small_chunk_keep_their_order(parser: Parser, clock: Clock) -> None:
    """They fill several of DuckDB's buffers, each with a vector of few rows."""
    count = 5 * MAX_READ_BYTES // LONG
    name = parse_name(clock.now.date(), f"batch-1-{count}.ndjson.gz")
    assert isinstance(name, RawName)
    lines = "".join(f'{{"eventName": "x", "userId": "u{n}", "pageTitle": "{LONG * "x"}"}}\n' for n in range(count))
    parser.parse([RawObject(name, clock.now, lines.encode(), is_cut=False)])
    rows = parser.connection.execute("select user_id from events order by raw_line").fetchall()
    assert rows == [(f"u{n}",) for n in range(count)]


def test_the_parser_draws_no_progress_bar(parser: Parser) -> None:
    sql = "select value from duckdb_settings() where name = 'enable_progress_bar'"
    assert parser.connection.execute(sql).fetchall() == [("false",)]
