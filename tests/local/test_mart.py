"""`clickstream mart`, and `check` on the mart: with an owner and without one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import StringIO

import pytest
from rich.console import Console

from clickstream.cli.loading import render_differences
from clickstream.cli.warehouse import render_status
from clickstream.errors import WarehouseBusyError
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.questions import CheckRequest, MartBuildRequest, MartStatus, MetricRequest
from clickstream.local.owner.registry import CHECK, MART_BUILD, METRIC
from clickstream.mart.file import VERSION
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.local.calls import check, load, mart_status
from tests.local.conftest import owning
from tests.local.test_client import HOLDER, put_events

With = Callable[[Settings, Clock], AbstractContextManager[object]]
WITH_AND_WITHOUT_OWNER = pytest.mark.parametrize(
    "served", [owning, lambda _settings, _clock: nullcontext()], ids=["through_owner", "directly"]
)


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Client:
    put_events(settings, clock, 30)
    found = Client(settings, clock, patience_s=0.2)
    load(found)
    return found


def shown(status: MartStatus) -> str:
    text = StringIO()
    render_status(status, Console(file=text, width=200))
    return text.getvalue()


@WITH_AND_WITHOUT_OWNER
def test_status_names_what_the_mart_needs_and_a_build_gives_it(client: Client, clock: Clock, served: With) -> None:
    path = client.settings.data / "mart.duckdb"
    status = mart_status(client)
    assert (status.path, status.size_bytes, status.version, status.load_id) == (str(path), 0, None, None)
    assert (status.warehouse_load_id, status.loads_behind, status.next) == (1, 1, "build")
    assert "1 load behind; the next question builds it" in shown(status)
    assert not path.exists()
    with served(client.settings, clock):
        done = client.call(MART_BUILD, MartBuildRequest())
        assert (done.path, done.load_id, done.events, done.sessions) == (str(path), 1, 30, 3)
        assert done.events_per_s == pytest.approx(30 / done.duration_s, rel=0.1)
        status = mart_status(client)
        assert (status.load_id, status.loads_behind, status.next) == (1, 0, "nothing")
        assert (status.version, status.events, status.sessions, status.failure) == (VERSION, 30, 3, "")
        assert status.bytes_per_event == pytest.approx(status.size_bytes / 30, abs=0.1)
        assert "up to date" in shown(status)
        put_events(client.settings, clock, 31)
        load(client)
        status = mart_status(client)
        assert (status.load_id, status.warehouse_load_id, status.loads_behind, status.next) == (1, 2, 1, "update")
        assert "1 load behind; the next question updates it" in shown(status)


@WITH_AND_WITHOUT_OWNER
def test_check_brings_the_mart_up_to_date_and_compares_it(client: Client, clock: Clock, served: With) -> None:
    with served(client.settings, clock):
        assert check(client).mart_differences == []
        assert client.call(CHECK, CheckRequest(with_mart=False)).mart_differences is None
        put_events(client.settings, clock, 31)
        load(client)
        assert check(client).mart_differences == []


def test_check_names_the_day_on_which_mart_and_warehouse_differ(client: Client) -> None:
    check(client)
    with open_warehouse(client.settings) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("delete from sessions where client_id = 'c1'")
        cursor.execute("delete from clickstream_events where client_id = 'c1'")
    text = StringIO()
    render_differences(check(client).mart_differences, Console(file=text, width=200))
    assert text.getvalue().splitlines() == [
        "mart: 2026-03-10 has 30 events, 20 in the warehouse",
        "mart: 2026-03-10 has 3 sessions, 2 in the warehouse",
        "next: clickstream mart build",
    ]
    client.call(MART_BUILD, MartBuildRequest())
    assert check(client).mart_differences == []


@contextmanager
def held_mart(settings: Settings, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the mart. options: "read only", or none."""
    command = [sys.executable, "-c", HOLDER, str(settings.data / "mart.duckdb"), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_processes_ask_at_the_same_time_a_mart_that_is_up_to_date(client: Client) -> None:
    client.call(METRIC, MetricRequest("overview"))
    with held_mart(client.settings, "read only"):
        assert client.call(METRIC, MetricRequest("overview")).dicts()[0]["events"] == 30


def test_a_mart_that_another_process_holds_is_an_error_with_that_process(client: Client) -> None:
    with held_mart(client.settings) as holder, pytest.raises(WarehouseBusyError) as caught:
        client.call(METRIC, MetricRequest("overview"))
    assert caught.value.doing == f"opening the mart {client.settings.data / 'mart.duckdb'}"
    assert caught.value.why == f"it is open in process {holder.pid}"
    assert caught.value.advice == "stop that process, or wait for it to end; then run this again"
    assert client.call(METRIC, MetricRequest("overview")).dicts()[0]["events"] == 30
