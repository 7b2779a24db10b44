"""PostgreSQL as a warehouse: who may do what, other clients of its table, connections that break, secrets."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest

from clickstream.errors import WarehouseError
from clickstream.etl import load, sql
from clickstream.etl.ledger import check
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.run import Loader
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question
from clickstream.warehouse.connections import is_local, read_address
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.migrations import roles_sql
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.etl.warehouses import contents
from tests.postgres import Cluster
from tests.warehouse.test_engines import CONTRACT

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
EVENT = UUID("11111111-1111-4111-8111-111111111111")
UPSERT = (
    f"insert into clickstream_events ({', '.join(CONTRACT)}) values ({', '.join(['%s'] * 16)})"
    " on conflict (event_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in CONTRACT if name != "event_id")
)


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, cluster: Cluster) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, cluster) as opened:
        yield opened


def database_of(pipeline: Pipeline) -> str:
    return str(pipeline.rows("select current_database()")[0][0])


def foreign_row(name: str, price: str = "9.99") -> list[object]:
    """A row of a client that knows the first 16 columns only."""
    texts = ["u", "anonymous", "cookie", "c", "s", True, "p1", "Laptop", "Laptops", "Zed"]
    return [EVENT, NOW, name, *texts, Decimal(price), None, "/p/1"]


# Another client of the table ------------------------------------------------------------------------------------------


def test_a_client_that_knows_only_16_columns_can_upsert_and_read(cluster: Cluster, pipeline: Pipeline) -> None:
    with cluster.admin(database_of(pipeline)) as other:
        other.execute(UPSERT, foreign_row("page_view"))
        other.execute(UPSERT, foreign_row("product_view", "5"))
        found = other.execute(f"select {', '.join(CONTRACT)} from clickstream_events").fetchall()
    assert [list(row) for row in found] == [foreign_row("product_view", "5")]
    pipeline.load()
    assert pipeline.totals() == {}
    assert pipeline.ledger().is_balanced


def test_a_raw_copy_replaces_a_row_without_a_raw_position(cluster: Cluster, pipeline: Pipeline) -> None:
    with cluster.admin(database_of(pipeline)) as other:
        other.execute(UPSERT, foreign_row("page_view"))
    pipeline.put_batch([received(NOW, eventId=str(EVENT), eventName="search", clientId="raw")])
    pipeline.load()
    assert pipeline.one("event_name, client_id, user_id") == {
        "event_name": "search",
        "client_id": "raw",
        "user_id": None,
    }
    assert pipeline.rows("select count(*) from duplicates") == [(0,)]
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_a_row_of_another_client_survives_loads_and_is_outside_the_ledger(cluster: Cluster, pipeline: Pipeline) -> None:
    with cluster.admin(database_of(pipeline)) as other:
        other.execute(UPSERT, foreign_row("page_view"))
    pipeline.put_batch([received(NOW + timedelta(seconds=n), clientId="c", userId="v") for n in range(3)])
    pipeline.load()
    assert len(pipeline.events("event_id")) == 4
    assert pipeline.totals() == {"accepted": 3, "loaded": 3}


# Roles ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def roles(cluster: Cluster, pipeline: Pipeline) -> dict[str, str]:
    """URLs of a user of each role; the script runs twice, as it may."""
    database = database_of(pipeline)
    with cluster.admin(database) as owner:
        for _ in range(2):
            owner.execute(roles_sql().encode())
        for user in ("loader", "reader"):
            owner.execute(
                f"drop role if exists a_{user}; create role a_{user} login in role clickstream_{user}".encode()
            )
            owner.execute(f"alter role a_{user} set default_transaction_read_only = {user == 'reader'}".encode())
    return {user: cluster.url(database, f"a_{user}") for user in ("loader", "reader")}


def test_the_loader_role_can_load_and_cannot_create_tables(
    roles: dict[str, str], pipeline: Pipeline, tmp_path: Path
) -> None:

    pipeline.put_batch([received(NOW, eventId="e", clientId="c", userId="u"), b"no JSON", received(NOW, eventId="e")])
    with PostgresWarehouse.open(roles["loader"]) as warehouse:
        with closing(Loader(warehouse, pipeline.store, tmp_path / "loader", pipeline.clock)) as loader:
            assert loader.run_pass().lines == 3
        assert check(warehouse, pipeline.store).is_balanced
        for sql in ("create table mine (a int)", "drop table passes", "alter table passes add column a int"):
            with (
                pytest.raises(WarehouseError, match=r"permission denied|must be owner"),
                warehouse.transaction() as cursor,
            ):
                cursor.execute(sql)


def rebuilt(url: str, pipeline: Pipeline, folder: Path, wish: RebuildRequest) -> dict[str, Any]:
    with PostgresWarehouse.open(url) as warehouse:

        def make_loader(other: Warehouse) -> Loader:
            return Loader(other, pipeline.store, folder / "rebuild", pipeline.clock)

        with closing(make_loader(warehouse)) as loader:
            site = RebuildContext(warehouse, pipeline.store, pipeline.clock, loader.run_pass, make_loader)
            return rebuild(site, wish)


def test_the_loader_role_can_rebuild_without_the_right_to_create_schemas(
    roles: dict[str, str], pipeline: Pipeline, tmp_path: Path, cluster: Cluster
) -> None:
    order = {"id": "o", "total": 10, "items": [{"id": "p"}]}
    pipeline.put_batch(
        [received(NOW, clientId="c", userId="u", eventName="checkout_complete", order=order), b"no JSON"]
    )
    pipeline.load()
    before = contents(pipeline.warehouse)
    for _ in range(2):
        with psycopg.connect(roles["loader"]) as killed:
            killed.execute("create table clickstream_rebuild.sessions (left_by text)")
        found = rebuilt(roles["loader"], pipeline, tmp_path, RebuildRequest(apply=True))
        assert (found["same"], found["applied"], found["objects"]) == (True, True, 1)
    assert contents(pipeline.warehouse) == before
    with psycopg.connect(roles["loader"]) as loader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        loader.execute("create schema mine")
    with psycopg.connect(roles["reader"], autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("create table clickstream_rebuild.mine (a int)")
    with cluster.admin(database_of(pipeline)) as owner:
        left = "select count(*) from pg_class where relnamespace = 'clickstream_rebuild'::regnamespace"
        assert owner.execute(left).fetchone() == (0,)


def test_the_owner_and_a_loader_rebuild_in_turn(
    roles: dict[str, str], pipeline: Pipeline, tmp_path: Path, cluster: Cluster
) -> None:
    pipeline.put_batch([received(NOW, clientId="c")])
    pipeline.load()
    owner = cluster.url(database_of(pipeline))
    for url in (owner, roles["loader"], owner):
        with psycopg.connect(roles["loader"]) as killed:
            killed.execute("create table clickstream_rebuild.sessions (left_by text)")
        assert rebuilt(url, pipeline, tmp_path, RebuildRequest())["same"]


def test_a_rebuild_without_its_schema_gives_an_error_with_the_command_to_run(
    roles: dict[str, str], pipeline: Pipeline, tmp_path: Path, cluster: Cluster
) -> None:
    with cluster.admin(database_of(pipeline)) as owner:
        owner.execute("drop schema clickstream_rebuild cascade")
    with pytest.raises(WarehouseError, match="permission denied") as caught:
        rebuilt(roles["loader"], pipeline, tmp_path, RebuildRequest())
    assert "clickstream warehouse roles" in caught.value.advice


def test_the_reader_role_can_read_everything_and_write_nothing(
    roles: dict[str, str], pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.put_batch([received(NOW, clientId="c")])
    pipeline.load()
    with PostgresWarehouse.open(roles["reader"]) as warehouse, Mart.open(tmp_path / "mart.duckdb") as mart:
        assert refresh(mart, warehouse).how == "built"
        question = Question(NOW + timedelta(days=1), ZoneInfo("UTC"))
        assert ask(mart, "overview", question).dicts()[0]["events"] == 1
        assert check(warehouse, pipeline.store).is_balanced
    with psycopg.connect(roles["reader"], autocommit=True) as reader:
        reader.execute("set default_transaction_read_only = off")
        for sql in ("delete from passes", "insert into passes values (now())", "create table mine (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(sql)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("create temp table mine (a int)")


def test_opening_without_the_right_to_create_tables_names_who_must_migrate(cluster: Cluster, database: str) -> None:
    with cluster.admin(database) as owner:
        owner.execute(
            "drop role if exists stranger; create role stranger login; grant usage on schema public to stranger"
        )
        owner.execute("grant select on schema_files to stranger")
        forgotten = owner.execute("delete from schema_files where name = '0001_tables.sql' returning name").fetchall()
    try:
        with pytest.raises(WarehouseError, match="updating the warehouse schema") as caught:
            PostgresWarehouse.open(cluster.url(database, "stranger"))
        assert "clickstream warehouse migrate" in caught.value.advice
    finally:
        with cluster.admin(database) as owner:
            owner.cursor().executemany("insert into schema_files values (%s)", forgotten)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_with_another_encoding_than_utf8_is_refused_unchanged(cluster: Cluster, encoding: str) -> None:
    with cluster.admin() as owner:
        owner.execute("drop database if exists narrow")
        owner.execute(f"create database narrow encoding '{encoding}' locale 'C' template template0".encode())
    with pytest.raises(WarehouseError, match=encoding) as caught:
        PostgresWarehouse.open(cluster.url("narrow"))
    assert "UTF8" in caught.value.advice
    with cluster.admin("narrow") as owner:
        assert owner.execute("select count(*) from pg_class where relname = 'schema_files'").fetchone() == (0,)
    with cluster.admin() as owner:
        owner.execute("drop database narrow")


# Opening --------------------------------------------------------------------------------------------------------------


def test_two_processes_that_migrate_at_once_apply_each_file_once(cluster: Cluster) -> None:
    with cluster.admin() as owner:
        owner.execute("drop database if exists fresh with (force)")
        owner.execute("create database fresh")
    code = "import sys; from clickstream.warehouse import open_warehouse; open_warehouse(sys.argv[1]).close()"
    command = [sys.executable, "-c", code, cluster.url("fresh")]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b"", b"", b""]
    with cluster.admin("fresh") as owner:
        counts = owner.execute("select count(*), count(distinct name) from schema_files").fetchone()
    assert counts is not None
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:sEcret@127.0.0.1:1/shop",
        "postgresql://me:sEcret@127.0.0.1:port/shop",
        "postgresql://me:sEcret@[::1/shop",
        "postgresql://me:sEcret@127.0.0.1:1/shop?nothing=1",
        "postgresql://me:sE%ZZcret@127.0.0.1/shop",
    ],
)
def test_no_error_contains_the_password(url: str) -> None:
    with pytest.raises(WarehouseError, match="opening the warehouse") as caught:
        PostgresWarehouse.open(url)
    assert "sE" not in f"{caught.value} {caught.value.advice} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql:///shop", None),
        ("postgresql://localhost,127.0.0.2/shop", None),
        ("postgresql://db.example/shop", "verify-full"),
        ("postgresql://10.0.128.7/shop", "verify-full"),
        ("postgresql://localhost,db.example/shop", "verify-full"),
        ("postgresql://db.example/shop?sslmode=require", "require"),
    ],
)
def test_tls_is_verified_unless_the_url_says_otherwise_or_the_server_is_local(url: str, mode: str | None) -> None:
    assert read_address(url).get("sslmode") == mode


def test_loopback_addresses_and_sockets_are_local() -> None:
    assert is_local("/run/postgresql")
    assert is_local("::1")
    assert not is_local("127.0.0.1.example")


# Connections that break -----------------------------------------------------------------------------------------------


def test_a_connection_that_broke_while_idle_is_replaced(cluster: Cluster, database: str) -> None:
    with PostgresWarehouse.open(cluster.url(database)) as warehouse:
        cut_connections(cluster, database)
        assert warehouse.fetch("select 1").rows == [(1,)]
        cut_connections(cluster, database)
        with warehouse.transaction() as cursor:
            cursor.execute("insert into passes values (now())")


def test_a_load_that_loses_its_connection_fails_and_the_next_pass_loads_everything(
    cluster: Cluster, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:

    database = database_of(pipeline)
    pipeline.put_batch([received(NOW, eventId=str(n), clientId="c") for n in range(5)])
    run_statements = sql.run_statements

    def cut(cursor: object, step: str, *rest: object, **more: object) -> None:
        if step == "sessions":
            cut_connections(cluster, database)
        run_statements(cursor, step, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(load, "run_statements", cut)
        with pytest.raises(WarehouseError, match="writing the warehouse"):
            pipeline.load()
    assert pipeline.rows("select count(*) from clickstream_events") == [(0,)]
    assert pipeline.load().lines == 5
    assert pipeline.ledger().is_balanced


def test_a_loader_that_waited_for_another_sees_its_work_whatever_the_default_isolation(
    cluster: Cluster, pipeline: Pipeline
) -> None:
    """A snapshot from before the wait would give both loads one number, and both would count what one has counted."""
    database = database_of(pipeline)
    url = f"{cluster.url(database)}&options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
    with PostgresWarehouse.open(url) as other, ThreadPoolExecutor(1) as pool:
        assert other.fetch("show default_transaction_isolation").rows == [("repeatable read",)]
        with pipeline.warehouse.transaction() as first:
            coming = pool.submit(next_load_id_of, other)
            await_one_that_waits(cluster, database)
            load.record_load(first, load.Load(load.next_load_id(first), 1, 1, 0), pipeline.loader.stamp())
        assert coming.result(timeout=60) == 2


def next_load_id_of(warehouse: Warehouse) -> int:
    with warehouse.transaction() as cursor:
        return load.next_load_id(cursor)


def await_one_that_waits(cluster: Cluster, database: str) -> None:
    """Until a connection of this database waits for an advisory lock."""
    deadline = time.monotonic() + 60
    sql = "select 1 from pg_stat_activity where datname = %s and wait_event_type = 'Lock' and wait_event = 'advisory'"
    with cluster.admin() as admin:
        while not admin.execute(sql, [database]).fetchall():
            assert time.monotonic() < deadline, "no statement waits"
            time.sleep(0.02)


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("by", ["owner", "a_loader"])
def test_only_the_owner_summarises_new_blocks(by: str, cluster: Cluster, pipeline: Pipeline) -> None:
    indexes = [f"clickstream_events_{column}_brin" for column in ("event_timestamp", "received_at")]
    with PostgresWarehouse.open(cluster.url(database_of(pipeline), by)) as warehouse:
        with warehouse.transaction() as cursor:
            cursor.execute(
                "insert into clickstream_events (event_id, event_timestamp, received_at, event_name, page_url) "
                "select gen_random_uuid(), now(), now(), 'x', repeat('y', 500) from generate_series(1, 10000)"
            )
        warehouse.refresh_statistics()
    with pipeline.warehouse.transaction() as cursor:
        left = [cursor.scalar(f"select brin_summarize_new_values('{index}')") for index in indexes]
    assert all(blocks == 0 if by == "owner" else blocks > 0 for blocks in left)


def cut_connections(cluster: Cluster, database: str) -> None:
    with cluster.admin(database) as owner:
        owner.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def test_an_index_shows_whether_there_are_sample_rows(pipeline: Pipeline) -> None:
    """Every metric checks it, and most warehouses have none: without an index it would read all events."""
    with pipeline.warehouse.reading() as cursor:
        cursor.execute("set local enable_seqscan = off")
        plan = cursor.fetch(
            "explain select 1 from clickstream_events where is_sample is true and event_timestamp < now()"
        )
    assert any("clickstream_events_sample_idx" in row[0] for row in plan.rows)
