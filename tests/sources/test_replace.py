"""A wrong import is corrected: its events are erased by their mark, with a receipt, and imported again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.delivery import Receipt
from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from clickstream.sources.importer import ImportOptions, file_mark, import_file, new_mark
from clickstream.sources.mapping import Mapping
from clickstream.sources.mapping_file import parse_mapping
from tests.conftest import Clock
from tests.e2e.platform import Platform
from tests.etl.pipeline import Pipeline, open_pipeline
from tests.postgres import Cluster

WRONG = '[event]\neventName = "page_view"\ncreatedAt = "{at}"\nclientId = "{who}"\npageTitle = "wrong"\n'
RIGHT = WRONG.replace("wrong", "right")
ROWS = "at,who\n2026-03-01T10:00:00Z,anna\n2026-03-01T10:00:20Z,anna\n2026-03-01T11:30:00Z,ben\n"


@pytest.fixture
def pipeline(tmp_path: Path, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, Clock(datetime(2026, 3, 10, 12, tzinfo=UTC)), server) as opened:
        yield opened


class Stored:
    """A receiver that stores events as the collector does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def post(self, events: Sequence[bytes]) -> Receipt:
        now = self._pipeline.clock().isoformat()
        ingest = {"_ingest": {"receivedAt": now, "sentAt": now}}
        self._pipeline.put_batch([{**json.loads(event), **ingest} for event in events])
        self._pipeline.clock.forward(seconds=1)
        return Receipt(len(events), [])


def run(pipeline: Pipeline, path: Path, mapping: Mapping) -> None:
    import_file(path, mapping, Stored(pipeline), ImportOptions(mark=new_mark(path, mapping)))
    pipeline.load()


def test_the_earlier_import_is_erased_and_the_next_one_counts(pipeline: Pipeline, tmp_path: Path) -> None:
    path, other = tmp_path / "mine.csv", tmp_path / "other.csv"
    path.write_text(ROWS)
    other.write_text(ROWS.replace("anna", "carl"))
    wrong, right = parse_mapping(WRONG, "mine"), parse_mapping(RIGHT, "mine")
    pipeline.put_event({"eventName": "live", "createdAt": "2026-03-01T10:00:00Z", "clientId": "anna"})
    run(pipeline, other, wrong)
    run(pipeline, path, wrong)
    run(pipeline, path, right)
    titles = "select page_title, count(*) from clickstream_events group by 1 order by 1 nulls first"
    assert pipeline.rows(titles) == [(None, 1), ("wrong", 6)], "the same ids: the earlier copies win"

    with closing(pipeline.loader):
        for _ in range(2):  # safe to repeat
            done = Eraser(pipeline.loader).forget(Person("import", file_mark(path, right)))
            assert done.left == 0
        run(pipeline, path, right)
    assert pipeline.rows(titles) == [(None, 1), ("right", 3), ("wrong", 3)]
    assert pipeline.totals() == {"accepted": 13, "loaded": 7, "erased": 6}
    assert pipeline.rows("select count(*) from sessions where client_id in ('anna', 'ben')") == [(3,)]


def test_the_mark_depends_on_content_and_mapping_and_not_on_the_name(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one.csv", "same.csv", "other.csv"))
    for path, text in ((one, ROWS), (same, ROWS), (other, ROWS + "\n")):
        path.write_text(text)
    wrong = parse_mapping(WRONG, "mine")
    assert file_mark(one, wrong) == file_mark(same, parse_mapping(RIGHT, "mine"))
    assert len({file_mark(one, wrong), file_mark(other, wrong), file_mark(one, parse_mapping(WRONG, "orders"))}) == 3
    assert new_mark(one, wrong) != new_mark(one, wrong)


def test_a_user_corrects_an_import_with_replace(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "data")
    path, mapping = tmp_path / "mine.csv", tmp_path / "mine.toml"
    path.write_text(ROWS + "2026-03-01T11:30:00Z\n")
    mapping.write_text(WRONG)

    def run_import(*options: str) -> dict[str, object]:
        command = ("import", str(path), "--map", str(mapping), "--collector", platform.collector_url)
        return platform.json(*command, *options, expect=1)

    try:
        platform.start_collector()
        platform.start_owner()
        first = run_import()
        assert (first["accepted"], first["skipped"], first["new"]) == (3, 1, 3)
        assert first["problems"] == [{"line": 5, "reason": "expected 2 cells, got 1"}]
        mapping.write_text(RIGHT)
        assert run_import()["new"] == 0
        replaced = run_import("--replace")
        assert (replaced["accepted"], replaced["new"], replaced["erased"]) == (3, 3, 6)
        old, mended = path, tmp_path / "mended.csv"
        mended.write_text(ROWS.replace("ben", "eva") + "2026-03-01T11:30:00Z\n")
        path = mended
        corrected = run_import("--replace-file", str(old))
        assert (corrected["new"], corrected["erased"]) == (3, 3)
        found = platform.json("query", "select distinct client_id, page_title from clickstream_events order by 1")
        assert found["rows"] == [["anna", "right"], ["eva", "right"]]
    finally:
        platform.close()
