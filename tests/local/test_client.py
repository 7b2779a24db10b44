"""A command returns the same result through the owner and on the warehouse that it opens itself."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
import uuid_utils

from clickstream.errors import ClickstreamError, QuestionError, WarehouseBusyError, WarehouseError
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ExpireRequest, ForgetRequest, ResumeRequest
from clickstream.local.owner.file import Owner, find_owner, open_warehouse, owner_file
from clickstream.local.owner.loading import BadListRequest, BadShowRequest, EtlRunRequest
from clickstream.local.owner.questions import (
    CheckRequest,
    ExplainRequest,
    ExportDaysRequest,
    MartStatusRequest,
    MetricRequest,
    QueryRequest,
    ReportRequest,
)
from clickstream.local.owner.registry import (
    BAD_LIST,
    BAD_SHOW,
    CHECK,
    COMMANDS,
    ETL_REBUILD,
    ETL_RUN,
    EXPIRE,
    EXPORT_DAYS,
    FORGET,
    FORGET_RESUME,
    MART_STATUS,
    METRIC,
    METRIC_EXPLAIN,
    QUERY,
    REPORT,
    Command,
)
from clickstream.mart.file import Mart
from clickstream.mart.refresh import build
from clickstream.metrics.question import Question
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.report import Report, build_report, report_json
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.local.calls import check, load, rows
from tests.ports import free_port

HOLDER = (
    'import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=len(sys.argv) > 2); print("held", flush=True); '
    "sys.stdin.read()"
)


def put_events(settings: Settings, clock: Clock, count: int) -> None:
    store = LocalStore(settings.raw_path)
    store.prepare()
    lines = [
        {
            "eventName": "product_view",
            "eventId": str(UUID(int=number)),
            "clientId": f"c{number % 3}",
            "createdAt": "2026-03-10T11:59:00Z",
            "product": {"id": f"p{number % 2}", "price": 1.5},
            "_ingest": {"receivedAt": "2026-03-10T11:59:01Z", "sentAt": "2026-03-10T11:59:01Z"},
        }
        for number in range(count)
    ]
    key = batch_key(UUID(int=uuid_utils.uuid7(nanoseconds=clock.ns()).int), count)
    store.put([(key, gzip.compress(b"\n".join(map(msgspec.json.encode, lines)) + b"\n"))])


CALLS: list[tuple[Command[Any, Any], msgspec.Struct]] = [
    (METRIC, MetricRequest("overview", {"from": "2026-03-10", "to": "2026-03-11"})),
    (METRIC, MetricRequest("products", {"from": "2026-03-01", "to": "2026-03-11", "country": "!DE"})),
    (METRIC, MetricRequest("products", {"from": "2026-03-01", "category": ["a,b", "c"]})),
    (METRIC, MetricRequest("time_series", {"from": "2026-03-10", "to": "2026-03-11"})),
    (REPORT, ReportRequest()),
    (REPORT, ReportRequest({"from": "2026-03-01", "to": "2026-03-12", "tz": "Europe/Berlin", "country": "!DE"})),
    (REPORT, ReportRequest({"from": "2025-03-01", "to": "2025-03-12"})),
    (REPORT, ReportRequest({"colour": "red"})),
    (METRIC_EXPLAIN, ExplainRequest("overview", {"from": "2026-03-10", "to": "2026-03-11", "country": "!DE"})),
    (METRIC, MetricRequest("nothing")),
    (METRIC, MetricRequest("overview", {"colour": "red"})),
    (CHECK, CheckRequest()),
    (CHECK, CheckRequest(date(2026, 3, 10))),
    (MART_STATUS, MartStatusRequest()),
    (QUERY, QueryRequest("select event_id, event_timestamp, context_product_price from clickstream_events")),
    (QUERY, QueryRequest("select * from range(10)", rows=2)),
    (QUERY, QueryRequest("drop table passes")),
    (BAD_LIST, BadListRequest()),
    (BAD_SHOW, BadShowRequest("nothing", 1)),
    (ETL_REBUILD, RebuildRequest(first=date(2026, 3, 1))),
    (EXPORT_DAYS, ExportDaysRequest("clickstream_events", "Asia/Tokyo")),
    (EXPIRE, ExpireRequest(1, 1, dry_run=True)),
    (FORGET, ForgetRequest("client", "c0", dry_run=True)),
    (FORGET_RESUME, ResumeRequest()),
    (ETL_RUN, EtlRunRequest((date(2026, 3, 10),))),
]


def results(client: Client) -> list[object]:
    """Return the result of every call; an error as its class and facts."""
    found: list[object] = []
    for command, request in CALLS:
        try:
            found.append(client.call(command, request))
        except ClickstreamError as error:
            found.append((type(error), error.as_fields(), error.code))
    return found


def test_results_are_the_same_through_the_owner_and_without_it(
    settings: Settings, clock: Clock, request: pytest.FixtureRequest
) -> None:
    settings.data.mkdir()
    client = Client(settings, clock)
    assert not client.call(REPORT, ReportRequest()).has_events
    put_events(settings, clock, 30)
    loaded = load(client)
    assert (loaded.objects, loaded.lines, loaded.bad) == (1, 30, 0)
    direct = results(client)
    report = direct[4]
    assert isinstance(report, Report)
    assert report == build_report_directly(settings, clock)
    assert report_json(report)["events"] == 30
    assert not settings.data.joinpath("owner.json").exists()

    request.getfixturevalue("owner")
    assert find_owner(settings) is not None
    assert results(client) == direct
    assert [type(result) for result in direct].count(tuple) == 5


def build_report_directly(settings: Settings, clock: Clock) -> Report:
    with open_warehouse(settings) as warehouse, Mart.open(settings.data / "other.duckdb") as mart:
        build(mart, warehouse)
        return build_report(mart, Question(clock(), ZoneInfo("UTC")))


def test_an_etl_run_through_the_owner_loads_new_objects(settings: Settings, clock: Clock, owner: Owner) -> None:
    put_events(settings, clock, 5)
    client = Client(settings, clock)
    assert client.call(ETL_RUN, EtlRunRequest((date(2026, 3, 10),))).lines == 5
    assert rows(client, "select count(*) from clickstream_events") == [[5]]
    assert check(client).balanced is True


def test_an_error_from_the_owner_keeps_its_class_and_facts(settings: Settings, owner: Owner) -> None:
    with pytest.raises(QuestionError) as caught:
        rows(Client(settings), "select 1; select 2")
    assert (caught.value.code, caught.value.parameter) == ("invalid_query", "SQL")
    assert caught.value.why == "expected one statement, got 2"
    assert caught.value.advice != ""


def test_owner_json_is_readable_by_its_user_only_and_removed_with_the_owner(settings: Settings) -> None:
    me = Owner("http://127.0.0.1:1", "t", os.getpid(), str(settings.warehouse_path.resolve()))
    with owner_file(settings.data, me):
        path = settings.data / "owner.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text()).keys() == {"url", "token", "pid", "warehouse"}
        assert find_owner(settings) == me
    assert list(settings.data.iterdir()) == []


def test_a_replaced_owner_does_not_remove_the_file_of_its_successor(settings: Settings) -> None:
    old = Owner("http://127.0.0.1:1", "old", os.getpid(), str(settings.warehouse_path.resolve()))
    new = Owner("http://127.0.0.1:2", "new", os.getpid(), old.warehouse)
    with owner_file(settings.data, old):
        second = owner_file(settings.data, new)
        second.__enter__()
    assert find_owner(settings) == new


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}'])
def test_an_unreadable_owner_json_is_ignored(settings: Settings, content: str) -> None:
    settings.data.mkdir()
    (settings.data / "owner.json").write_text(content)
    assert find_owner(settings) is None
    assert rows(Client(settings), "select 1") == [[1]]


def test_an_owner_json_of_an_ended_process_is_ignored(settings: Settings) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    write_owner(settings, Owner("http://127.0.0.1:1", "t", ended.pid, str(settings.warehouse_path.resolve())))
    assert find_owner(settings) is None
    assert rows(Client(settings), "select 1") == [[1]]


def test_an_owner_json_with_the_process_id_of_another_program_is_ignored(settings: Settings) -> None:
    write_owner(
        settings, Owner(f"http://127.0.0.1:{free_port()}", "t", os.getpid(), str(settings.warehouse_path.resolve()))
    )
    assert rows(Client(settings), "select 1") == [[1]]


def test_the_owner_of_another_warehouse_is_not_called(settings: Settings, owner: Owner, tmp_path: Path) -> None:
    other = settings.model_copy(update={"warehouse_url": f"duckdb:///{tmp_path / 'other.duckdb'}"})
    assert find_owner(other) is None
    assert rows(Client(other), "select count(*) from clickstream_events") == [[0]]


@pytest.fixture
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Start another process that holds the DuckDB file and is not an owner."""
    with open_warehouse(settings):
        pass
    command = [sys.executable, "-c", HOLDER, str(settings.warehouse_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_file_held_by_a_program_that_is_not_an_owner_is_an_error_with_its_process(
    settings: Settings, clock: Clock, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(WarehouseBusyError) as caught:
        rows(Client(settings, clock, patience_s=0.2), "select 1")
    assert caught.value.holder == f"process {holder.pid}"
    assert caught.value.advice == "stop that process, or wait for it to end; then run this again"


def test_a_damaged_file_in_a_folder_named_like_a_lock_is_not_busy(settings: Settings, clock: Clock) -> None:
    blocks = settings.model_copy(update={"data": settings.data / "blocks", "warehouse_url": None})
    blocks.warehouse_path.parent.mkdir(parents=True)
    blocks.warehouse_path.write_bytes(b"not a database " * 1000)
    with pytest.raises(WarehouseError, match="not a valid DuckDB database file") as caught:
        rows(Client(blocks, clock, patience_s=0), "select 1")
    assert not isinstance(caught.value, WarehouseBusyError)


def test_a_command_waits_for_a_process_that_is_about_to_end(
    settings: Settings, clock: Clock, holder: subprocess.Popen[str]
) -> None:
    threading.Timer(0.5, holder.kill).start()
    assert rows(Client(settings, clock, patience_s=60), "select 1") == [[1]]


def write_owner(settings: Settings, owner: Owner) -> None:
    settings.data.mkdir(exist_ok=True)
    (settings.data / "owner.json").write_bytes(msgspec.json.encode(owner))


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if not command.creates], ids=lambda each: each.path
)
def test_a_mistyped_data_directory_is_an_error_and_not_made(
    tmp_path: Path, command: Command[msgspec.Struct, Any]
) -> None:
    wrong = tmp_path / "wrong"
    with pytest.raises(WarehouseError, match="there is no folder"):
        Client(Settings(data=wrong)).call(command, msgspec.Struct())
    assert not wrong.exists()
