"""The commands of the life of data on the command line: with the owner, and without."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from clickstream.cli import app
from clickstream.etl.erasure.raw_store import make_receipt, write_receipt
from clickstream.etl.expire import RetentionConfig
from clickstream.etl.export import write_day
from clickstream.local.export import Wish, export
from clickstream.local.owner import life
from clickstream.local.owner.client import reach
from clickstream.local.owner.expiry import with_daily_expiry
from clickstream.local.owner.life import ExpireRequest, ExportRequest, ForgetRequest
from clickstream.progress import no_progress
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received
from tests.local.conftest import owning


@pytest.fixture
def now() -> datetime:
    """Now, on a day that does not end in the midst of a test: a shell's commands have the real clock alone."""
    while (moment := datetime.now(UTC)).date() != (moment + timedelta(minutes=2)).date():
        time.sleep(1)
    return moment


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Callable[..., Result]:
    """A command on a folder with three days of events, as a shell would call it."""
    monkeypatch.setenv("CLICKSTREAM_DATA", str(tmp_path))
    clock = Clock(now)
    with open_pipeline(tmp_path, clock) as pipeline:
        for ago in range(3):
            then = now - timedelta(days=ago)
            pipeline.put_batch([received(then, userId="u"), received(then, userId="v")], ago_s=ago * 86_400)
        pipeline.load()
    return lambda *words: CliRunner().invoke(app, list(words))


def result_of(answer: Result) -> Any:
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_a_user_is_forgotten_only_when_somebody_agrees(run: Callable[..., Result]) -> None:
    refused = run("forget", "--user-id", "u")
    assert refused.exit_code == 2
    assert "would erase 3 lines" in refused.stderr
    assert result_of(run("forget", "--user-id", "u", "--dry-run", "--json"))["lines"] == 3
    done = result_of(run("forget", "--user-id", "u", "--yes", "--json"))
    assert (done["lines"], done["left"], len(done["receipts"])) == (3, 0, 1)
    assert result_of(run("check", "--json"))["totals"]["erased"] == 3
    assert result_of(run("query", "--json", "select distinct user_id from clickstream_events"))["rows"] == [["v"]]


@pytest.mark.parametrize(
    "words", [(), ("--user-id", "u", "--sample"), ("--user-id", "")], ids=["nobody", "two", "empty"]
)
def test_exactly_one_must_be_named(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert run("forget", *words).exit_code == 2


def test_the_sample_needs_no_agreement(run: Callable[..., Result]) -> None:
    assert "nothing is left" in run("forget", "--sample").stdout
    assert "finished 0" in run("forget", "--resume").stdout


def test_an_erasure_that_was_killed_is_seen_by_the_doctor(
    run: Callable[..., Result], tmp_path: Path, now: datetime
) -> None:
    store = LocalStore(tmp_path / "raw")
    write_receipt(store, make_receipt("1", "user", {}, now, ""))
    assert "an erasure is not finished" in run("doctor", "--json").stdout
    assert "finished 1" in run("forget", "--resume").stdout
    assert "an erasure is not finished" not in run("doctor", "--json").stdout


def test_what_expires_is_said_by_the_settings(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no rule is set" in run("expire").stdout
    monkeypatch.setenv("CLICKSTREAM_KEEP_RAW_DAYS", "1")
    monkeypatch.setenv("CLICKSTREAM_KEEP_WAREHOUSE_DAYS", "1")
    assert result_of(run("expire", "--dry-run", "--json"))["events"] == 2
    done = result_of(run("expire", "--json"))
    assert (done["raw_objects"], done["events"]) == (1, 2)
    assert "deleted before" in run("expire").stdout
    assert result_of(run("check", "--json"))["balanced"]


def test_days_are_exported_as_files(run: Callable[..., Result], tmp_path: Path, now: datetime) -> None:
    out = tmp_path / "out"
    done = result_of(run("export", "--out", str(out), "--format", "csv", "--json"))
    assert (done["rows"], len(done["files"])) == (6, 3)
    assert sorted(path.name for path in out.iterdir()) == sorted(Path(file["file"]).name for file in done["files"])
    day = f"{now:%Y-%m-%d}"
    one = run(
        "export", "--out", str(out), "--from", day, "--to", f"{now + timedelta(days=1):%Y-%m-%d}", "--table", "seen"
    )
    assert "into 1 files" in one.stderr
    assert list((tmp_path / "stage").glob("export-*")) == []


@pytest.mark.parametrize(
    "words", [("--format", "xml"), ("--table", "raw_objects"), ("--from", "2026-03-02", "--to", "2026-03-01")]
)
def test_a_wrong_wish_is_refused(run: Callable[..., Result], tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = run("export", "--out", str(tmp_path / "out"), *words)
    assert answer.exit_code != 0
    assert not (tmp_path / "out").exists()


def test_the_owner_does_it_while_it_runs(settings: Settings, clock: Clock, tmp_path: Path) -> None:
    with open_pipeline(settings.data, clock) as pipeline:
        pipeline.put_batch([received(clock.now, userId="u"), received(clock.now, userId="v")])
        pipeline.load()
    with owning(settings, clock):
        client = reach(settings, clock)
        done = client.forget(ForgetRequest("user", "u"))
        assert (done["lines"], done["left"]) == (1, 0)
        day = clock.now.date()
        wish = Wish(("clickstream_events",), day, day + timedelta(days=1), settings.zone, "parquet", tmp_path / "out")
        assert export(client, wish, no_progress)["rows"] == 1
        assert [path.name for path in (tmp_path / "out").iterdir()] == [f"clickstream_events-{day}.parquet"]
        assert client.expire(ExpireRequest(1, 1))["events"] == 0


def test_forgetting_drops_what_a_killed_rebuild_left(settings: Settings, clock: Clock) -> None:
    left = settings.stage_path / "rebuild.duckdb"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"somebody")
    assert reach(settings, clock).forget(ForgetRequest("user", "somebody"))["left"] == 0
    assert not left.exists()


def test_ctrl_c_in_an_export_leaves_nothing_in_the_stage(
    settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is stopped when the file is written and not taken yet."""
    client = reach(settings, clock)

    def stopped(*asked: Any) -> tuple[Path, int]:
        path, _ = write_day(*asked)
        assert path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(life, "write_day", stopped)
    with pytest.raises(KeyboardInterrupt):
        client.export_day(ExportRequest("seen", clock.now.date(), "UTC", "csv"))
    assert list(settings.stage_path.glob("export-*")) == []


def test_the_owner_expires_once_a_day_behind_a_pass(tmp_path: Path, clock: Clock) -> None:
    with open_pipeline(tmp_path, clock) as pipeline:
        for ago in range(3):
            pipeline.put_batch([received(clock.now - timedelta(days=ago))], ago_s=ago * 86_400)
        run_pass = with_daily_expiry(pipeline.loader, RetentionConfig(raw_days=1, warehouse_days=1), clock)
        run_pass([], no_progress)
        assert pipeline.rows("select count(*) from clickstream_events") == [(2,)]
        clock.forward(hours=1)
        run_pass([], no_progress)
        assert len(pipeline.store.days()) == 2
        clock.forward(days=1)
        run_pass([], no_progress)
        assert len(pipeline.store.days()) == 1
        assert pipeline.ledger().is_balanced
