"""The commands mart status, mart build and check, as a shell calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from clickstream.cli.app import app
from clickstream.local.owner.file import open_warehouse
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


def test_the_mart_is_described_and_built(run: Callable[..., Result], settings: Settings) -> None:
    path = settings.data / "mart.duckdb"
    before = json.loads(run("mart", "status", "--json").stdout)
    assert (before["version"], before["loads_behind"], before["next"]) == (None, 1, "build")
    built = run("mart", "build")
    assert (built.exit_code, built.stdout) == (0, "")
    assert re.match(rf"built {re.escape(str(path))}: 2 events, 2 sessions, [0-9,]+ bytes\n", built.stderr)
    assert built.stderr.endswith(" events per second\n")
    assert json.loads(run("mart", "build", "--json").stdout)["events"] == 2
    lines = dict(line.split(maxsplit=1) for line in run("mart", "status").stdout.splitlines())
    assert (lines["file"], lines["state"], lines["events"]) == (str(path), "up to date", "2")
    assert "does not exist" not in run("doctor").stdout


def test_check_fails_if_mart_and_warehouse_differ(run: Callable[..., Result], settings: Settings) -> None:
    equal = run("check")
    assert equal.exit_code == 0
    assert equal.stdout.endswith(
        "mart: events, sessions, orders and refunds of every day equal those of the warehouse\n"
    )
    with open_warehouse(settings) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("delete from sessions where client_id = 'c1'")
    different = run("check", "--json")
    assert different.exit_code == 1
    found = json.loads(different.stdout)
    assert found["balanced"]
    assert found["mart_differences"] == [{"day": "2026-03-10", "kind": "sessions", "warehouse": 1, "mart": 2}]
    shown = run("check")
    assert shown.exit_code == 1
    assert shown.stdout.endswith("mart: 2026-03-10 has 2 sessions, 1 in the warehouse\nnext: clickstream mart build\n")
