"""A move builds the same warehouse elsewhere, says what differs, and changes neither the old one nor any setting."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from clickstream import warehouse as warehouses
from clickstream.errors import WarehouseError
from clickstream.local.moving.move import MoveRequest
from clickstream.local.notes import NoteAddRequest
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.loading import EtlRunRequest
from clickstream.local.owner.registry import ETL_RUN, MOVE, NOTE_ADD
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received
from tests.postgres import Cluster


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Client:
    """A client of a warehouse with sessions, an order, a bad row, a duplicate and a note."""
    with open_pipeline(settings.data, clock) as pipeline:
        order = {"id": "o", "total": 5, "items": [{"id": "p"}]}
        events = [received(clock.now, clientId=f"c{number % 3}", eventId=f"e{number % 8}") for number in range(9)]
        bought = received(clock.now, eventName="checkout_complete", clientId="c1", order=order)
        pipeline.put_batch([*events, bought, b"broken"])
    opened = Client(settings, clock)
    opened.call(ETL_RUN, EtlRunRequest())
    opened.call(NOTE_ADD, NoteAddRequest(date(2026, 3, 4), "new checkout"))
    return opened


def test_every_metric_is_the_same_in_the_new_warehouse(client: Client, settings: Settings, cluster: Cluster) -> None:
    with cluster.admin() as owner:
        owner.execute("create database moved")
    moved = client.call(MOVE, MoveRequest(cluster.url("moved")))
    assert (moved.objects, moved.lines, moved.events) == (1, 11, 9)
    assert moved.differences == []
    assert moved.compared > 30
    with warehouses.open_warehouse(cluster.url("moved")) as new, open_warehouse(settings) as old:
        for table in ("sessions", "orders", "duplicates", "bad_rows", "notes"):
            sql = f"select count(*) from {table}"
            assert new.fetch(sql).rows == old.fetch(sql).rows, table
    again = client.call(MOVE, MoveRequest(cluster.url("moved")))
    assert (again.lines, again.events, again.differences) == (0, 9, []), "what is there is not loaded again"


def test_what_differs_is_named(client: Client, settings: Settings, tmp_path: Path) -> None:
    with open_warehouse(settings) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("update sessions set channel = 'email', source = 'mail', medium = 'email'")
    moved = client.call(MOVE, MoveRequest(f"duckdb:///{tmp_path}/new.duckdb"))
    assert "acquisition" in {found.metric for found in moved.differences}
    assert all(found.example for found in moved.differences)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("DATA", "the warehouse that is in use"),
        ("mysql://host/db", "not the URL of a warehouse"),
        ("lake+file:///srv/lake", "a lake"),
    ],
)
def test_a_wrong_target_is_refused(client: Client, settings: Settings, url: str, words: str) -> None:
    target = f"duckdb:///{settings.warehouse_path}" if url == "DATA" else url
    with pytest.raises(WarehouseError) as caught:
        client.call(MOVE, MoveRequest(target))
    assert words in str(caught.value)


def test_a_warehouse_of_other_data_is_refused(client: Client, tmp_path: Path, clock: Clock) -> None:
    with open_pipeline(tmp_path / "other", clock) as other:
        other.put_batch([received(clock.now)])
        other.load()
        with other.warehouse.transaction() as cursor:  # empty warehouses of tests are copies of one
            cursor.execute("update warehouse_epoch set epoch = gen_random_uuid()")
    with pytest.raises(WarehouseError, match="not in this one"):
        client.call(MOVE, MoveRequest(f"duckdb:///{tmp_path}/other/warehouse.duckdb"))
