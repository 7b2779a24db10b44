"""Commands get the same answers from the owner and from the file itself."""

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
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
import uuid_utils

from clickstream.errors import ClickstreamError, QuestionError, WarehouseBusyError
from clickstream.local.owner.client import Client, reach
from clickstream.local.owner.file import Owner, find_owner, open_warehouse, owner_file
from clickstream.local.owner.query import Limits
from clickstream.metrics.question import Question
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.report import Report, build_report, report_json
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.ports import free_port

LIVING = 'import sys, duckdb; c = duckdb.connect(sys.argv[1]); print("held", flush=True); sys.stdin.read()'


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


def answers(client: Client) -> list[object]:
    """What the client says to everything; errors as (class, code, words)."""

    def told(ask: object) -> object:
        try:
            return ask()  # type: ignore[operator]
        except ClickstreamError as error:
            return type(error), error.code, str(error), error.advice

    return [
        told(ask)
        for ask in (
            lambda: client.metric("overview", {"from": "2026-03-10", "to": "2026-03-11"}),
            lambda: client.metric("products", {"from": "2026-03-01", "to": "2026-03-11", "country": "!DE"}),
            lambda: client.metric("products", {"from": "2026-03-01", "category": ["a,b", "c"]}),
            lambda: client.report({}),
            lambda: client.report({"from": "2026-03-01", "to": "2026-03-12", "tz": "Europe/Berlin", "country": "!DE"}),
            lambda: client.report({"from": "2025-03-01", "to": "2025-03-12"}),
            lambda: client.report({"colour": "red"}),
            lambda: client.metric("nothing", {}),
            lambda: client.metric("overview", {"colour": "red"}),
            client.check,
            lambda: client.check(date(2026, 3, 10)),
            lambda: client.query("select event_id, event_timestamp, context_product_price from clickstream_events"),
            lambda: client.query("select * from range(10)", Limits(rows=2)),
            lambda: client.query("drop table passes"),
            client.etl_run,
        )
    ]


def test_answers_are_the_same_through_the_owner_and_without(
    settings: Settings, clock: Clock, request: pytest.FixtureRequest
) -> None:
    client = reach(settings, clock)
    assert not client.report({}).has_events
    put_events(settings, clock, 30)
    loaded = client.etl_run()
    assert (loaded["objects"], loaded["lines"], loaded["bad"]) == (1, 30, 0)
    direct = answers(client)
    assert json.loads(json.dumps(direct[0])) == direct[0]
    report = direct[3]
    assert isinstance(report, Report)
    assert report == build_report_directly(settings, clock)
    assert report_json(report)["events"] == 30
    assert not settings.data.joinpath("owner.json").exists()

    request.getfixturevalue("owner")
    assert find_owner(settings) is not None
    assert answers(client) == direct
    assert [type(answer) for answer in direct].count(tuple) == 4


def build_report_directly(settings: Settings, clock: Clock) -> Report:
    with open_warehouse(settings) as warehouse:
        return build_report(warehouse, Question(clock(), ZoneInfo("UTC")))


def test_an_etl_run_through_the_owner_loads_what_is_new(settings: Settings, clock: Clock, owner: Owner) -> None:
    put_events(settings, clock, 5)
    client = reach(settings, clock)
    assert client.etl_run(reconcile=[date(2026, 3, 10)])["lines"] == 5
    assert client.query("select count(*) from clickstream_events")["rows"] == [[5]]
    assert client.check()["balanced"] is True


def test_an_error_from_the_owner_keeps_its_class_code_and_words(settings: Settings, owner: Owner) -> None:
    with pytest.raises(QuestionError) as caught:
        reach(settings).query("select 1; select 2")
    assert (caught.value.code, caught.value.parameter) == ("invalid_query", "SQL")
    assert caught.value.why == "expected one statement, got 2"
    assert caught.value.advice != ""


def test_owner_json_is_for_its_user_alone_and_goes_with_the_owner(settings: Settings) -> None:
    me = Owner("http://127.0.0.1:1", "t", os.getpid(), str(settings.warehouse_path.resolve()))
    with owner_file(settings.data, me):
        path = settings.data / "owner.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text()).keys() == {"url", "token", "pid", "warehouse"}
        assert find_owner(settings) == me
    assert list(settings.data.iterdir()) == []


def test_an_owner_that_was_replaced_leaves_the_new_ones_file(settings: Settings) -> None:
    old = Owner("http://127.0.0.1:1", "old", os.getpid(), str(settings.warehouse_path.resolve()))
    new = Owner("http://127.0.0.1:2", "new", os.getpid(), old.warehouse)
    with owner_file(settings.data, old):
        second = owner_file(settings.data, new)
        second.__enter__()
    assert find_owner(settings) == new


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}'])
def test_an_owner_json_that_cannot_be_read_counts_as_none(settings: Settings, content: str) -> None:
    settings.data.mkdir()
    (settings.data / "owner.json").write_text(content)
    assert find_owner(settings) is None
    assert reach(settings).query("select 1")["rows"] == [[1]]


def test_an_owner_json_whose_process_is_gone_is_passed_over(settings: Settings) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    write_owner(settings, Owner("http://127.0.0.1:1", "t", gone.pid, str(settings.warehouse_path.resolve())))
    assert find_owner(settings) is None
    assert reach(settings).query("select 1")["rows"] == [[1]]


def test_an_owner_json_whose_process_is_somebody_else_is_passed_over(settings: Settings) -> None:
    write_owner(
        settings, Owner(f"http://127.0.0.1:{free_port()}", "t", os.getpid(), str(settings.warehouse_path.resolve()))
    )
    assert reach(settings).query("select 1")["rows"] == [[1]]


def test_the_owner_of_another_warehouse_is_not_asked(settings: Settings, owner: Owner, tmp_path: Path) -> None:
    other = settings.model_copy(update={"warehouse_url": f"duckdb:///{tmp_path / 'other.duckdb'}"})
    assert find_owner(other) is None
    assert reach(other).query("select count(*) from clickstream_events")["rows"] == [[0]]


@pytest.fixture
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the DuckDB file, and is no owner."""
    with open_warehouse(settings):
        pass
    command = [sys.executable, "-c", LIVING, str(settings.warehouse_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_file_held_by_a_stranger_is_refused_with_its_name(
    settings: Settings, clock: Clock, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(WarehouseBusyError) as caught:
        Client(settings, clock, patience_s=0.2).query("select 1")
    assert caught.value.holder == f"process {holder.pid}"


def test_a_command_waits_for_another_that_is_about_to_end(
    settings: Settings, clock: Clock, holder: subprocess.Popen[str]
) -> None:
    threading.Timer(0.5, holder.kill).start()
    assert Client(settings, clock, patience_s=60).query("select 1")["rows"] == [[1]]


def write_owner(settings: Settings, owner: Owner) -> None:
    settings.data.mkdir(exist_ok=True)
    (settings.data / "owner.json").write_bytes(msgspec.json.encode(owner))
