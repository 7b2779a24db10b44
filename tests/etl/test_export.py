"""Exported days hold exactly the rows of the warehouse, with their types, on both engines."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import pytest

from clickstream.errors import ClickstreamError, QuestionError
from clickstream.etl import export as exporting
from clickstream.etl.export import (
    TABLES,
    Extract,
    Format,
    days_with_rows,
    move_into_place,
    remove_unfinished,
    write_day,
)
from clickstream.warehouse import postgres
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, minutes, open_pipeline, received
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
AWKWARD = 'a "quoted", b\nsecond line; =1+1; ünïcode'


@pytest.fixture
def shop(pipeline: Pipeline) -> Pipeline:
    order = {"id": "1", "total": "12.50", "items": [{"id": "p", "price": "12.5"}]}
    pipeline.put_batch(
        [
            received(NOW, pageTitle=AWKWARD, clientId="c", userId="u", product={"id": "p", "price": "1999.9"}),
            received(NOW + minutes(1), eventName="checkout_complete", clientId="c", order=order),
            received(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), clientId="late"),
        ]
    )
    pipeline.load()
    return pipeline


def export(pipeline: Pipeline, table: str, day: date, kind: Format, zone: ZoneInfo = UTC_ZONE) -> tuple[Path, int]:
    return write_day(pipeline.warehouse, Extract(table, day, zone, kind), pipeline.root.parent / "stage")


def read(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(f"select * from '{path}'")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_parquet_file_has_the_typed_rows_of_its_local_day(shop: Pipeline) -> None:
    path, rows = export(shop, "clickstream_events", date(2026, 3, 10), "parquet", BERLIN)
    assert (path.name, rows) == ("clickstream_events-2026-03-10.parquet", 3)
    assert export(shop, "clickstream_events", date(2026, 3, 9), "parquet", BERLIN)[1] == 0
    assert export(shop, "clickstream_events", date(2026, 3, 9), "parquet")[1] == 1
    first = next(row for row in read(path) if row["page_title"])
    stored = shop.warehouse.fetch("select * from clickstream_events where page_title is not null").dicts()[0]
    assert list(first) == list(stored)
    assert first["page_title"] == AWKWARD
    assert isinstance(first["event_id"], UUID)
    assert first["event_timestamp"] == NOW
    assert first["context_product_price"] == Decimal("1999.9000")
    assert {name: value for name, value in first.items() if value != stored[name]} == {}


def test_csv_file_can_be_read_by_a_standard_csv_reader(shop: Pipeline) -> None:
    path, rows = export(shop, "clickstream_events", date(2026, 3, 10), "csv")
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert rows == len(found) == 2
    row = next(row for row in found if row["event_name"] == "page_view")
    assert row["page_title"] == AWKWARD
    assert row["context_product_price"] == "1999.9000"
    assert row["is_sample"] == "false"
    assert row["event_timestamp"] == "2026-03-10 12:00:00+00"
    assert row["order_id"] == ""


def test_every_table_can_be_exported_completely(shop: Pipeline) -> None:
    shop.put_event(received(NOW + minutes(2), eventName="order_refunded", order={"id": "1", "total": "2"}))
    shop.load()
    for table in TABLES:
        span = days_with_rows(shop.warehouse, table, UTC_ZONE)
        assert span is not None, table
        days = [span[0] + timedelta(days=n) for n in range((span[1] - span[0]).days)]
        written = [export(shop, table, day, "parquet") for day in days]
        (count,) = shop.rows(f"select count(*) from {table}")[0]
        assert sum(rows for _, rows in written) == count > 0, table
        assert sum(len(read(path)) for path, _ in written) == count, table


def test_row_of_several_megabytes_is_exported(pipeline: Pipeline) -> None:
    long = 'a "quoted" word, ' * 200_000
    pipeline.put_event(received(NOW, properties={"text": long}))
    pipeline.load()
    path, rows = export(pipeline, "clickstream_events", date(2026, 3, 10), "parquet")
    assert rows == 1
    assert json.loads(read(path)[0]["properties"]) == {"text": long}


def test_error_for_a_row_that_is_too_long_does_not_show_its_contents(
    tmp_path: Path, clock: Clock, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "MAX_ROW_BYTES", 10_000)
    with open_pipeline(tmp_path, clock, cluster) as pipeline:
        pipeline.put_event(received(NOW, properties={"text": "secret" * 10_000}))
        pipeline.load()
        with pytest.raises(ClickstreamError, match="writing an export") as refused:
            export(pipeline, "clickstream_events", date(2026, 3, 10), "csv")
    assert "10,000 bytes" in refused.value.advice
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert list((tmp_path / "stage").glob("export-*")) == []


def test_empty_table_has_no_days(pipeline: Pipeline) -> None:
    assert days_with_rows(pipeline.warehouse, "orders", UTC_ZONE) is None


def test_complete_file_replaces_an_older_one(shop: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "out" / "deep"
    for _ in range(2):
        path, _ = export(shop, "orders", date(2026, 3, 10), "csv")
        assert move_into_place(path, out) == out / "orders-2026-03-10.csv"
        assert [file.name for file in out.iterdir()] == ["orders-2026-03-10.csv"]
        assert not path.exists()
    path, _ = export(shop, "orders", date(2026, 3, 10), "csv")
    with pytest.raises(ClickstreamError, match="writing an export"):
        move_into_place(path, out / "orders-2026-03-10.csv")
    assert list((tmp_path / "stage").glob("export-*")) == []


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_leaves_the_older_file_and_no_partial_new_one(
    shop: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    whole = move_into_place(export(shop, "orders", date(2026, 3, 10), "csv")[0], out).read_bytes()
    path, _ = export(shop, "orders", date(2026, 3, 10), "csv")
    monkeypatch.setattr(exporting, "sync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move_into_place(path, out)
    assert [(file.name, file.read_bytes()) for file in out.iterdir()] == [("orders-2026-03-10.csv", whole)]
    assert list((tmp_path / "stage").glob("export-*")) == []


def test_unfinished_files_of_this_process_are_removed_those_of_others_stay(shop: Pipeline, tmp_path: Path) -> None:
    path, _ = export(shop, "orders", date(2026, 3, 10), "csv")
    other = tmp_path / "stage" / "export-1-abc"
    other.mkdir()
    remove_unfinished(tmp_path / "stage")
    assert not path.exists()
    assert other.exists()


def test_table_that_cannot_be_exported_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(QuestionError, match="bad_rows"):
        export(pipeline, "bad_rows", date(2026, 3, 10), "csv")
