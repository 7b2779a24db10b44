"""The daily dump: complete when it is stored, and good enough to restore from."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.cloud import names
from tests.instance.machine import INSTANCE, POSTGRES, Machine, Role

pytestmark = pytest.mark.slow


def dump(machine: Machine) -> subprocess.CompletedProcess[str]:
    facts = {"INSTANCE_ROLE": machine.role, "INSTANCE_RAW_BUCKET": "raw-bucket"}
    return machine.run_as("clickstream", "bash", str(machine.bundle / "scripts/dump.sh"), **facts)


def stored(machine: Machine) -> list[Path]:
    return list((machine.folder / "s3").rglob("*.dump"))


@pytest.mark.parametrize("role", ["warehouse", "web"])
def test_a_dump_restores_every_table_and_row(role: Role, request: pytest.FixtureRequest) -> None:
    machine: Machine = request.getfixturevalue(f"{role}_instance")
    done = dump(machine)
    assert done.returncode == 0, done.stderr
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    path = machine.folder / f"s3/raw-bucket/{names.DUMPS_PREFIX}{role}/{day}.dump"
    assert f"stored s3://raw-bucket/dumps/{role}/{day}.dump, {path.stat().st_size} bytes" in done.stdout
    assert not list((machine.data / "dumps").iterdir())
    database = {"warehouse": "clickstream_dw", "web": "clickstream_web"}[role]
    machine.psql("root", "postgres", "postgres", "create database restored owner clickstream template template0")
    try:
        target = f"postgresql:///restored?host={machine.socket}&user=postgres"
        restored = machine.run_as("root", str(POSTGRES / "pg_restore"), "--exit-on-error", "-d", target, str(path))
        assert restored.returncode == 0, restored.stderr
        sql = "select query_to_xml(format('select count(*) from %I', tablename), true, true, ''), tablename, tableowner"
        sql += " from pg_tables where schemaname = 'public' order by 2"
        counts = [machine.psql("root", "postgres", name, sql).stdout for name in (database, "restored")]
        assert counts[0] == counts[1]
        assert counts[0].count("clickstream") >= 10
    finally:
        machine.psql("root", "postgres", "postgres", "drop database restored")
        path.unlink()


@pytest.mark.parametrize(("role", "table"), [("warehouse", "passes"), ("web", "coupons")])
def test_a_dump_replaces_the_content_of_the_live_database(
    role: Role, table: str, request: pytest.FixtureRequest
) -> None:
    """Use the command of infra/instance/README.md."""
    machine: Machine = request.getfixturevalue(f"{role}_instance")
    database = {"warehouse": "clickstream_dw", "web": "clickstream_web"}[role]
    rights = "select relname, (select array_agg(a::text order by a::text) from unnest(acl) as a)"
    rights += " from (select *, coalesce(relacl, acldefault('r', relowner)) as acl from pg_class) as tables"
    rights += " where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1"
    if role == "warehouse":
        machine.psql("clickstream", "clickstream", database, "insert into passes values ('2026-01-01')")
    before = [
        machine.psql("root", "postgres", database, sql).stdout for sql in (f"select count(*) from {table}", rights)
    ]
    assert dump(machine).returncode == 0
    (path,) = stored(machine)
    path = path.rename(machine.folder / "restored.dump")
    machine.psql("root", "postgres", database, f"delete from {table}")
    readme = (INSTANCE / "README.md").read_text()
    (command,) = re.findall(r"^ +sudo /opt/clickstream/postgresql/(pg_restore .*)$", readme, re.MULTILINE)
    words = command.replace("DATABASE", database).replace("FILE", str(path)).split()
    words = [word.replace("/run/postgresql", str(machine.socket)) for word in words]
    done = machine.run(f"{POSTGRES}/{words[0]}", *words[1:])
    assert done.returncode == 0, done.stderr
    after = [
        machine.psql("root", "postgres", database, sql).stdout for sql in (f"select count(*) from {table}", rights)
    ]
    assert after == before


def test_a_dump_that_fails_is_not_stored(warehouse_instance: Machine) -> None:
    sql = "alter table passes owner to postgres; revoke all on passes from clickstream"
    warehouse_instance.psql("root", "postgres", "clickstream_dw", sql)
    try:
        done = dump(warehouse_instance)
    finally:
        warehouse_instance.psql("root", "postgres", "clickstream_dw", "alter table passes owner to clickstream")
        warehouse_instance.psql("root", "postgres", "clickstream_dw", "grant all on passes to clickstream")
    assert (done.returncode, "permission denied" in done.stderr) == (1, True)
    assert stored(warehouse_instance) == []
    assert not list((warehouse_instance.data / "dumps").iterdir())
