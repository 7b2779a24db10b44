"""Another client upserts an event that our loader is loading at that moment: nothing is lost, nothing is doubled.

The client knows the first 16 columns only. Whoever comes second waits for the other's transaction: theirs then changes
our row; ours sees their row only after its own transaction, which is given up and succeeds when it is made again.
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


def test_theirs_waits_for_ours_and_changes_what_it_knows(
    pipeline: Pipeline, client: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool:
        theirs: list[Future[Any]] = []

        def meanwhile() -> None:
            theirs.append(pool.submit(client.execute, UPSERT.encode(), foreign_row("product_view")))
            wait_until_somebody_waits(pipeline)

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


def test_ours_waits_for_theirs_and_is_made_again(pipeline: Pipeline, client: psycopg.Connection) -> None:
    client.execute(UPSERT.encode(), foreign_row("product_view"))
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)
        wait_until_somebody_waits(pipeline)
        client.commit()
        lines = lines_of(ours)
    if not lines:  # it ended with an error, in words that say where
        assert pipeline.one("event_name, raw_object") == {"event_name": "product_view", "raw_object": None}
        assert pipeline.load().lines == 1
    assert pipeline.one("event_name, client_id, user_id") == {
        "event_name": "search",
        "client_id": "raw",
        "user_id": None,
    }
    assert pipeline.rows("select count(*) from duplicates") == [(0,)]
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_ours_goes_on_when_theirs_is_taken_back(pipeline: Pipeline, client: psycopg.Connection) -> None:
    client.execute(UPSERT.encode(), foreign_row("product_view"))
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)
        wait_until_somebody_waits(pipeline)
        client.rollback()
        assert lines_of(ours) == 1
    assert pipeline.one("event_name") == {"event_name": "search"}


def test_of_two_that_wait_for_each_other_one_is_told_and_both_events_come_once(
    pipeline: Pipeline, client: psycopg.Connection
) -> None:
    pipeline.put_batch([received(NOW, eventId=str(OTHER_EVENT), eventName="search", clientId="raw")])
    client.execute(UPSERT.encode(), [OTHER_EVENT, *foreign_row("product_view")[1:]])
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(pipeline.load)  # has the first event, and waits for the second
        wait_until_somebody_waits(pipeline)
        with suppress(psycopg.errors.DeadlockDetected):
            client.execute(UPSERT.encode(), foreign_row("product_view"))
        with suppress(psycopg.errors.InFailedSqlTransaction):
            client.commit()
        lines_of(ours)
    pipeline.load()
    assert pipeline.rows("select event_id from clickstream_events order by event_id") == [(EVENT,), (OTHER_EVENT,)]
    assert pipeline.totals() == {"accepted": 2, "loaded": 2}


def test_later_loads_get_on_when_theirs_has_moved_our_events_to_another_session(
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


def test_upserts_without_pause_beside_loads_end_with_each_event_once(cluster: Cluster, pipeline: Pipeline) -> None:
    """No order is planned here: whoever loses a race tries again, as such a client does."""
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
    """Do something in the midst of our transaction, when the event is inserted and not yet committed."""
    run_statements = sql.run_statements

    def interrupted(cursor: object, step: str, *rest: object, **more: object) -> None:
        run_statements(cursor, step, *rest, **more)  # type: ignore[arg-type]
        if step == "facts":
            meanwhile()

    with monkeypatch.context() as patch:
        patch.setattr(load, "run_statements", interrupted)
        yield


def wait_until_somebody_waits(pipeline: Pipeline) -> None:
    """Until a statement in this database waits for another's transaction."""
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'transactionid'"
    )
    wait_until(lambda: pipeline.rows(waiting) != [(0,)], "statement that waits")


def lines_of(ours: Future[Any]) -> int:
    """What our pass loaded; 0 when it ended with an error of the tree, which says what was being done."""
    error = ours.exception(PATIENCE_S)
    if error is None:
        return int(ours.result().lines)
    assert isinstance(error, WarehouseError), error
    assert error.doing == "writing the warehouse"
    return 0
