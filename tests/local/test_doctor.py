"""`clickstream doctor` names what is wrong and changes nothing."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from rich.console import Console

from clickstream.errors import UnavailableError
from clickstream.event import utc_now
from clickstream.local.doctor import Examination, _shown, examine, locations, render_examination
from clickstream.local.doctor.examination import MartFact
from clickstream.local.doctor.parts import _check_loader
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import NAME, Owner, owner_file
from clickstream.local.up import Ports
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from tests.local.calls import check, load
from tests.ports import free_port


def doctor(settings: Settings, dashboard: int = 9) -> Examination:
    return examine(settings.data, Ports(9, dashboard))  # no program listens on port 9


def problems_of(found: Examination) -> list[str]:
    return [problem.what for problem in found.problems]


def screen(found: Examination) -> str:
    text = io.StringIO()
    render_examination(found, Console(file=text, width=80))
    return text.getvalue()


def name_at(instant: datetime) -> UUID:
    return UUID(int=(int(instant.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62))


def store_object(settings: Settings, instant: datetime) -> None:
    store = LocalStore(settings.raw_path)
    store.prepare()
    store.put([(batch_key(name_at(instant), 1), b'{"eventName": "x"}')])


def test_missing_data_directory_is_not_a_problem_and_is_not_created(settings: Settings) -> None:
    found = doctor(settings)
    assert found.problems == []
    assert found.is_well
    assert {part.state for part in found.parts} == {"stopped"}
    assert not settings.data.exists()


def test_running_owner_is_healthy_and_its_token_is_not_shown(settings: Settings, owner: Owner) -> None:
    found = doctor(settings)
    (part,) = [part for part in found.parts if part.name == "owner"]
    assert (part.state, part.pid, part.url) == ("healthy", owner.pid, owner.url)
    assert owner.token not in msgspec.json.encode(found).decode()


def test_file_of_a_killed_owner_is_stale(settings: Settings) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    settings.data.mkdir()
    owner = Owner("http://127.0.0.1:9", "t", ended.pid, str(settings.warehouse_path.resolve()))
    (settings.data / NAME).write_bytes(msgspec.json.encode(owner))
    assert problems_of(doctor(settings)) == ["owner.json is stale"]


def test_owner_that_does_not_respond_is_a_problem(settings: Settings) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        owner = Owner("http://127.0.0.1:9", "t", other.pid, str(settings.warehouse_path.resolve()))
        with owner_file(settings.data, owner):
            assert problems_of(doctor(settings)) == ["the owner does not respond"]
        other.communicate(b"\n")


def test_program_that_uses_our_port_is_named(settings: Settings) -> None:
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True);"
    with subprocess.Popen([sys.executable, "-c", program + "time.sleep(60)"], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        (problem,) = doctor(settings, port).problems
        other.kill()
    assert problem.what.startswith(f"port {port} is in use by process {other.pid} (python")
    assert problem.advice == "stop that program, or run clickstream up --dashboard-port N"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("CLICKSTREAM_TIMEZOME", "did you mean CLICKSTREAM_TIMEZONE?"),
        ("CLICKSTREAM_RAWURL", "did you mean CLICKSTREAM_RAW_URL?"),
        ("CLICKSTREAM_X", "unset it; docs/guide/settings.md lists all"),
    ],
)
def test_unknown_setting_in_the_environment_suggests_the_name_that_was_meant(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, advice: str
) -> None:
    monkeypatch.setenv(name, "x")
    (problem,) = doctor(settings).problems
    assert problem.what == f"{name} is not a setting"
    assert problem.advice.startswith(advice)


def test_each_setting_shows_its_source(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("clickstream_currency", "EUR")
    Path("clickstream.toml").write_text('timezone = "Europe/Berlin"\ncurrency = "SEK"\n')
    facts = {fact.name: (fact.value, fact.source) for fact in doctor(settings).settings}
    assert facts["CLICKSTREAM_DATA"] == (str(settings.data), "--data")
    assert facts["CLICKSTREAM_CURRENCY"] == ("EUR", "environment")
    assert facts["CLICKSTREAM_TIMEZONE"] == ("Europe/Berlin", "file")
    assert facts["CLICKSTREAM_RAW_LAYOUT"] == ("batch", "default")


def test_secret_settings_are_not_shown() -> None:
    assert _shown("write_key", "abc") == _shown("api_token", "abc") == "(set, not shown)"
    assert _shown("warehouse_url", "postgresql://me:abc@host/db") == "postgresql://…@host/db"


def test_every_invalid_setting_is_a_problem(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_TIMEZONE", "Mars")
    monkeypatch.setenv("CLICKSTREAM_CURRENCY", "dollar")
    found = doctor(settings)
    assert problems_of(found) == ["invalid setting CLICKSTREAM_TIMEZONE", "invalid setting CLICKSTREAM_CURRENCY"]
    assert not found.is_well


def test_location_that_cannot_be_written_is_a_problem(settings: Settings) -> None:
    settings.data.write_text("a file where a folder should be")
    assert "the raw store is not writable" in problems_of(doctor(settings))


@pytest.mark.parametrize(("full", "is_well"), [(0, True), (10**18, False)], ids=["low", "full"])
def test_low_disk_space_is_a_warning_and_a_full_disk_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, full: int, is_well: bool
) -> None:
    monkeypatch.setattr(locations, "LOW_BYTES", 10**18)
    monkeypatch.setattr(locations, "FULL_BYTES", full)
    found = doctor(settings)
    assert found.is_well is is_well
    assert "GB of disk space are left" in found.problems[0].what


def test_location_in_memory_is_a_warning(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\ntmpfs {tmp_path} tmpfs rw 0 0\n")
    monkeypatch.setattr(locations, "MOUNTS", mounts)
    found = doctor(settings)
    assert found.is_well
    assert "data directory, raw store, warehouse, mart may be lost at a restart" in problems_of(found)


def test_object_dated_in_the_future_indicates_a_wrong_clock(settings: Settings) -> None:
    store_object(settings, utc_now() + timedelta(hours=3))
    assert problems_of(doctor(settings))[0] == "the clock is or was wrong"


def test_pending_events_are_a_warning_while_no_loader_runs(settings: Settings) -> None:
    store_object(settings, utc_now())
    assert problems_of(doctor(settings)) == ["no events are loaded"]
    check(Client(settings))  # creates the warehouse and the mart
    found = doctor(settings)
    assert problems_of(found) == ["events waiting to be loaded: 1"]
    assert found.is_well
    load(Client(settings))
    found = doctor(settings)
    assert found.problems == []
    assert (found.loading.accepted, found.loading.pending, found.loading.balanced) == (1, 0, True)


def test_mart_is_described_and_not_created(settings: Settings) -> None:
    store_object(settings, utc_now())
    load(Client(settings))
    found = doctor(settings)
    assert found.mart == MartFact(exists=False, load_id=None, loads_behind=1, next="build")
    assert "does not exist yet; the next question builds it" in screen(found)
    assert not (settings.data / "mart.duckdb").exists()
    check(Client(settings))
    assert "mart           up to date" in screen(doctor(settings))
    store_object(settings, utc_now())
    load(Client(settings))
    found = doctor(settings)
    assert found.mart == MartFact(exists=True, load_id=1, loads_behind=1, next="update")
    assert "1 load behind; the next question updates it" in screen(found)
    assert found.is_well


def test_unbalanced_ledger_is_an_error(settings: Settings) -> None:
    store_object(settings, datetime.now(UTC))
    load(Client(settings))
    for file in settings.raw_path.rglob("batch-*"):
        file.unlink()
    found = doctor(settings)
    assert "the ledger does not balance" in problems_of(found)
    assert not found.is_well


def test_failing_loader_is_an_error() -> None:
    found = Examination()
    _check_loader(found, {"trouble": str(UnavailableError("reading", "disk full")), "failures": 3})
    assert found.problems[0].why == "reading: disk full (3 times)"


def test_screen_fits_80_columns_and_has_no_colours_unless_on_a_terminal(settings: Settings, owner: Owner) -> None:
    text = screen(doctor(settings))
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "Parts" in text


def test_free_port_is_not_a_problem(settings: Settings) -> None:
    assert doctor(settings, free_port()).problems == []
