"""`Warehouse.query` on DuckDB runs one SELECT, which cannot write, read files or run forever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clickstream.errors import QuestionError
from clickstream.warehouse.duckdb import DuckWarehouse
from clickstream.warehouse.query import QueryLimits, QueryResult


@pytest.fixture
def filled(warehouse: DuckWarehouse) -> DuckWarehouse:
    with warehouse.transaction() as cursor:
        cursor.execute(
            "insert into passes select timestamptz '2026-01-01 00:00:00Z' + interval 1 day * i from range(5) t(i)"
        )
    return warehouse


def test_a_select_returns_columns_and_rows(filled: DuckWarehouse) -> None:
    sql = "select count(*) as passes, min(started_at) as first from passes -- all"
    assert run(filled, sql) == QueryResult(["passes", "first"], [[5, "2026-01-01T00:00:00Z"]], is_cut=False)


def run(warehouse: DuckWarehouse, sql: str, rows: int = 10_000, time_s: float = 30.0) -> QueryResult:
    return warehouse.query(sql, QueryLimits(rows, time_s))


@pytest.mark.parametrize("sql", ["show tables", "describe passes", "explain select 1", "from passes", "values (1)"])
def test_other_statements_that_read_are_allowed(filled: DuckWarehouse, sql: str) -> None:
    assert run(filled, sql).rows


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select 1; select 2", "expected one statement, got 2"),
        ("select 1; drop table passes", "expected one statement, got 2"),
        ("", "expected one statement, got 0"),
        ("-- nothing", "expected one statement, got 0"),
        ("selekt 1", "syntax error"),
        ("select nothing from passes", "nothing"),
        ("delete from passes", "expected a SELECT, got DELETE"),
        ("with gone as (delete from passes returning *) select * from gone", "read-only"),
        ("explain analyze delete from passes", "read-only"),
        ("create table mine (x int)", "expected a SELECT, got CREATE"),
        ("copy passes to '{file}'", "expected a SELECT, got COPY"),
        ("attach '{file}' as other", "expected a SELECT, got ATTACH"),
        ("set threads = 1", "expected a SELECT, got SET"),
        ("pragma database_list", "expected a SELECT, got PRAGMA"),
        ("call pragma_version()", "expected a SELECT, got CALL"),
        ("commit", "expected a SELECT, got TRANSACTION"),
        ("load httpfs", "expected a SELECT, got LOAD"),
        ("select * from read_text('/etc/passwd')", "disabled by configuration"),
        ("select * from read_csv('{file}')", "disabled by configuration"),
        ("select * from '{file}'", "disabled by configuration"),
        ("select * from glob('/*')", "disabled by configuration"),
        ("select $value", "value"),
    ],
)
def test_any_other_statement_is_refused_and_changes_nothing(
    filled: DuckWarehouse, tmp_path: Path, sql: str, why: str
) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(QuestionError) as caught:
        run(filled, sql.replace("{file}", str(file)))
    assert caught.value.code == "invalid_query"
    assert why in caught.value.why
    assert run(filled, "select count(*) from passes").rows == [[5]]
    assert file.read_text() == "a,b\n1,2\n"


def test_more_rows_than_the_limit_are_cut_and_the_result_reports_it(filled: DuckWarehouse) -> None:
    assert run(filled, "select * from passes", rows=5).is_cut is False
    result = run(filled, "select i from range(1000000000000) t(i)", rows=3)
    assert (result.rows, result.is_cut) == ([[0], [1], [2]], True)


def test_a_slow_query_is_interrupted_and_the_warehouse_stays_usable(filled: DuckWarehouse) -> None:
    with pytest.raises(QuestionError) as caught:
        run(filled, "select count(*) from range(100000000) a, range(100000) b", time_s=0.3)
    assert caught.value.code == "query_timeout"
    assert run(filled, "select 1").rows == [[1]]


def test_values_of_every_type_become_plain_json(filled: DuckWarehouse) -> None:
    sql = """select 1.50::decimal(6, 2), date '2026-01-02', timestamptz '2026-01-02 03:04:05Z', 'a'::blob,
        '\\xFF'::blob,
        'nan'::double, 170141183460469231731687303715884105727::hugeint, [1, null], {'a': 1.5::decimal(4, 1)},
        true, null, '11111111-1111-1111-1111-111111111111'::uuid, 0.5::double"""
    row = run(filled, sql).rows[0]
    assert row == [
        "1.50", "2026-01-02", "2026-01-02T03:04:05Z", "a", "\\xff", "nan", "170141183460469231731687303715884105727",
        [1, None], {"a": "1.5"}, True, None, "11111111-1111-1111-1111-111111111111", 0.5,
    ]  # fmt: skip
    assert json.loads(json.dumps(row)) == row
