"""Forget covers events in the collector's spool; the doctor reports what waits there."""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from clickstream.collect.spool import Shipper, Spool, SpoolConfig
from clickstream.errors import StoreError, UnavailableError
from clickstream.event import RawLine, utc_now
from clickstream.local.doctor import examine, render_examination
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ForgetRequest
from clickstream.local.spool import Drain, Waiting, look_into
from clickstream.local.up import Ports
from clickstream.progress import no_progress
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import received
from tests.local.calls import check, forget, load, rows
from tests.local.conftest import owning

RULES = SpoolConfig()


@pytest.fixture
def raw(settings: Settings) -> LocalStore:
    store = LocalStore(settings.raw_path)
    store.prepare()
    return store


def spool_of(settings: Settings, raw: LocalStore, clock: Clock) -> Spool:
    return Spool(settings.spool_path, raw, RULES, clock.ns)


def line(clock: Clock, **fields: object) -> RawLine:
    return RawLine(json.dumps(received(clock.now, **fields)).encode())


def leave_behind(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    """Leave two acknowledged events that are not in the raw store, as a killed collector does."""
    settings.spool_path.mkdir(parents=True, exist_ok=True)
    spool_of(settings, raw, clock).write([line(clock, userId="u", clientId="c"), line(clock, userId="v")])


def wals(settings: Settings) -> list[Path]:
    return sorted(settings.spool_path.glob("*.wal"))


def drain_of(settings: Settings, raw: LocalStore, clock: Clock, patience_s: float = 0.3) -> Drain:
    return Drain(settings.spool_path, Shipper(raw, RULES, clock.ns), patience_s)


def assert_not_found(settings: Settings, name: bytes) -> None:
    for folder in (settings.raw_path, settings.spool_path):
        assert not [path for path in folder.rglob("*") if path.is_file() and name in path.read_bytes()]


def test_forget_erases_from_the_spool_of_a_killed_collector(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    leave_behind(settings, raw, clock)
    client = Client(settings, clock)
    done = forget(client, ForgetRequest("user", "u"))
    assert (done.lines, done.left) == (1, 0)
    assert wals(settings) == []
    assert rows(client, "select user_id from clickstream_events") == [["v"]]
    assert check(client).balanced
    assert_not_found(settings, b'"u"')


def test_a_login_in_the_spool_assigns_earlier_events(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    client = Client(settings, clock)
    with spool_of(settings, raw, clock) as spool:
        spool.write([line(clock, clientId="c")])
    load(client)
    clock.forward(minutes=1)
    leave_behind(settings, raw, clock)
    assert forget(client, ForgetRequest("user", "u")).lines == 2


def test_the_owner_waits_for_the_spool_of_a_running_collector(
    settings: Settings, raw: LocalStore, clock: Clock
) -> None:
    with owning(settings, clock), spool_of(settings, raw, clock) as spool:
        spool.write([line(clock, userId="u"), line(clock, userId="v")])
        done = forget(Client(settings, clock), ForgetRequest("user", "u"))
        assert (done.lines, done.left) == (1, 0)
        spool.write([line(clock, userId="u")])  # the collector keeps working
    assert_not_found(settings, b'"v"')


def test_nothing_is_erased_while_a_collector_cannot_store(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    nowhere = LocalStore(Path("/dev/null/none"))
    with Spool(settings.spool_path, nowhere, RULES, clock.ns) as spool:
        spool.write([line(clock, userId="u")])
        with pytest.raises(UnavailableError, match="stored none of the 1 files") as caught:
            drain_of(settings, raw, clock)(no_progress)
        assert "clickstream doctor" in caught.value.advice
    assert len(wals(settings)) == 1


def test_a_failing_store_is_an_error_and_the_spool_stays(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    leave_behind(settings, raw, clock)
    drain = drain_of(settings, LocalStore(Path("/dev/null/none")), clock)
    with pytest.raises(StoreError, match="storing the spool"):
        drain(no_progress)
    assert len(wals(settings)) == 1


def test_a_collector_that_starts_meanwhile_stores_the_rest(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    for _ in range(3):
        leave_behind(settings, raw, clock)
        clock.forward(seconds=1)
    reported: list[tuple[int, int]] = []
    taken: list[Spool] = []

    def progress(done: int, total: int, doing: str = "") -> None:
        reported.append((done, total))
        if done == 1 and not taken:
            taken.append(spool_of(settings, raw, clock))
            taken[0].open()

    assert drain_of(settings, raw, clock, patience_s=60)(progress) == 3
    taken[0].close()
    assert reported[:2] == [(0, 3), (1, 3)]
    assert wals(settings) == []
    assert len(raw.keys("events/")) == 3


def test_a_dry_run_counts_events_in_the_spool(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    leave_behind(settings, raw, clock)
    done = forget(Client(settings, clock), ForgetRequest("user", "u", dry_run=True))
    assert (done.lines, done.in_spool, done.left) == (0, 2, None)
    assert len(wals(settings)) == 1
    assert raw.keys("events/") == []


def test_forget_does_not_create_a_spool(settings: Settings, raw: LocalStore, clock: Clock) -> None:
    assert forget(Client(settings, clock), ForgetRequest("user", "u")).left == 0
    assert look_into(settings.spool_path) == Waiting()
    assert not settings.spool_path.exists()


def test_the_doctor_shows_an_empty_spool_only_if_the_settings_use_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine(settings.data, Ports(9, 9)).spool is None
    monkeypatch.setenv("CLICKSTREAM_ACK", "disk")
    found = examine(settings.data, Ports(9, 9))
    assert found.spool is not None
    assert (found.spool.files, found.spool.size_bytes, found.spool.limit_bytes) == (0, 0, 1024 * 1_048_576)
    assert found.problems == []
    text = io.StringIO()
    render_examination(found, Console(file=text, width=80))
    assert "empty, 0 bytes of 1.1 GB" in text.getvalue()


def test_the_doctor_warns_about_events_that_wait_too_long(settings: Settings, raw: LocalStore) -> None:
    clock = Clock(utc_now() - timedelta(minutes=5))
    leave_behind(settings, raw, clock)
    found = examine(settings.data, Ports(9, 9))
    assert found.spool is not None
    assert found.spool.files == 1
    assert 300 <= (found.spool.oldest_age_s or 0) < 400
    (problem,) = found.problems
    assert problem.what == "acknowledged events are not in the raw store yet"
    assert problem.advice.startswith("start the collector")
    assert found.is_well


@pytest.mark.parametrize(
    ("bytes_", "what"),
    [(900_000, "the spool is nearly full"), (2_000_000, "the spool is full: the collector rejects events")],
)
def test_the_doctor_warns_about_a_spool_that_fills_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, bytes_: int, what: str
) -> None:
    monkeypatch.setenv("CLICKSTREAM_SPOOL_MAX_MB", "1")
    settings.spool_path.mkdir(parents=True)
    (settings.spool_path / f"{time.time_ns():020d}.wal").write_bytes(bytes(bytes_))
    (problem,) = examine(settings.data, Ports(9, 9)).problems
    assert problem.what == what
    assert problem.is_warning is (bytes_ < 1_048_576)
