"""The commands forget, expire and export: through the owner, and without it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from clickstream.cli.app import app
from clickstream.cli.export import ExportConfig, export_files
from clickstream.etl.erasure.raw_store import make_receipt, write_receipt
from clickstream.etl.expire import RetentionConfig
from clickstream.etl.export import write_day
from clickstream.local.owner import questions
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ExpireRequest, ForgetRequest
from clickstream.local.owner.loop import with_daily_expiry
from clickstream.local.owner.registry import EXPIRE
from clickstream.progress import no_progress
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received
from tests.local.calls import forget
from tests.local.conftest import owning


@pytest.fixture
def now() -> datetime:
    """Return the time, on a day that does not end during a test: commands of a shell use the real clock."""
    while (moment := datetime.now(UTC)).date() != (moment + timedelta(minutes=2)).date():
        time.sleep(1)
    return moment


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Callable[..., Result]:
    """Return a function that calls a command, as a shell does, on a folder with three days of events."""
    monkeypatch.setenv("CLICKSTREAM_DATA", str(tmp_path))
    clock = Clock(now)
    with open_pipeline(tmp_path, clock) as pipeline:
        for ago in range(3):
            then = now - timedelta(days=ago)
            pipeline.put_batch([received(then, userId="u"), received(then, userId="v")], ago_s=ago * 86_400)
        pipeline.load()
    return lambda *words: CliRunner().invoke(app, list(words))


def result_of(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_forgetting_a_user_requires_confirmation(run: Callable[..., Result]) -> None:
    refused = run("forget", "--user-id", "u")
    assert refused.exit_code == 2
    assert "would erase 3 lines" in refused.stderr
    assert result_of(run("forget", "--user-id", "u", "--dry-run", "--json"))["lines"] == 3
    done = result_of(run("forget", "--user-id", "u", "--yes", "--json"))
    assert (done["lines"], done["left"], len(done["receipts"])) == (3, 0, 1)
    assert result_of(run("check", "--json"))["totals"]["erased"] == 3
    assert result_of(run("query", "--json", "select distinct user_id from clickstream_events"))["rows"] == [["v"]]


@pytest.mark.parametrize("words", [(), ("--user-id", "u", "--sample"), ("--user-id", "")], ids=["none", "two", "empty"])
def test_forget_takes_exactly_one_of_user_client_and_sample(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert run("forget", *words).exit_code == 2


def test_forgetting_the_sample_requires_no_confirmation(run: Callable[..., Result]) -> None:
    assert "nothing is left" in run("forget", "--sample").stdout
    assert "finished 0" in run("forget", "--resume").stdout


def test_the_doctor_reports_an_interrupted_erasure(run: Callable[..., Result], tmp_path: Path, now: datetime) -> None:
    store = LocalStore(tmp_path / "raw")
    write_receipt(store, make_receipt("1", "user", {}, now, ""))
    assert "an erasure is not finished" in run("doctor", "--json").stdout
    assert "finished 1" in run("forget", "--resume").stdout
    assert "an erasure is not finished" not in run("doctor", "--json").stdout


def test_the_settings_decide_what_expires(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing expires" in run("expire").stdout
    monkeypatch.setenv("CLICKSTREAM_KEEP_RAW_DAYS", "1")
    monkeypatch.setenv("CLICKSTREAM_KEEP_WAREHOUSE_DAYS", "1")
    assert result_of(run("expire", "--dry-run", "--json"))["events"] == 2
    done = result_of(run("expire", "--json"))
    assert (done["raw_objects"], done["events"]) == (1, 2)
    assert "deleted before" in run("expire").stdout
    assert result_of(run("check", "--json"))["balanced"]


def test_export_writes_one_file_for_each_day(run: Callable[..., Result], tmp_path: Path, now: datetime) -> None:
    out = tmp_path / "out"
    done = result_of(run("export", "--out", str(out), "--format", "csv", "--json"))
    assert (done["rows"], len(done["files"])) == (6, 3)
    assert sorted(path.name for path in out.iterdir()) == sorted(Path(file["file"]).name for file in done["files"])
    day = f"{now:%Y-%m-%d}"
    one = run(
        "export", "--out", str(out), "--from", day, "--to", f"{now + timedelta(days=1):%Y-%m-%d}", "--table", "seen"
    )
    assert "to 1 files" in one.stderr
    assert list((tmp_path / "stage").glob("export-*")) == []


@pytest.mark.parametrize(
    "words", [("--format", "xml"), ("--table", "raw_objects"), ("--from", "2026-03-02", "--to", "2026-03-01")]
)
def test_an_invalid_export_is_refused_and_writes_nothing(
    run: Callable[..., Result], tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run("export", "--out", str(tmp_path / "out"), *words)
    assert done.exit_code != 0
    assert not (tmp_path / "out").exists()


def test_forget_export_and_expire_work_through_the_owner(settings: Settings, clock: Clock, tmp_path: Path) -> None:
    with open_pipeline(settings.data, clock) as pipeline:
        pipeline.put_batch([received(clock.now, userId="u"), received(clock.now, userId="v")])
        pipeline.load()
    with owning(settings, clock):
        client = Client(settings, clock)
        done = forget(client, ForgetRequest("user", "u"))
        assert (done.lines, done.left) == (1, 0)
        day = clock.now.date()
        config = ExportConfig(
            ("clickstream_events",), day, day + timedelta(days=1), settings.zone, "parquet", tmp_path / "out"
        )
        assert export_files(client, config, no_progress).rows == 1
        assert [path.name for path in (tmp_path / "out").iterdir()] == [f"clickstream_events-{day}.parquet"]
        assert client.call(EXPIRE, ExpireRequest(1, 1)).events == 0


def test_forget_drops_the_shadow_of_a_killed_rebuild(settings: Settings, clock: Clock) -> None:
    left = settings.stage_path / "rebuild.duckdb"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"lost-user")
    assert forget(Client(settings, clock), ForgetRequest("user", "lost-user")).left == 0
    assert not left.exists()


def test_ctrl_c_in_an_export_leaves_nothing_in_the_stage(
    settings: Settings, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command is interrupted after the file is written and before it is moved away."""
    settings.data.mkdir()
    day = clock.now.date()
    config = ExportConfig(("seen",), day, day + timedelta(days=1), settings.zone, "csv", tmp_path / "out")

    def interrupted(*arguments: Any) -> tuple[Path, int]:
        path, _ = write_day(*arguments)
        assert path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(questions, "write_day", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_files(Client(settings, clock), config, no_progress)
    assert list(settings.stage_path.glob("export-*")) == []


def test_the_owner_expires_old_data_once_a_day_after_a_pass(tmp_path: Path, clock: Clock) -> None:
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
