"""Mart and warehouse are compared by UTC day."""

from __future__ import annotations

from datetime import date, timedelta

from clickstream.mart.compare import Difference, compare
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from tests.etl.pipeline import Pipeline, received

ORDER = {"id": "o1", "total": 5, "items": [{"id": "p1", "price": 5, "quantity": 1}]}


def differences(pipeline: Pipeline, mart: Mart, since: date | None = None) -> list[Difference] | None:
    with pipeline.warehouse.reading() as cursor, mart.reading() as reader:
        return compare(cursor, reader, since)


def test_days_that_another_program_changed_are_found(pipeline: Pipeline, mart: Mart) -> None:
    today = pipeline.clock.now
    day = timedelta(days=1)
    events = [received(today - day, clientId=f"c{number}") for number in range(3)]
    events += [received(today, clientId="c1", eventName="checkout_complete", order=ORDER), received(today)]
    events += [received(today, eventName="order_refunded", order={"id": "o1", "total": 1})]
    pipeline.put_batch(events)
    pipeline.load()
    assert differences(pipeline, mart) is None, "the mart shows no load yet"
    refresh(mart, pipeline.warehouse)
    assert differences(pipeline, mart) == []

    with pipeline.warehouse.transaction() as cursor:
        cursor.execute("delete from clickstream_events where client_id = 'c0'")
        cursor.execute("delete from sessions where client_id in ('c0', 'c2')")
        cursor.execute("delete from orders")
        cursor.execute("delete from refunds")
    found = differences(pipeline, mart)
    assert found == [
        Difference((today - day).date(), "events", 2, 3),
        Difference((today - day).date(), "sessions", 1, 3),
        Difference(today.date(), "orders", 0, 1),
        Difference(today.date(), "refunds", 0, 1),
    ]
    assert differences(pipeline, mart, today.date()) == found[2:]


def test_a_mart_at_another_load_is_not_compared(pipeline: Pipeline, mart: Mart) -> None:
    refresh(mart, pipeline.warehouse)
    pipeline.put_batch([received(pipeline.clock.now)])
    pipeline.load()
    assert differences(pipeline, mart) is None
