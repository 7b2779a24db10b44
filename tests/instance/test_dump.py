"""The daily dump: complete when it is stored, and good enough to restore from."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.cloud import names
from tests.instance.machine import POSTGRES, Machine, Role


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
