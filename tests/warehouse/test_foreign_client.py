"""Another client upserts an event that our loader is loading at that moment: nothing is lost, nothing is doubled.

The client knows the first 16 columns only. The second of the two waits for the transaction of the first. If the client
waits, it then changes our row. If our loader waits, its transaction cannot see the client's row: it fails, and the next
pass succeeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from clickstream.errors import WarehouseError
from clickstream.etl import load, sql
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import Cluster
from tests.warehouse.test_postgres import EVENT, NOW, UPSERT, database_of, foreign_row

OTHER_EVENT = UUID("22222222-2222-4222-8222-222222222222")


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, cluster: Cluster) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, cluster) as opened:
        opened.put_batch([received(NOW, eventId=str(EVENT), eventName="search", clientId="raw")])
        yield opened


@pytest.fixture
def client(cluster: Cluster, pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    """The other client; its transaction lasts until it commits."""
    with psycopg.connect(cluster.url(database_of(pipeline))) as opened:
        yield opened


def test_an_upsert_waits_for_our_load_and_then_changes_the_columns_it_knows(
    pipeline: Pipeline, client: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool:
        theirs: list[Future[Any]] = []

        def meanwhile() -> None:
            theirs.append(pool.submit(client.execute, UPSERT.encode(), foreign_row("product_view")))
            wait_until_a_statement_waits(pipeline)

        with after_facts(monkeypatch, meanwhile):
            assert pipeline.load().lines == 1
        theirs[0].result(PATIENCE_S)
        client.commit()
    row = pipeline.one("event_name, client_id, context_product_id, raw_line, load_id")
    assert row == {"event_name": "product_view", "client_id": "c", "context_product_id": "p1"} | {
        "raw_line": 1,
        "load_id": 1,
    }
    pipeline.load()
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_a_load_that_waits_for_an_upsert_fails_and_the_next_pass_succeeds(
    pipeline: Pipeline, client: psycopg.Connection
) -> None:
    client.execute(UPSERT.encode(), foreign_row("product_view"))
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)
        wait_until_a_statement_waits(pipeline)
        client.commit()
        assert_failed_while_writing(ours)
    assert pipeline.one("event_name, raw_object") == {"event_name": "product_view", "raw_object": None}
    assert pipeline.load().lines == 1
    assert pipeline.one("event_name, client_id, user_id") == {
        "event_name": "search",
        "client_id": "raw",
        "user_id": None,
    }
    assert pipeline.rows("select count(*) from duplicates") == [(0,)]
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_a_load_that_waits_for_an_upsert_succeeds_when_the_upsert_is_rolled_back(
    pipeline: Pipeline, client: psycopg.Connection
) -> None:
    client.execute(UPSERT.encode(), foreign_row("product_view"))
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)
        wait_until_a_statement_waits(pipeline)
        client.rollback()
        assert ours.result(PATIENCE_S).lines == 1
    assert pipeline.one("event_name") == {"event_name": "search"}


def test_in_a_deadlock_one_side_fails_and_both_events_are_there_once(
    pipeline: Pipeline, client: psycopg.Connection
) -> None:
    pipeline.put_batch([received(NOW, eventId=str(OTHER_EVENT), eventName="search", clientId="raw")])
    client.execute(UPSERT.encode(), [OTHER_EVENT, *foreign_row("product_view")[1:]])
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)  # has the first event, and waits for the second
        wait_until_a_statement_waits(pipeline)
        with suppress(psycopg.errors.DeadlockDetected):
            client.execute(UPSERT.encode(), foreign_row("product_view"))
        with suppress(psycopg.errors.InFailedSqlTransaction):
            client.commit()
        if ours.exception(PATIENCE_S) is not None:  # PostgreSQL chooses which of the two it ends
            assert_failed_while_writing(ours)
    pipeline.load()
    assert pipeline.rows("select event_id from clickstream_events order by event_id") == [(EVENT,), (OTHER_EVENT,)]
    assert pipeline.totals() == {"accepted": 2, "loaded": 2}


def test_later_loads_succeed_when_a_client_has_moved_our_events_to_another_session(
    pipeline: Pipeline, client: psycopg.Connection
) -> None:
    ids = [UUID(int=number) for number in range(1, 7)]
    for start in (0, 2, 4):
        pipeline.put_batch(received(NOW, eventId=str(each), clientId="raw") for each in ids[start : start + 2])
        pipeline.load()
        for each in ids[: start + 2]:
            client.execute(UPSERT.encode(), [each, *foreign_row("product_view")[1:]])
        client.commit()
    pipeline.put_batch([received(NOW, eventId=str(UUID(int=7)), clientId="raw")])
    pipeline.load()
    assert pipeline.rows("select count(*), count(distinct event_id) from clickstream_events") == [(8, 8)]
    assert pipeline.totals() == {"accepted": 8, "loaded": 8}


def test_continuous_upserts_beside_loads_leave_each_event_once(cluster: Cluster, pipeline: Pipeline) -> None:
    """The two race freely; the client tries again after a deadlock, as a real one does."""
    ids = [UUID(int=number) for number in range(1, 101)]
    stop = threading.Event()

    def upsert() -> None:
        with psycopg.connect(cluster.url(database_of(pipeline)), autocommit=True) as connection:
            while not stop.is_set():
                for event_id in ids:
                    with suppress(psycopg.errors.DeadlockDetected):
                        connection.execute(UPSERT.encode(), [event_id, *foreign_row("product_view")[1:]])

    thread = threading.Thread(target=upsert)
    thread.start()
    try:
        for start in range(0, 100, 25):
            pipeline.put_batch(received(NOW, eventId=str(each), clientId="raw") for each in ids[start : start + 25])
            with suppress(WarehouseError):
                pipeline.load()
    finally:
        stop.set()
        thread.join()
    pipeline.load()
    assert pipeline.rows("select count(*), count(distinct event_id) from clickstream_events") == [(101, 101)]
    assert pipeline.totals() == {"accepted": 101, "loaded": 101}


@contextmanager
def after_facts(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> Iterator[None]:
    """Do something within our transaction, when the event is inserted and not yet committed."""
    run_statements = sql.run_statements

    def interrupted(cursor: object, step: str, *rest: object, **more: object) -> None:
        run_statements(cursor, step, *rest, **more)  # type: ignore[arg-type]
        if step == "facts":
            meanwhile()

    with monkeypatch.context() as patch:
        patch.setattr(load, "run_statements", interrupted)
        yield


def wait_until_a_statement_waits(pipeline: Pipeline) -> None:
    """Return once a statement in this database waits for another transaction."""
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'"
    )
    wait_until(lambda: pipeline.rows(waiting) != [(0,)], "statement that waits")


def assert_failed_while_writing(ours: Future[Any]) -> None:
    error = ours.exception(PATIENCE_S)
    assert isinstance(error, WarehouseError), error
    assert error.doing == "writing the warehouse"
