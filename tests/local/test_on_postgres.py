"""The same commands with a PostgreSQL warehouse: whoever asks may open it, also while an owner serves it."""

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
from clickstream.event import utc_now
from clickstream.local.doctor import examine
from clickstream.local.owner.client import reach
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.query import Limits, run_query
from clickstream.local.up import Ports, sample_start
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse
from tests.conftest import Clock
from tests.engines import empty_warehouse
from tests.etl.pipeline import received
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


def test_commands_load_ask_and_check(settings: Settings) -> None:
    put_events(settings, 3)
    client = reach(settings)
    assert client.etl_run()["lines"] == 3
    assert client.metric("overview", {})["rows"][0]["events"] == 3
    assert client.check()["balanced"]
    assert client.query("select count(*) as n from clickstream_events") == {
        "columns": ["n"],
        "rows": [[3]],
        "is_cut": False,
    }
    assert client.report({}).overview is not None


def test_commands_open_it_while_somebody_else_has_it_open(settings: Settings) -> None:
    with open_warehouse(settings):
        put_events(settings, 2)
        assert reach(settings).etl_run()["lines"] == 2


def test_its_name_holds_no_password_and_its_stage_is_below_the_data(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, warehouse_url="postgresql://me:secret@db.example:5433/shop?sslmode=require")
    assert settings.warehouse_name == "postgresql://db.example:5433/shop"
    assert settings.stage_path == tmp_path / "stage"
    assert not settings.has_default_locations


def test_the_sample_is_never_loaded_into_it(settings: Settings) -> None:
    assert sample_start(settings) is None


def test_the_doctor_looks_at_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.warehouse_url is not None
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", settings.warehouse_url)
    put_events(settings, 2)
    reach(settings, utc_now).etl_run()
    found = examine(settings.data, Ports(1, 2))
    assert found.loading is not None
    assert (found.loading.accepted, found.loading.balanced) == (2, True)
    assert "warehouse" not in {location.name for location in found.locations}


def test_migrate_says_what_it_applied(settings: Settings) -> None:
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
def test_a_query_gives_columns_and_rows(
    server_warehouse: Warehouse, sql: str, columns: list[str], rows: list[list[object]]
) -> None:
    assert run_query(server_warehouse, sql) == {"columns": columns, "rows": rows, "is_cut": False}


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
def test_a_query_changes_nothing_and_ends_in_time(server_warehouse: Warehouse, sql: str, code: str) -> None:
    with server_warehouse.transaction() as cursor:
        cursor.execute("insert into passes values ($now)", {"now": Clock().now})
    with pytest.raises(QuestionError) as caught:
        run_query(server_warehouse, sql, Limits(time_s=0.2))
    assert caught.value.code == code
    assert server_warehouse.fetch("select count(*) from passes").rows == [(1,)]


def test_more_rows_than_allowed_are_cut_without_waiting_for_them(server_warehouse: Warehouse) -> None:
    found = run_query(server_warehouse, "select generate_series(1, 100000000)", Limits(rows=2, time_s=20))
    assert (found["rows"], found["is_cut"]) == ([[1], [2]], True)
