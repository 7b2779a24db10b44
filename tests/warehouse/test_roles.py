"""The PostgreSQL roles as an operator sets them up: the script through psql, users as its header describes them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import uuid_utils

from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.e2e.platform import Platform
from tests.postgres import Cluster

SCRIPT = (files("clickstream.warehouse") / "roles.postgres.sql").read_text(encoding="utf-8")
WRITES = ("insert", "update", "delete", "truncate")


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """A database without tables, as before the first migration."""
    name = "roles_before_tables"
    with cluster.admin() as admin:
        admin.execute(f"create database {name}".encode())
        yield name
        admin.execute(f"drop database {name} with (force)".encode())


def psql(cluster: Cluster, database: str, sql: str, user: str = "owner") -> str:
    """Run SQL; return what psql reports. psql exits with 0 even if a statement fails."""
    command = [str(cluster.programs / "psql"), "-X", "-q", cluster.url(database, user)]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=True)
    return done.stderr


def user_of(cluster: Cluster, database: str, role: str) -> str:
    """Create a user as the header of the script says; return its URL."""
    created = re.findall(rf"^--.*?(create role \w+ login .*in role {role};)", SCRIPT, re.MULTILINE)
    name = created[0].split()[2]
    further = re.findall(rf"^--\s+(alter role {name} .*;)", SCRIPT, re.MULTILINE)
    with cluster.admin(database) as owner:
        owner.execute(f"drop role if exists {name}".encode())
        for statement in created + further:
            owner.execute(statement.encode())
    return cluster.url(database, name)


@pytest.mark.parametrize("order", ["roles first", "tables first"])
def test_rights_do_not_depend_on_whether_roles_or_tables_come_first(cluster: Cluster, empty: str, order: str) -> None:
    reported = "" if order == "tables first" else psql(cluster, empty, SCRIPT)
    PostgresWarehouse.open(cluster.url(empty)).close()
    if order == "tables first":
        reported = psql(cluster, empty, SCRIPT)
    assert "ERROR" not in reported
    rights = "select array_agg(r) from unnest(%s::text[]) r where has_table_privilege(%s, %s, r)"
    with cluster.admin(empty) as owner:
        for role, table, expected in [
            ("clickstream_loader", "schema_files", None),
            ("clickstream_loader", "clickstream_events", ["insert", "update", "delete"]),
            ("clickstream_loader", "gone", ["insert", "update", "delete"]),
            ("clickstream_loader", "warehouse_epoch", ["insert", "update", "delete"]),
            ("clickstream_reader", "gone", None),
            ("clickstream_reader", "warehouse_epoch", None),
            ("clickstream_reader", "schema_files", None),
            ("clickstream_reader", "clickstream_events", None),
        ]:
            assert owner.execute(rights, [list(WRITES), role, table]).fetchone() == (expected,), (role, table)
            assert owner.execute(rights, [["select"], role, table]).fetchone() == (["select"],), (role, table)


def test_script_that_fails_changes_nothing(cluster: Cluster, empty: str) -> None:
    with cluster.admin(empty) as owner:
        owner.execute("drop role if exists no_owner")
        owner.execute("create role no_owner login createrole")
    assert "ERROR" in psql(cluster, empty, SCRIPT, "no_owner")
    with cluster.admin(empty) as owner:
        assert owner.execute(
            "select to_regclass('schema_files'), to_regnamespace('clickstream_rebuild')"
        ).fetchone() == (
            None,
            None,
        )


def test_owner_that_is_not_a_superuser_learns_what_a_superuser_must_do(cluster: Cluster, empty: str) -> None:
    with cluster.admin(empty) as owner:
        owner.execute("drop role if exists plain_owner")
        owner.execute("create role plain_owner login createrole")
        owner.execute(f"alter database {empty} owner to plain_owner".encode())
    reported = psql(cluster, empty, SCRIPT, "plain_owner")
    assert "ERROR" not in reported
    assert "revoke execute on function lo_creat(integer)" in reported
    PostgresWarehouse.open(cluster.url(empty, "plain_owner")).close()


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("select lo_from_bytea(0, 'x')", id="large object from bytes"),
        pytest.param("select lo_create(0)", id="large object"),
        pytest.param("select lo_creat(-1)", id="large object, old function"),
        pytest.param("create table mine (a int)", id="table"),
        pytest.param("create temp table mine (a int)", id="temporary table"),
        pytest.param("create schema mine", id="schema"),
        pytest.param("create function mine() returns int language sql as 'select 1'", id="function"),
        pytest.param("insert into passes values (now())", id="row"),
        pytest.param("select 1 into clickstream_rebuild.mine", id="table of a rebuild"),
    ],
)
def test_reader_cannot_write_even_in_a_transaction_that_allows_it(cluster: Cluster, database: str, sql: str) -> None:
    psql(cluster, database, SCRIPT)
    with psycopg.connect(user_of(cluster, database, "clickstream_reader"), autocommit=True) as reader:
        assert reader.execute("show transaction_read_only").fetchone() == ("on",)
        reader.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(sql.encode())


def test_reader_that_exists_already_becomes_read_only_when_the_script_runs_again(
    cluster: Cluster, database: str
) -> None:
    psql(cluster, database, SCRIPT)
    with cluster.admin(database) as owner:
        for name in ("old_reader", "old_loader"):
            owner.execute(f"drop role if exists {name}".encode())
        owner.execute("create role old_reader login in role clickstream_reader")
        owner.execute("create role old_loader login in role clickstream_loader, clickstream_reader")
    assert "WARNING" not in psql(cluster, database, SCRIPT)
    for name, expected in (("old_reader", "on"), ("old_loader", "off")):
        with psycopg.connect(cluster.url(database, name)) as user:
            assert user.execute("show transaction_read_only").fetchone() == (expected,)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        pytest.param("clickstream_reader", "etl run", id="load as reader"),
        pytest.param("clickstream_reader", "forget --client-id c --yes", id="forget as reader"),
        pytest.param("clickstream_reader", "etl run --rebuild", id="rebuild as reader"),
        pytest.param("no role", "etl run", id="load without a role"),
    ],
)
def test_command_without_rights_says_what_to_do(
    cluster: Cluster, database: str, tmp_path: Path, role: str, command: str
) -> None:
    psql(cluster, database, SCRIPT)
    if role == "no role":
        with cluster.admin(database) as owner:
            owner.execute("drop role if exists no_rights")
            owner.execute("create role no_rights login")
        url = cluster.url(database, "no_rights")
    else:
        url = user_of(cluster, database, role)
    store = LocalStore(tmp_path / "raw")
    store.prepare()
    store.put([(batch_key(UUID(int=uuid_utils.uuid7().int), 1), b'{"eventName": "x", "clientId": "c"}')])
    platform = Platform(tmp_path, {"CLICKSTREAM_WAREHOUSE_URL": url})
    code, out, errors = platform.run_here(*command.split())
    assert (code, out) == (1, "")
    lines = errors.strip().splitlines()
    assert len(lines) == 3, errors
    assert lines[0].startswith("error: ")
    assert "clickstream warehouse roles" in lines[2] or "clickstream_loader" in lines[2]
