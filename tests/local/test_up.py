"""`clickstream up` as a user runs it: real processes, real ports, and nothing left behind at the end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from clickstream.errors import WarehouseBusyError
from clickstream.event import utc_now
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import find_owner, open_warehouse
from clickstream.local.up import Ports, parts, sample_start
from clickstream.raw.keys import day_prefix
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from clickstream.sources.sample import EVENTS, NAME, ImportState, read_state, write_state
from tests.local.calls import check, rows
from tests.local.children import environment, is_alive, text_of
from tests.patience import wait_until
from tests.ports import free_port

UP = """
import sys
from pathlib import Path
from rich.console import Console
from clickstream.cli.terminal import err
from clickstream.errors import ClickstreamError
from clickstream.local.up import Ports, up
from clickstream.settings import read_settings
try:
    code = up(read_settings(Path(sys.argv[1])), sample=sys.argv[4] == "sample", console=err,
              ports=Ports(int(sys.argv[2]), int(sys.argv[3])))
except ClickstreamError as error:
    sys.exit(f"{error.doing}|{error.why}|{error.advice}")
sys.exit(code)
"""


@pytest.fixture
def ports() -> Ports:
    return Ports(free_port(), free_port())


@contextmanager
def running(settings: Settings, ports: Ports, sample: str = "empty") -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run `up` in another process; yield it with the file of its output. It is killed at the end."""
    output = settings.data.parent / "output"
    arguments = [str(settings.data), str(ports.collector), str(ports.dashboard), sample]
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", UP, *arguments], stdout=out, stderr=subprocess.STDOUT, env=environment()
        )
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()


def is_up(output: Path) -> bool:
    return "Ctrl-C stops everything" in text_of(output)


def children_of(pid: int) -> list[int]:
    stats = [text_of(path).rpartition(") ")[::2] for path in Path("/proc").glob("[0-9]*/stat")]
    return [int(head.split()[0]) for head, tail in stats if tail and int(tail.split()[1]) == pid]


def test_up_serves_events_and_dashboard_refuses_a_second_instance_and_stops_cleanly(
    settings: Settings, ports: Ports
) -> None:
    with running(settings, ports) as (process, output):
        wait_until(lambda: is_up(output), "running platform")
        assert f"dashboard  http://127.0.0.1:{ports.dashboard}/sbw_dashboard" in output.read_text()
        event = {"eventName": "page_view", "clientId": "c1"}
        url = f"http://127.0.0.1:{ports.collector}/clickstream"
        assert urllib3.request("POST", url, json=event, retries=False).status == 200
        client = Client(settings)
        wait_until(lambda: rows(client, "select event_name from clickstream_events") == [["page_view"]])
        assert check(client).balanced is True
        page = urllib3.request("GET", f"http://127.0.0.1:{ports.dashboard}/sbw_dashboard/", retries=False)
        assert page.status == 200
        owner = find_owner(settings)
        assert owner is not None
        with pytest.raises(WarehouseBusyError) as caught:
            sample_start(settings)
        assert caught.value.holder == f"process {owner.pid}, http://127.0.0.1:{ports.dashboard}"
        pids = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert output.read_text().endswith("stopped\n")
    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)
    assert find_owner(settings) is None
    assert not (settings.data / "owner.json").exists()
    assert (settings.data / "logs" / "owner.log").read_text().startswith("dashboard  http://")


def test_killed_up_leaves_no_part_behind_and_its_data_usable(settings: Settings, ports: Ports) -> None:
    with running(settings, ports) as (process, output):
        wait_until(lambda: is_up(output), "running platform")
        pids = children_of(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in pids))
    assert len(pids) == 2
    assert check(Client(settings)).balanced is True


@pytest.mark.slow
def test_unfinished_sample_import_is_resumed_and_its_events_marked(settings: Settings, ports: Ports) -> None:
    write_state(settings.data, ImportState(NAME, EVENTS - 700))
    LocalStore(settings.raw_path).prepare()
    with open_warehouse(settings) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("insert into raw_objects values ('x', date '2026-01-01', 'batch', now(), 0, 0)")
    with running(settings, ports, "sample") as (_, output):
        wait_until(lambda: is_up(output), "running platform")
        client = Client(settings)
        counted = "select count(*) filter (where is_sample), count(*) from clickstream_events"
        wait_until(lambda: rows(client, counted) == [[700, 700]])
    assert "loaded 700 events, marked as sample" in output.read_text()
    assert read_state(settings.data) == ImportState(NAME, EVENTS, done=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_sample_import_is_resumed_after_up_was_killed_or_stopped(
    settings: Settings, ports: Ports, number: signal.Signals
) -> None:
    with running(settings, ports, "sample") as (process, _):
        wait_until(lambda: (state := read_state(settings.data)) and state.rows > 20_000)
        pids = children_of(process.pid)
        process.send_signal(number)
        assert process.wait(60) == (0 if number == signal.SIGINT else -number)
        wait_until(lambda: not any(is_alive(pid) for pid in pids))
    begun = read_state(settings.data)
    assert begun is not None
    assert not begun.done
    with running(settings, ports, "sample") as (_, output):
        wait_until(lambda: is_up(output), "running platform")
        client = Client(settings)
        wait_until(lambda: rows(client, "select count(*) from clickstream_events") == [[EVENTS]])
        ledger = check(client)
    assert ledger.balanced is True
    assert ledger.totals["accepted"] == EVENTS + ledger.totals["duplicate"]
    assert f"loaded {EVENTS - begun.rows:,} events" in output.read_text()


def test_port_in_use_is_reported_before_any_part_starts(settings: Settings, ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", ports.dashboard)), running(settings, ports) as (process, output):
        assert process.wait(60) == 1
    assert (
        f"port {ports.dashboard} is in use; the owner needs it|stop the program that listens there"
        in output.read_text()
    )
    assert not (settings.data / "logs" / "owner.log").exists()


@pytest.mark.parametrize(
    ("state", "stored", "expected"),
    [
        (None, False, 0),
        (ImportState(NAME, 500), False, 0),
        (ImportState(NAME, 500, done=True), False, 0),
        (None, True, None),
        (ImportState(NAME, 500), True, 500),
        (ImportState(NAME, EVENTS, done=True), True, None),
        (ImportState("another", 500), True, None),
    ],
    ids=[
        "empty",
        "empty_with_an_unfinished_import",
        "empty_with_a_finished_import",
        "user_events",
        "unfinished",
        "finished",
        "another_sample",
    ],
)
def test_sample_is_loaded_only_if_the_platform_is_empty_or_its_import_is_unfinished(
    settings: Settings, state: ImportState | None, stored: bool, expected: int | None
) -> None:
    if state is not None:
        write_state(settings.data, state)
    if stored:
        store = LocalStore(settings.raw_path)
        store.prepare()
        store.put([(day_prefix(utc_now().date()) + "event-anything.json", b"{}")])
    assert sample_start(settings) == expected


@pytest.mark.parametrize("location", ["raw_url", "warehouse_url"])
def test_sample_is_not_loaded_if_the_user_chose_a_location(settings: Settings, tmp_path: Path, location: str) -> None:
    prefix = "duckdb:///" if location == "warehouse_url" else ""
    chosen = settings.model_copy(update={location: f"{prefix}{tmp_path / 'mine'}"})
    assert sample_start(chosen) is None


def test_parts_receive_the_chosen_data_directory(settings: Settings) -> None:
    for part in parts(settings, Ports(1, 2)):
        assert part.environment == {"CLICKSTREAM_DATA": str(settings.data)}
        assert part.argv[-2:] == ("--port", str(part.port))
