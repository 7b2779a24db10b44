"""Replay loads bad lines that can be read now, removes them from the bad rows, and changes nothing else."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickstream.errors import QuestionError
from clickstream.etl.repair.bad_rows import list_bad_rows, show_bad_row
from clickstream.etl.repair.replay import ReplayFilter, replay
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.etl.warehouses import contents
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def event(number: int, **fields: Any) -> dict[str, Any]:
    moment = NOW + timedelta(seconds=number)
    return received(moment, eventId=f"e{number}", clientId="c", userId="u", **fields)


def correct(pipeline: Pipeline, key: str, events: Sequence[Any]) -> None:
    """Replace the lines of an object."""
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in events]
    (pipeline.root / key).write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))


def assert_like_a_first_load(pipeline: Pipeline, folder: Path, server: Cluster | None) -> None:
    """The warehouse equals one that has only ever seen the corrected objects."""
    with open_pipeline(folder / "clean", pipeline.clock, server) as clean:
        clean.loader.store = pipeline.store
        clean.loader._discoverer._store = pipeline.store
        clean.load()
        assert contents(pipeline.warehouse) == contents(clean.warehouse)


def test_corrected_line_loads_at_its_position_and_the_ledger_balances(
    pipeline: Pipeline, tmp_path: Path, server: Cluster | None
) -> None:
    key = pipeline.put_batch([event(1), b"{broken", event(3), {"no": "name"}])
    pipeline.put_batch([event(2), event(9)])
    pipeline.load()
    assert pipeline.totals() == {"accepted": 6, "loaded": 4, "bad": 2}
    correct(pipeline, key, [event(1), event(2, pageUrl="https://shop.example/a"), event(3), {"no": "name"}])
    done = replay(pipeline.loader, ReplayFilter())
    assert (done.objects, done.lines, done.loaded, done.still_bad) == (1, 2, 1, 1)
    assert pipeline.totals() == {"accepted": 6, "loaded": 4, "duplicate": 1, "bad": 1}
    assert pipeline.ledger().is_balanced
    assert pipeline.rows("select line, reason from bad_rows") == [(4, "missing_name")]
    assert_like_a_first_load(pipeline, tmp_path, server)


@pytest.mark.quick_on("duckdb")
def test_second_replay_changes_nothing(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([event(1), b"{broken", b"{"])
    pipeline.load()
    correct(pipeline, key, [event(1), event(2), b"{"])
    assert replay(pipeline.loader, ReplayFilter()).loaded == 1
    before = contents(pipeline.warehouse), pipeline.rows("select count(*) from loads")
    again = replay(pipeline.loader, ReplayFilter())
    assert (again.loaded, again.still_bad, again.load_id) == (0, 1, None)
    assert (contents(pipeline.warehouse), pipeline.rows("select count(*) from loads")) == before


@pytest.mark.quick_on("duckdb")
def test_missing_lines_of_a_truncated_object_load_when_it_is_complete_again(
    pipeline: Pipeline, tmp_path: Path, server: Cluster | None
) -> None:
    events = [event(n, pageUrl=f"https://shop.example/{n}") for n in range(200)]
    key = pipeline.put_batch(events)
    whole = (pipeline.root / key).read_bytes()
    (pipeline.root / key).write_bytes(whole[: len(whole) // 2])
    pipeline.load()
    bad = pipeline.rows("select count(*) from bad_rows where reason = 'missing'")[0][0]
    assert 0 < bad < 200
    (pipeline.root / key).write_bytes(whole)
    assert replay(pipeline.loader, ReplayFilter(reason="missing")).loaded == bad
    assert pipeline.totals() == {"accepted": 200, "loaded": 200}
    assert_like_a_first_load(pipeline, tmp_path, server)


def test_line_that_an_older_version_refused_loads_now(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([event(1), event(2)])
    pipeline.load()
    before = contents(pipeline.warehouse)
    with pipeline.warehouse.transaction() as cursor:
        hour = cursor.scalar("select raw_hour from clickstream_events where raw_line = 2")
        for table in ("clickstream_events", "sessions", "clients", "seen", "daily_visitors", "daily_sessions"):
            cursor.execute(f"delete from {table}")
        cursor.execute("update raw_objects set load_id = 1")
        for line in (1, 2):
            cursor.execute(
                "insert into bad_rows values ($object, $line, $hour, 'too_pretty', $original, 1)",
                {"object": key, "line": line, "hour": hour, "original": b"{}"},
            )
    assert pipeline.totals() == {"accepted": 2, "bad": 2}
    assert replay(pipeline.loader, ReplayFilter(object=key)).loaded == 2
    assert contents(pipeline.warehouse) == before


@pytest.mark.quick_on("duckdb")
def test_only_chosen_objects_are_read_and_missing_ones_are_counted(pipeline: Pipeline) -> None:
    broken = pipeline.put_batch([b"{broken"])
    nameless = pipeline.put_batch([{"no": "name"}])
    missing = pipeline.put_batch([b"{broken"])
    pipeline.load()
    for key in (broken, nameless):
        correct(pipeline, key, [event(1)])
    (pipeline.root / missing).unlink()
    assert replay(pipeline.loader, ReplayFilter(reason="missing_name")).objects == 1
    assert pipeline.rows("select distinct raw_object from clickstream_events") == [(nameless,)]
    done = replay(pipeline.loader, ReplayFilter(reason="invalid_json"))
    assert (done.objects, done.loaded, done.gone) == (1, 1, 1)
    assert pipeline.rows("select object from bad_rows") == [(missing,)]


def test_bad_line_that_was_erased_leaves_the_bad_rows(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([b"{broken", event(1)])
    pipeline.load()
    correct(pipeline, key, [{"_erased": "receipt-1"}, event(1)])
    assert replay(pipeline.loader, ReplayFilter()).loaded == 1
    assert pipeline.rows("select line, receipt from erased") == [(1, "receipt-1")]
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "erased": 1}


def test_list_counts_reasons_and_escapes_the_newest_rows(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([b"{\x1b[2J\xff", b"{broken", {"no": "name"}, event(1)])
    pipeline.load()
    found = list_bad_rows(pipeline.warehouse)
    assert [(row["reason"], row["lines"], row["objects"]) for row in found["reasons"]] == [
        ("invalid_json", 2, 1),
        ("missing_name", 1, 1),
    ]
    assert found["lines"] == 3
    assert [row["line"] for row in found["newest"]] == [3, 2, 1]
    assert list_bad_rows(pipeline.warehouse, reason="missing_name")["lines"] == 1
    assert list_bad_rows(pipeline.warehouse, since=NOW.date() + timedelta(days=1))["lines"] == 0
    shown = show_bad_row(pipeline.warehouse, key.rpartition("/")[2], 1)
    assert shown["text"] == r"{\x1b[2J\xff"
    assert (shown["object"], shown["size_bytes"]) == (key, 6)
    assert b64decode(shown["original_base64"]) == b"{\x1b[2J\xff"
    with pytest.raises(QuestionError, match="line 4 is not a bad row"):
        show_bad_row(pipeline.warehouse, key, 4)
    with pytest.raises(QuestionError, match="unknown reason 'unheard'"):
        list_bad_rows(pipeline.warehouse, reason="unheard")
