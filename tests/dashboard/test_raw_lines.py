"""The raw line of a row: shown as it was stored, or why it cannot be."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.dashboard.answers.raw_lines import ERASED, NO_LINE, NO_STORE, RawLines
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse

BATCH = "events/2026/03/01/batch-0195500a-0000-7000-8000-000000000001-3.ndjson.gz"
EVENT = "events/2026/03/01/event-0195500a-0000-7000-8000-000000000002.json"
LINES = [b'{"eventName":"a","note":"\xc3\xa9 \\u202e <script>"}', b'{"_erased":"r1"}', b'{"eventName":"c"} \xff']


@pytest.fixture
def raw_lines(store: LocalStore, warehouse: DuckWarehouse) -> RawLines:
    store.put([(BATCH, gzip.compress(b"\n\n".join(LINES) + b"\n")), (EVENT, b'{"eventName":\n "one"}\n')])
    return RawLines(store, warehouse)


def test_a_line_is_the_one_that_is_stored(raw_lines: RawLines) -> None:
    found = raw_lines.read(BATCH, 1)
    assert (found.text.encode(), found.note) == (LINES[0], "")
    assert raw_lines.read(EVENT, 1).text == '{"eventName":\n "one"}'
    assert raw_lines.read(BATCH, 3).text == '{"eventName":"c"} \\xff'


def test_an_erased_line_is_named_as_such(raw_lines: RawLines) -> None:
    found = raw_lines.read(BATCH, 2)
    assert (found.text, found.note) == ('{"_erased":"r1"}', ERASED)


def test_a_line_that_does_not_exist_has_a_reason(raw_lines: RawLines, store: LocalStore) -> None:
    assert "only 3 readable lines" in raw_lines.read(BATCH, 4).note
    assert raw_lines.read(None, None).note == NO_LINE
    assert "not the name" in raw_lines.read("events/2026/03/01/../../../../secret", 1).note
    assert RawLines().read(BATCH, 1).note == NO_STORE
    store.replace(BATCH, gzip.compress(b"\n".join(LINES))[:-12])
    assert "It is damaged" in raw_lines.read(BATCH, 9).note


def test_an_expired_object_differs_from_a_lost_one(
    raw_lines: RawLines, store: LocalStore, warehouse: DuckWarehouse
) -> None:
    store.delete([BATCH])
    assert "not in the raw store" in raw_lines.read(BATCH, 1).note
    with warehouse.transaction() as cursor:
        at = datetime(2026, 6, 1, tzinfo=UTC)
        cursor.execute("insert into expired_days values ('2026-03-01', 'raw', $at)", {"at": at})
    assert "2026-03-01 were deleted on 2026-06-01" in raw_lines.read(BATCH, 1).note


def test_an_object_that_cannot_be_read_says_why(raw_lines: RawLines, store: LocalStore) -> None:
    path = Path(store.root) / BATCH
    path.unlink()
    path.mkdir()
    assert raw_lines.read(BATCH, 1).text == ""
    assert "cannot be read" in raw_lines.read(BATCH, 1).note or "not in the raw store" in raw_lines.read(BATCH, 1).note
