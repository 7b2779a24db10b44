"""The embedded warehouse keeps its promises: one holder, no way out, all or nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.warehouse.duckdb import ROW_GROUP_ROWS, DuckWarehouse


def test_a_second_process_gets_an_error_that_names_the_holder(warehouse: DuckWarehouse) -> None:
    code = "import sys, pathlib, clickstream.warehouse.duckdb as w; w.DuckWarehouse.open(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(warehouse.path)], capture_output=True, text=True, check=False
    )
    assert WarehouseBusyError.__name__ in done.stderr
    assert "open in process" in done.stderr


def test_schema_is_applied_once(tmp_path: Path) -> None:
    for _ in range(2):
        with DuckWarehouse.open(tmp_path / "w.duckdb") as warehouse:
            names = [row[0] for row in warehouse.fetch("select name from schema_files order by name").rows]
            assert names[0] == "0001_tables.sql"
            assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "copy (select 1) to '/tmp/clickstream-test.csv'",
        "attach '/tmp/clickstream-test.duckdb'",
        "set threads = 1",
        "insert into loads select * from loads",
        "create table memory.main.x as select 1",
    ],
)
def test_a_reader_can_neither_access_other_files_nor_change_the_warehouse(warehouse: DuckWarehouse, sql: str) -> None:
    with pytest.raises(WarehouseError):
        warehouse.fetch(sql)


def test_what_exceeds_memory_is_spilled_beside_the_file(warehouse: DuckWarehouse) -> None:
    assert warehouse.fetch("select current_setting('temp_directory')").rows == [(f"{warehouse.path}.tmp",)]


def test_memory_is_limited_and_the_error_names_the_setting(tmp_path: Path) -> None:
    with DuckWarehouse.open(tmp_path / "warehouse.duckdb", memory_mb=128) as warehouse:
        sums = "select max(c) from (select count(*) as c from range(3000000) as r(n) group by md5(cast(n as text)))"
        assert warehouse.fetch(sums).rows == [(1,)], "what can be spilled is spilled"
        with pytest.raises(WarehouseError) as raised:
            warehouse.fetch("select length(string_agg(repeat('x', 1000000), '')) from range(400)")
    assert "CLICKSTREAM_WAREHOUSE_MEMORY_MB" in raised.value.advice


def test_full_row_groups_are_written_straight_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with DuckWarehouse.open(path) as warehouse:
        with warehouse.transaction() as cursor:
            cursor.execute(
                "insert into bad_rows select md5(cast(n as text)), 1, now(), 'x', null, 1 from range($rows) as r(n)",
                {"rows": 4 * ROW_GROUP_ROWS},
            )
        assert path.with_name("warehouse.duckdb.wal").stat().st_size < 100_000
        assert warehouse.fetch("select count(distinct object) from bad_rows").rows == [(4 * ROW_GROUP_ROWS,)]


def test_transaction_that_fails_leaves_nothing(warehouse: DuckWarehouse) -> None:
    def fail() -> None:
        with warehouse.transaction() as cursor:
            cursor.execute("insert into passes values (now())")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert warehouse.fetch("select count(*) from passes").rows == [(0,)]


def test_a_file_that_is_not_a_warehouse_gives_a_plain_error(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_text("something else entirely, and longer than a header" * 100)
    with pytest.raises(WarehouseError, match="opening the warehouse"):
        DuckWarehouse.open(path)
