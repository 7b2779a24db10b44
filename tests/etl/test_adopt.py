"""Rows that another client writes into PostgreSQL get a load, a session and a visitor by the next pass."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.run import Loader
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from clickstream.warehouse.contract import Warehouse
from tests.etl.pipeline import Pipeline, received
from tests.etl.warehouses import contents
from tests.mart.shown import shown, shown_from_scratch
from tests.postgres import Cluster
from tests.warehouse.test_postgres import database_of

ENGINES = ("postgres",)
INSERT = (
    "insert into clickstream_events (event_id, event_timestamp, event_name, client_id, user_id, context_product_id) "
    "values (%s, %s, %s, %s, %s, %s)"
)


def insert(pipeline: Pipeline, cluster: Cluster, number: int, minutes: float, **fields: str) -> None:
    """Insert an event of client `c` as another client does. fields: name, user."""
    moment = pipeline.clock() + timedelta(minutes=minutes)
    row = [UUID(int=number), moment, fields.get("name", "page_view"), "c", fields.get("user"), "p1"]
    with psycopg.connect(cluster.url(database_of(pipeline))) as other:
        other.execute(INSERT, row)


def test_a_row_of_another_client_joins_a_session_and_makes_a_visitor(pipeline: Pipeline, cluster: Cluster) -> None:
    pipeline.put_batch([received(pipeline.clock(), clientId="c")])
    pipeline.load()
    insert(pipeline, cluster, 1, 10, name="product_view", user="u")
    assert pipeline.load().load_id == 2
    assert pipeline.rows("select events, page_views, user_id, load_id from sessions") == [(2, 2, "u", 2)]
    assert pipeline.rows("select first_user_id from clients") == [("u",)]
    row = pipeline.events("event_name, load_id, raw_object, is_page_view")[1]
    assert tuple(row.values()) == ("product_view", 2, None, True)
    assert pipeline.load().load_id is None, "once"
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_a_rebuild_keeps_rows_of_another_client_in_their_sessions(pipeline: Pipeline, cluster: Cluster) -> None:
    pipeline.put_batch([received(pipeline.clock(), eventId="a", clientId="c")])
    insert(pipeline, cluster, 1, 10, user="u")
    insert(pipeline, cluster, 2, 90)
    pipeline.load()
    before = contents(pipeline.warehouse)

    def make_loader(warehouse: Warehouse) -> Loader:
        return Loader(warehouse, pipeline.store, pipeline.root / "stage", pipeline.clock)

    context = RebuildContext(pipeline.warehouse, pipeline.store, pipeline.clock, pipeline.load, make_loader)
    assert rebuild(context, RebuildRequest(apply=True))["same"]
    assert contents(pipeline.warehouse) == before
    assert pipeline.load().load_id is None


@pytest.mark.parametrize("minutes", [10, 200], ids=["in a session that exists", "alone"])
def test_the_mart_follows_rows_of_another_client(
    pipeline: Pipeline, cluster: Cluster, tmp_path: Path, minutes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mart may see such a row before it is taken in: between two loads of a pass."""
    pipeline.put_batch([received(pipeline.clock(), clientId="c")])
    pipeline.load()
    with Mart.open(tmp_path / "mart.duckdb") as mart:
        refresh(mart, pipeline.warehouse)
        insert(pipeline, cluster, 1, minutes, user="u")
        pipeline.put_batch([received(pipeline.clock(), clientId="d")])
        with monkeypatch.context() as patched:
            patched.setattr("clickstream.etl.run.adopt", lambda *_: None)
            pipeline.load()
        refresh(mart, pipeline.warehouse)
        pipeline.load()
        assert refresh(mart, pipeline.warehouse).how == "updated"
        assert shown(mart) == shown_from_scratch(tmp_path, pipeline.warehouse)
        with mart.reading() as cursor:
            assert cursor.scalar("select count(*) from hits where session is not null") == 3
