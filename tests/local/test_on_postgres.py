"""The commands on a PostgreSQL warehouse, which several processes may open at once."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils

from clickstream.errors import QuestionError
from clickstream.local.doctor import examine
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.questions import MetricRequest, QueryRequest, ReportRequest
from clickstream.local.owner.registry import METRIC, QUERY, REPORT
from clickstream.local.up import Ports, sample_start
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.query import QueryLimits, QueryResult
from tests.conftest import Clock
from tests.engines import empty_warehouse
from tests.etl.pipeline import received
from tests.local.calls import check, load
from tests.postgres import Cluster


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    database = cluster.take()
    yield Settings(data=tmp_path, warehouse_url=cluster.url(database))
    cluster.give_back(database)


@pytest.fixture
def server_warehouse(cluster: Cluster, tmp_path: Path) -> Iterator[Warehouse]:
    with empty_warehouse(tmp_path, cluster) as opened:
        yield opened


def put_events(settings: Settings, count: int) -> None:
    store = LocalStore(settings.raw_path)
    store.prepare()
    lines = [json.dumps(received(datetime.now(UTC), clientId=f"c{n}")).encode() for n in range(count)]
    key = batch_key(UUID(int=uuid_utils.uuid7().int), count)
    store.put([(key, gzip.compress(b"\n".join(lines) + b"\n"))])


def test_commands_load_query_and_check(settings: Settings) -> None:
    put_events(settings, 3)
    client = Client(settings)
    assert load(client).lines == 3
    assert client.call(METRIC, MetricRequest("overview")).dicts()[0]["events"] == 3
    assert check(client).balanced
    counted = client.call(QUERY, QueryRequest("select count(*) as n from clickstream_events"))
    assert counted == QueryResult(["n"], [[3]], is_cut=False)
    assert client.call(REPORT, ReportRequest()).overview is not None


def test_a_command_opens_it_while_another_process_has_it_open(settings: Settings) -> None:
    with open_warehouse(settings):
        put_events(settings, 2)
        assert load(Client(settings)).lines == 2


def test_its_name_contains_no_password_and_its_stage_is_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, warehouse_url="postgresql://me:secret@db.example:5433/shop?sslmode=require")
    assert settings.warehouse_name == "postgresql://db.example:5433/shop"
    assert settings.stage_path == tmp_path / "stage"
    assert not settings.has_default_locations


def test_the_sample_is_never_loaded_into_postgresql(settings: Settings) -> None:
    assert sample_start(settings) is None


def test_the_doctor_examines_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.warehouse_url is not None
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", settings.warehouse_url)
    put_events(settings, 2)
    load(Client(settings))
    found = examine(settings.data, Ports(1, 2))
    assert found.loading is not None
    assert (found.loading.accepted, found.loading.balanced) == (2, True)
    assert "warehouse" not in {location.name for location in found.locations}


def test_migrate_reports_the_schema_files_it_applied(settings: Settings) -> None:
    environment = os.environ | {"CLICKSTREAM_WAREHOUSE_URL": str(settings.warehouse_url)}
    command = [sys.executable, "-m", "clickstream", "warehouse", "migrate", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["applied"] == []


@pytest.mark.parametrize(
    ("sql", "columns", "rows"),
    [
        ("values (1), (2)", ["column1"], [[1], [2]]),
        ("show timezone", ["TimeZone"], [["UTC"]]),
        ("select 1 as a where false", ["a"], []),
        ("-- a comment\n(select '50%' as \"%s\")", ["%s"], [["50%"]]),
        ("select 1.50 as m, '{1,2}'::int[] as l, 'NaN'::float8 as f", ["m", "l", "f"], [["1.50", [1, 2], "nan"]]),
    ],
)
def test_a_query_returns_columns_and_rows(
    server_warehouse: Warehouse, sql: str, columns: list[str], rows: list[list[object]]
) -> None:
    assert server_warehouse.query(sql, QueryLimits()) == QueryResult(columns, rows, is_cut=False)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("delete from passes", "invalid_query"),
        ("with gone as (delete from passes returning *) select * from gone", "invalid_query"),
        ("select 1; delete from passes", "invalid_query"),
        ("commit", "invalid_query"),
        ("explain analyze delete from passes", "invalid_query"),
        ("select * into mine from passes", "invalid_query"),
        ("copy passes to program 'true'", "invalid_query"),
        ("select set_config('transaction_read_only', 'off', true)", "invalid_query"),
        ("select nothing", "invalid_query"),
        ("", "invalid_query"),
        ("select pg_sleep(20)", "query_timeout"),
    ],
)
def test_a_query_cannot_write_and_ends_within_its_time_limit(server_warehouse: Warehouse, sql: str, code: str) -> None:
    with server_warehouse.transaction() as cursor:
        cursor.execute("insert into passes values ($now)", {"now": Clock().now})
    with pytest.raises(QuestionError) as caught:
        server_warehouse.query(sql, QueryLimits(time_s=0.2))
    assert caught.value.code == code
    assert server_warehouse.fetch("select count(*) from passes").rows == [(1,)]


def test_more_rows_than_the_limit_are_cut_without_waiting_for_them(server_warehouse: Warehouse) -> None:
    found = server_warehouse.query("select generate_series(1, 100000000)", QueryLimits(rows=2, time_s=20))
    assert (found.rows, found.is_cut) == ([[1], [2]], True)
