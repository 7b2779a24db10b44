"""`clickstream report --html`: the file is whole, or as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clickstream.cli.app import app
from clickstream.errors import ClickstreamError
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Callable[..., Result]:
    """Return a function that calls a command, as a shell does, on a folder with two events."""
    monkeypatch.setenv("CLICKSTREAM_DATA", str(settings.data))
    with open_pipeline(settings.data, clock) as pipeline:
        pipeline.put_batch([received(clock.now, clientId=client) for client in ("c1", "c2")])
        pipeline.load()
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_page_replaces_the_file(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    file = folder / "report.html"
    file.write_text("old")
    done = run("report", "--html", str(file), "--from", "2026-03-10", "--to", "2026-03-11", "--json")
    assert json.loads(done.stdout) == {"file": str(file), "bytes": file.stat().st_size}
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert "10 Mar 2026" in file.read_text("utf-8")
    assert list(folder.iterdir()) == [file]


@pytest.mark.parametrize(("name", "why"), [("", "is a folder"), ("missing/report.html", "does not exist")])
def test_a_file_that_cannot_be_written_is_refused_first(
    run: Callable[..., Result], tmp_path: Path, name: str, why: str
) -> None:
    done = run("report", "--html", str(tmp_path / name))
    assert isinstance(done.exception, ClickstreamError)
    assert why in str(done.exception)


def test_a_wrong_question_leaves_the_file_as_it_was(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    done = run("report", "--html", str(file), "--from", "soon")
    assert isinstance(done.exception, ClickstreamError)
    assert file.read_text() == "old"
