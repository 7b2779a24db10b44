"""A lake gives the answers of the warehouse and the mart that it was written from, and is never half written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clickstream.errors import ClickstreamError, WarehouseError
from clickstream.etl import ledger
from clickstream.lake import writer
from clickstream.lake.manifest import NAME, read_manifest
from clickstream.lake.reader import LakeMart, LakeWarehouse
from clickstream.lake.writer import WrittenLake, write_lake
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from clickstream.metrics.catalog import METRICS, ask
from clickstream.metrics.question import Question
from clickstream.metrics.records import Records
from clickstream.warehouse.contract import Warehouse
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, minutes, open_pipeline, received
from tests.postgres import Cluster

pytestmark = pytest.mark.quick_on("duckdb")
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REQUIRED = {"visitor_timeline": {"visitor_id": "u1"}}
QUESTIONS = [
    Question(as_of=NOW, tz=ZoneInfo("UTC")),
    Question(as_of=NOW, tz=ZoneInfo("Asia/Kathmandu"), filters={"device_type": ("(none)",)}),
    Question(as_of=NOW, tz=ZoneInfo("America/St_Johns"), filters={"segment": ("visited(login_state = logged_in)",)}),
]


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened


@pytest.fixture
def sold(pipeline: Pipeline) -> Pipeline:
    """Eight days of visits over midnight, with searches, orders, refunds, copies, bad rows and logins, in two loads."""
    for part in range(2):
        for ago in range(part * 4, part * 4 + 4):
            then = NOW - timedelta(days=ago, hours=12, minutes=10)
            who: dict[str, Any] = {"clientId": f"c{ago % 4}", "userId": f"u{ago % 2}" if ago % 3 else None}
            events = [
                received(then + minutes(step * 6), eventName=name, pageUrl=f"/p/{ago % 3}", **who)
                for step, name in enumerate(("page_view", "product_view", "add_to_cart_click", "checkout_start"))
            ]
            order = {"id": f"o{ago}", "total": 10 + ago, "items": [{"id": "p", "quantity": 2, "price": 5}]}
            bought = received(then + minutes(25), eventName="checkout_complete", order=order, **who)
            refund = received(then + minutes(50), eventName="order_refunded", order={"id": f"o{ago}", "total": 1})
            found = received(then + minutes(2), eventName="search", search={"term": "shoe", "results": ago % 2}, **who)
            pipeline.put_batch([*events, bought, found, bought, refund, b"broken"], ago_s=ago * 86_400)
        pipeline.load()
    return pipeline


@pytest.fixture
def mart(sold: Pipeline, tmp_path: Path) -> Iterator[Mart]:
    with Mart.open(tmp_path / "mart.duckdb") as opened:
        refresh(opened, sold.warehouse)
        yield opened


def write(pipeline: Pipeline, mart: Mart, lake: Path) -> WrittenLake:
    stage = pipeline.root.parent / "stage" / "lake"
    stage.mkdir(parents=True, exist_ok=True)
    return write_lake(pipeline.warehouse, mart, lake, stage)


def answers(mart: Mart, records: Records) -> dict[str, Any]:
    """What each metric answers to each question: its rows, or its error."""
    found: dict[str, Any] = {}
    for name in METRICS:
        for number, question in enumerate(QUESTIONS):
            asked = replace(question, options=REQUIRED.get(name, {}))
            try:
                found[f"{name} {number}"] = ask(mart, name, asked, records=records).rows
            except ClickstreamError as error:
                found[f"{name} {number}"] = str(error)
    return found


def records_of(warehouse: Warehouse, pipeline: Pipeline) -> Records:
    return Records(warehouse, lambda cursor, start, end: ledger.read(cursor, pipeline.store, start, end))


def test_every_metric_has_the_answer_of_the_warehouse(sold: Pipeline, mart: Mart, tmp_path: Path) -> None:
    write(sold, mart, tmp_path / "lake")
    expected = answers(mart, records_of(sold.warehouse, sold))
    with LakeWarehouse(tmp_path / "lake") as warehouse, LakeMart(tmp_path / "lake") as of_lake:
        found = answers(of_lake, records_of(warehouse, sold))
    assert found == expected
    assert sum(isinstance(rows, list) and len(rows) > 0 for rows in expected.values()) > 50


def as_text(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in rows)


@pytest.mark.slow
def test_every_table_has_the_rows_of_the_warehouse(sold: Pipeline, mart: Mart, tmp_path: Path) -> None:
    write(sold, mart, tmp_path / "lake")
    manifest = read_manifest(tmp_path / "lake")
    assert manifest is not None
    tables = [name for name in manifest.tables if not name.startswith("mart_")]
    assert len(manifest.tables["sessions"].days) > 5
    with LakeWarehouse(tmp_path / "lake") as warehouse:
        for table in [*tables, "ledger", "order_items"]:
            sql = f"select * from {table}"
            of_lake, of_warehouse = warehouse.fetch(sql), sold.warehouse.fetch(sql)
            assert of_lake.columns == of_warehouse.columns, table
            assert as_text(of_lake.rows) == as_text(of_warehouse.rows), table


@pytest.mark.slow
def test_readers_follow_a_new_version_and_old_files_are_removed_later(
    sold: Pipeline, mart: Mart, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    assert write(sold, mart, lake).version == 1
    with LakeWarehouse(lake) as warehouse, LakeMart(lake) as of_lake:
        with warehouse.reading() as before:
            sold.put_batch([received(NOW, clientId="new", eventId="new")])
            sold.load()
            refresh(mart, sold.warehouse)
            assert write(sold, mart, lake).removed == 0, "a reader may still use the version before"
            count = "select count(*) from clickstream_events"
            assert before.scalar(count) + 1 == warehouse.fetch(count).rows[0][0]
        with of_lake.reading() as cursor, mart.reading() as source:
            assert cursor.scalar("select load_id from mart") == source.scalar("select load_id from mart")
        third = write(sold, mart, lake)
        assert third.version == 3
        assert third.removed > 50
    versions = {path.parent.name for path in lake.glob("**/*.parquet")}
    assert versions == {"version=2", "version=3"}


def test_a_writer_that_is_killed_leaves_the_old_version(
    sold: Pipeline, mart: Mart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    write(sold, mart, lake)
    old = (lake / NAME).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(writer, "swap_manifest", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(sold, mart, lake)
    assert (lake / NAME).read_bytes() == old
    with LakeMart(lake) as of_lake, of_lake.reading() as cursor:
        assert cursor.scalar("select count(*) from sessions") > 0
    assert write(sold, mart, lake).version == 2


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(shutil.rmtree, "it has no manifest.json", marks=pytest.mark.slow),
        pytest.param(lambda lake: (lake / NAME).write_text("{"), "manifest.json", marks=pytest.mark.slow),
        (lambda lake: (lake / NAME).write_text(json.dumps({"format": 9})), "its format is 9, not 1"),
        (lambda lake: [path.unlink() for path in lake.glob("mart_sessions/**/*.parquet")], "mart_sessions"),
    ],
    ids=["no_lake", "no_json", "newer_format", "missing_files"],
)
def test_a_damaged_lake_is_an_error_with_advice(
    sold: Pipeline, mart: Mart, tmp_path: Path, damage: Any, words: str
) -> None:
    write(sold, mart, tmp_path / "lake")
    damage(tmp_path / "lake")
    with pytest.raises(WarehouseError, match=words) as caught:
        LakeMart(tmp_path / "lake")
    assert caught.value.advice


@pytest.mark.slow
def test_a_folder_with_other_files_is_refused(sold: Pipeline, mart: Mart, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(WarehouseError, match="not a lake"):
        write(sold, mart, tmp_path / "home")


def test_a_lake_is_not_written_through_its_reader(sold: Pipeline, mart: Mart, tmp_path: Path) -> None:
    write(sold, mart, tmp_path / "lake")
    with LakeWarehouse(tmp_path / "lake") as warehouse, pytest.raises(WarehouseError, match="only read"):
        warehouse.transaction()
