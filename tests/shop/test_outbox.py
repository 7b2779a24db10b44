"""The outbox: every event reaches a real collector, whatever it rejects and whichever process is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from clickstream.collect.admission import AdmissionConfig
from clickstream.delivery import Delivery
from clickstream.errors import UnavailableError
from clickstream.raw.store import LocalStore
from clickstream.shop.database import SHOP
from clickstream.shop.outbox import BATCH, FIRST_PAUSE_S, Outbox, Sent, send_once
from clickstream.shop.refund import refund
from clickstream.warehouse.connections import connect
from tests.collect.conftest import Client, collector, running  # noqa: F401 - a fixture
from tests.e2e.platform import Platform, kill
from tests.patience import wait_until
from tests.ports import free_port
from tests.shop.orders import Shop

POISON = {"eventId": "00000000-0000-4000-8000-000000000001", "eventName": ""}


@pytest.fixture
def delivery(collector: Client) -> Iterator[Delivery]:  # noqa: F811 - the fixture
    with Delivery(f"http://127.0.0.1:{collector.port}") as opened:
        yield opened


def ids(client: Client) -> list[str]:
    return [event["eventId"] for event in client.stored()]


def recorded(shop: Shop) -> list[str]:
    return [event_id for (event_id,) in shop.rows("select event_id::text from outbox order by id")]


def test_orders_and_refunds_arrive_as_they_were_recorded_and_only_once(
    shop: Shop,
    collector: Client,  # noqa: F811
    delivery: Delivery,
) -> None:
    number = shop.number(shop.order(client_id="c1"))
    refund(shop.url, number, None)
    assert send_once(shop.url, delivery) == Sent(2, 0)
    assert send_once(shop.url, delivery) == Sent(0, 0)
    stored = collector.stored()
    assert [event.pop("_ingest")["userAgent"].partition("/")[0] for event in stored] == ["clickstream-shop"] * 2
    assert stored == [event for (event,) in shop.rows("select event from outbox order by id")]
    assert shop.outbox() == [("order_confirmed", True, 1, None), ("order_refunded", True, 1, None)]


def test_rejected_event_is_noted_and_sent_later_and_blocks_no_other(
    shop: Shop,
    collector: Client,  # noqa: F811
    delivery: Delivery,
) -> None:
    shop.order()
    shop.record(POISON)
    shop.order()
    assert send_once(shop.url, delivery) == Sent(2, 1)
    name, sent, attempts, error = shop.outbox()[1]
    assert (name, sent, attempts) == ("", False, 1)
    assert error.startswith("invalid_name: eventName must have")
    assert send_once(shop.url, delivery) == Sent(0, 1)
    shop.rows('update outbox set event = event || \'{"eventName": "order_confirmed"}\' where sent_at is null')
    assert send_once(shop.url, delivery) == Sent(1, 0)
    assert sorted(ids(collector)) == sorted(recorded(shop))


def test_one_sender_rests_a_rejected_event_and_sends_more_than_one_batch(shop: Shop, delivery: Delivery) -> None:
    shop.record(POISON)
    for _ in range(BATCH + 5):
        shop.record({"eventName": "order_confirmed", "eventId": str(uuid4())})
    connection = connect(shop.url, SHOP)
    outbox = Outbox(connection, delivery)
    assert outbox.send() == Sent(BATCH + 5, 1)
    assert outbox.send() == Sent(0, 0)
    time.sleep(FIRST_PAUSE_S)
    assert outbox.send() == Sent(0, 1)
    connection.close()


def test_nothing_is_marked_as_sent_while_the_collector_is_down(shop: Shop) -> None:
    shop.order()
    with Delivery(f"http://127.0.0.1:{free_port()}") as delivery, pytest.raises(UnavailableError):
        send_once(shop.url, delivery)
    assert shop.outbox() == [("order_confirmed", False, 0, None)]


def test_write_key_admits_the_sender(shop: Shop, tmp_path: Path) -> None:
    shop.order()

    key = "a-key-of-the-shop-1"
    config = AdmissionConfig(write_keys=(key.encode(),))
    with running(LocalStore(tmp_path / "raw"), admission=config) as client:
        url = f"http://127.0.0.1:{client.port}"
        with Delivery(url) as stranger, pytest.raises(UnavailableError, match="401"):
            send_once(shop.url, stranger)
        with Delivery(url, write_key=key) as delivery:
            assert send_once(shop.url, delivery) == Sent(1, 0)


def test_senders_at_the_same_time_share_the_work(shop: Shop, collector: Client) -> None:  # noqa: F811
    for _ in range(300):
        shop.record({"eventName": "order_confirmed", "eventId": str(uuid4())})

    def send(_: int) -> int:
        with Delivery(f"http://127.0.0.1:{collector.port}") as delivery:
            return send_once(shop.url, delivery).sent

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(send, range(4)))
    assert sum(counts) == 300
    assert sorted(ids(collector)) == sorted(recorded(shop))


def test_killed_sender_loses_and_doubles_nothing(shop: Shop, tmp_path: Path) -> None:
    random = Random(13)
    platform = Platform(tmp_path / "data", {"CLICKSTREAM_WEB_DB_URL": shop.url})
    platform.settings["CLICKSTREAM_COLLECTOR_URL"] = platform.collector_url
    shop.rows(
        """
        insert into outbox (event_id, event)
        select id, jsonb_build_object('eventName', 'order_confirmed', 'eventId', id)
        from (select gen_random_uuid() as id from generate_series(1, 3000)) as new
        """
    )
    try:
        platform.start_collector()
        kills = 0
        while kills < 3:
            before = unsent(shop)
            sender = platform.start("shop", "send", "--watch")
            wait_until(partial(has_fewer, shop, before))
            time.sleep(random.uniform(0, 0.1))
            kill(sender)
            kills += 1
        assert 0 < unsent(shop) < 3000, "a sender was killed in the middle"
        platform.json("shop", "send")
        assert unsent(shop) == 0
        platform.run("etl", "run")
        found = "select count(*), count(distinct event_id) from clickstream_events where event_name = 'order_confirmed'"
        assert platform.json("query", found)["rows"] == [[3000, 3000]]
        assert platform.json("check")["balanced"] is True
    finally:
        platform.close()


def has_fewer(shop: Shop, before: int) -> bool:
    return unsent(shop) < before


def unsent(shop: Shop) -> int:
    return int(shop.value("select count(*) from outbox where sent_at is null"))
