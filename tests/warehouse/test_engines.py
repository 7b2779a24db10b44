"""The contract of every warehouse, on every engine: snapshots, all or nothing, the contract columns."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from clickstream.errors import WarehouseError
from clickstream.warehouse.contract import Cursor, Warehouse

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
NOW = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)
CONTRACT = (
    *("event_id", "event_timestamp", "event_name", "user_id", "user_login_state", "identity_source", "client_id"),
    *("session_id", "is_first_visit", "context_product_id", "context_product_name", "context_product_category"),
    *("context_product_brand", "context_product_price", "context_product_discount_price", "context_product_url_path"),
)


def put_pass(cursor: Cursor, moment: datetime = NOW) -> None:
    cursor.execute("insert into passes values ($moment)", {"moment": moment})


def test_a_new_warehouse_records_the_schema_files_that_made_it(any_warehouse: Warehouse) -> None:
    names = [row[0] for row in any_warehouse.fetch("select name from schema_files order by name").rows]
    assert names[0] == "0001_tables.sql"
    assert len(names) == len(set(names))
    other = {"duckdb": "postgres", "postgres": "duckdb"}[any_warehouse.engine]
    assert not [name for name in names if f".{other}." in name]


def test_the_contract_columns_come_first_in_their_order(any_warehouse: Warehouse) -> None:
    assert any_warehouse.fetch("select * from clickstream_events").columns[:16] == CONTRACT


def test_values_are_read_back_as_they_were_written(any_warehouse: Warehouse) -> None:
    with any_warehouse.transaction() as cursor:
        put_pass(cursor)
        cursor.execute(
            "insert into bad_rows values ($object, 1, $hour, $reason, $original, $load_id)",
            {"object": "50% 'a' $b", "hour": NOW, "reason": '"', "original": b"\x00\xff", "load_id": 2**40},
        )
    (row,) = any_warehouse.fetch("select * from bad_rows where object = $object", {"object": "50% 'a' $b"}).dicts()
    assert row == {"object": "50% 'a' $b", "line": 1, "hour": NOW, "reason": '"', "original": b"\x00\xff"} | {
        "load_id": 2**40
    }
    assert row["hour"].utcoffset() == timedelta()


def test_microseconds_are_exact(any_warehouse: Warehouse) -> None:
    moments = [datetime(1, 1, 1, tzinfo=UTC), NOW, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    for moment in moments:
        found = any_warehouse.fetch("select @micros(coalesce(null, cast($at as timestamptz)))", {"at": moment}).rows
        assert found == [((moment - EPOCH) // MICROSECOND,)]


def test_microseconds_and_quarters_are_exact_at_every_edge_and_anywhere_in_this_century(
    any_warehouse: Warehouse,
) -> None:
    random = Random(1)
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2100))
    edges = [first, last, *(NOW.replace(minute=minute, second=0, microsecond=0) for minute in (0, 15, 30, 45))]
    moments = [edge + near * MICROSECOND for edge in edges for near in (-2, -1, 0, 1, 2)]
    moments += [first + random.randrange((last - first) // MICROSECOND) * MICROSECOND for _ in range(5_000)]
    sql = (
        "select @micros(moment), @quarter(moment) from (select unnest(cast($moments as timestamptz[])) as moment) as m"
    )
    found = any_warehouse.fetch(sql, {"moments": moments}).rows
    assert found == [((at - EPOCH) // MICROSECOND, (at - EPOCH) // timedelta(minutes=15)) for at in moments]


def test_text_is_compared_byte_by_byte(any_warehouse: Warehouse) -> None:
    names = ["events/a", "events/B", "events/_", "events/ä", "Events"]
    with any_warehouse.transaction() as cursor:
        for name in names:
            cursor.execute("insert into closed_days values (date '2026-01-01', $at)", {"at": NOW})
            cursor.execute("insert into watermarks values (date '2026-01-01', 'event', $name)", {"name": name})
    found = [row[0] for row in any_warehouse.fetch("select name from watermarks order by name").rows]
    assert found == sorted(names, key=str.encode)


def test_a_transaction_that_fails_leaves_nothing_and_no_table_behind(any_warehouse: Warehouse) -> None:
    def fail() -> None:
        with any_warehouse.transaction() as cursor:
            put_pass(cursor)
            cursor.execute("create temp table noted as select 1 as a")
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert any_warehouse.fetch("select count(*) from passes").rows == [(0,)]


def test_an_error_of_the_engine_is_a_warehouse_error(any_warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"reading the warehouse: .*nowhere"):
        any_warehouse.fetch("select * from nowhere")
    with pytest.raises(WarehouseError, match="writing the warehouse: "), any_warehouse.transaction() as cursor:
        cursor.execute("insert into passes values (null)")
    any_warehouse.fetch("select 1")


@pytest.mark.parametrize("sql", ["insert into passes values (now())", "delete from passes", "drop table passes"])
def test_a_reader_can_change_nothing(any_warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(WarehouseError), any_warehouse.reading() as cursor:
        cursor.execute(sql)
    assert any_warehouse.fetch("select count(*) from passes").rows == [(0,)]


def test_a_reader_sees_one_snapshot(any_warehouse: Warehouse) -> None:
    with any_warehouse.reading() as cursor:
        assert cursor.scalar("select count(*) from passes") == 0
        with any_warehouse.transaction() as writer:
            put_pass(writer)
        assert cursor.scalar("select count(*) from passes") == 0
    assert any_warehouse.fetch("select count(*) from passes").rows == [(1,)]


def test_writers_take_turns(any_warehouse: Warehouse) -> None:
    """Each adds one to the largest number: none may see what another has not committed yet."""

    def add() -> None:
        with any_warehouse.transaction() as cursor:
            last = cursor.scalar("select max(started_at) from passes") or NOW
            put_pass(cursor, last + timedelta(seconds=1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found: list[tuple[Any, ...]] = any_warehouse.fetch("select started_at from passes order by 1").rows
    assert found == [(NOW + timedelta(seconds=n),) for n in range(1, 9)]
