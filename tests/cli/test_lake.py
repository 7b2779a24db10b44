"""Commands write a lake and answer from it as from the warehouse; those that would write to it refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clickstream.cli.app import app
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received

READING = [
    ("metric", "overview", "--json", "--option", "as_of=2026-03-10T12:00:00Z"),
    ("metric", "health_bots", "--json", "--option", "as_of=2026-03-10T12:00:00Z"),
    ("query", "select event_name, count(*) from clickstream_events group by 1", "--json"),
    ("note", "list", "--json"),
    ("bad", "list", "--json"),
]
WRITING = [
    ("etl", "run"),
    ("note", "add", "2026-03-04", "new"),
    ("forget", "--user-id", "u", "--yes"),
    ("mart", "build"),
]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., Result]:
    """Return a function that calls a command, as a shell does, on a folder with two events and a bad row."""
    monkeypatch.setenv("CLICKSTREAM_DATA", str(settings.data))
    with open_pipeline(settings.data, clock) as pipeline:
        pipeline.put_batch([*(received(clock.now, clientId=client) for client in ("c1", "c2")), b"broken"])
        pipeline.load()
    return lambda *words: CliRunner().invoke(app, list(words))


@pytest.fixture
def lake(run: Callable[..., Result], tmp_path: Path) -> Path:
    written = run("export", "--lake", str(tmp_path / "lake"))
    assert written.exit_code == 0
    assert "wrote version 1" in written.stderr
    return tmp_path / "lake"


def test_answers_from_a_lake_are_those_of_the_warehouse(
    run: Callable[..., Result], lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [_answer(run(*words)) for words in READING]
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", f"lake+file://{lake}")
    assert [_answer(run(*words)) for words in READING] == expected


def test_commands_that_would_write_to_a_lake_refuse(
    run: Callable[..., Result], lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", f"lake+file://{lake}")
    before = sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*"))
    for words in WRITING:
        refused = run(*words)
        assert refused.exit_code == 1, words
        why = str(refused.exception or refused.stderr)
        assert "only read" in why or "which is written whole" in why, words
    assert sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*")) == before


def test_a_missing_lake_and_two_targets_are_errors(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("export").exit_code == 2
    assert run("export", "--out", "a", "--lake", "b").exit_code == 2
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", f"lake+file://{tmp_path / 'nowhere'}")
    missing = run("metric", "overview")
    assert missing.exit_code == 1
    assert "manifest.json" in str(missing.exception or missing.stderr)


def _answer(result: Result) -> object:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
