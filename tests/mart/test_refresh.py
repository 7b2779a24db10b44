"""A mart that follows the loads of its warehouse equals one that is built from scratch, after any history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.mart.file import Mart
from clickstream.mart.refresh import refresh
from tests.etl.pipeline import Pipeline, received
from tests.mart.shown import shown, shown_from_scratch

Event = dict[str, Any]
CLIENTS = ("c1", "c1", "c2", "c3", None)
USERS = (None, None, "u1", "u2", "c2")
NAMES = (
    *("page_view", "page_view", "product_view", "add_to_cart_click", "checkout_start", "click"),
    *("checkout_complete", "order_confirmed", "order_refunded", "order_refunded", "login_success", "search", "search"),
)
STEPS_MIN = (0, 0, 1, 5, 14, 29, 31, 45, 200)


def test_first_refresh_builds_the_next_updates_and_an_idle_one_does_nothing(pipeline: Pipeline, mart: Mart) -> None:
    assert refresh(mart, pipeline.warehouse).how == "built"
    pipeline.put_batch([received(pipeline.clock(), clientId="c1")])
    pipeline.load()
    done = refresh(mart, pipeline.warehouse)
    assert (done.how, done.position.load_id, done.sessions) == ("updated", 1, 1)
    assert refresh(mart, pipeline.warehouse).how == "unchanged"


def test_a_mart_whose_file_is_too_large_for_its_events_is_built_again(
    pipeline: Pipeline, mart: Mart, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(mart, pipeline.warehouse)
    for expected, many_bytes in (("updated", 16 * 2**20), ("built", 0)):
        monkeypatch.setattr("clickstream.mart.refresh.MANY_BYTES", many_bytes)
        pipeline.put_batch([received(pipeline.clock(), clientId=expected)])
        pipeline.load()
        assert refresh(mart, pipeline.warehouse).how == expected


@pytest.mark.quick_on("postgres")  # where other clients write too
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 9))])
def test_an_updated_mart_equals_one_built_from_scratch(
    pipeline: Pipeline, mart: Mart, tmp_path: Path, seed: int
) -> None:
    chance = Random(seed)
    refresh(mart, pipeline.warehouse)
    sent: list[Event] = []
    steps = (
        *(_load_new, _load_late, _load_foreign, _load_copies, _load_new, _load_late),
        *(_forget, _load_new, _load_foreign, _expire, _load_new),
    )
    for number, step in enumerate(steps):
        step(chance, pipeline, sent)
        done = refresh(mart, pipeline.warehouse)
        assert shown(mart) == shown_from_scratch(tmp_path, pipeline.warehouse), (number, step.__name__, done)


def _load_new(chance: Random, pipeline: Pipeline, sent: list[Event]) -> None:
    pipeline.clock.forward(hours=chance.choice((1, 7, 26)))
    _load(chance, pipeline, sent, _visits(chance, pipeline, len(sent)))


def _load_late(chance: Random, pipeline: Pipeline, sent: list[Event]) -> None:
    """Load events that happened before others that are loaded."""
    late = _visits(chance, pipeline, len(sent), ago=timedelta(minutes=chance.choice((20, 90, 1500))))
    _load(chance, pipeline, sent, late)


def _load_copies(chance: Random, pipeline: Pipeline, sent: list[Event]) -> None:
    """Load copies of events, some received before the copy that is loaded, so that they replace it."""
    copies = []
    for event in chance.sample(sent, min(5, len(sent))):
        earlier = pipeline.clock() - timedelta(days=chance.choice((0, 1)), minutes=chance.randrange(600))
        copies.append({**event, "eventName": chance.choice(NAMES), "_ingest": {"receivedAt": earlier.isoformat()}})
    _load(chance, pipeline, sent, copies)


def _load_foreign(chance: Random, pipeline: Pipeline, sent: list[Event]) -> None:
    """Load rows that another client wrote into a shared warehouse."""
    if not pipeline.warehouse.is_shared:
        return _load_new(chance, pipeline, sent)
    with pipeline.warehouse.transaction() as cursor:
        for _ in range(chance.randint(1, 4)):
            row = {
                "id": str(UUID(int=chance.getrandbits(128))),
                "at": pipeline.clock() - timedelta(minutes=chance.choice((0, 5, 50, 1500))),
                "name": chance.choice(NAMES),
                "client": chance.choice(CLIENTS),
                "user": chance.choice(USERS),
            }
            cursor.execute(
                "insert into clickstream_events (event_id, event_timestamp, event_name, client_id, user_id) "
                "values (cast($id as uuid), $at, $name, $client, $user)",
                row,
            )
    pipeline.load()
    return None


def _forget(chance: Random, pipeline: Pipeline, _sent: list[Event]) -> None:
    eraser = Eraser(pipeline.loader)
    eraser.forget(eraser.user("u1") if chance.random() < 0.5 else Person("client", "c1", ()))


def _expire(_chance: Random, pipeline: Pipeline, _sent: list[Event]) -> None:
    expire(pipeline.loader, RetentionConfig(warehouse_days=1))


def _load(chance: Random, pipeline: Pipeline, sent: list[Event], events: Sequence[Event]) -> None:
    chance.shuffle(list(events))
    half = len(events) // 2
    for part in (events[:half], events[half:]):
        if part:
            pipeline.put_batch(part, ago_s=chance.choice((0, 0, 400)))
    pipeline.load()
    sent += events


def _visits(chance: Random, pipeline: Pipeline, count: int, ago: timedelta = timedelta()) -> list[Event]:
    events = []
    for visit in range(chance.randint(2, 6)):
        moment = pipeline.clock() - ago - timedelta(minutes=chance.choice((300, 60, 30)))
        ids = {"clientId": chance.choice(CLIENTS), "sessionId": chance.choice((None, None, "s1"))}
        for step in range(chance.randint(1, 5)):
            moment += timedelta(minutes=chance.choice(STEPS_MIN))
            name = chance.choice(NAMES)
            event = received(
                moment,
                eventName=name,
                eventId=f"{count}-{visit}-{step}",
                userId=chance.choice(USERS),
                pageUrl=f"https://shop.example{chance.choice(('/', '/p/1'))}",
                product={"id": chance.choice((None, "p1", "p2")), "category": chance.choice((None, "Bags"))},
                isFirstVisit=chance.choice((None, True, False)),
                **ids,
            )
            if "check" in name or "order" in name:
                event["order"] = _order(chance)
            if name == "search":
                event["search"] = {"term": chance.choice((None, "bag", "shoe")), "results": chance.choice((None, 0, 3))}
            events.append(event)
    return events


def _order(chance: Random) -> dict[str, Any]:
    return {
        "id": chance.choice(("o1", "o2", "o3")),
        "total": 10,
        "items": [{"id": chance.choice(("p1", "p2")), "price": 5, "quantity": 2}],
        "discount": chance.choice((None, 1)),
        "tax": chance.choice((None, "0.5")),
        "shipping": chance.choice((None, 3)),
        "coupon": chance.choice((None, "TEN")),
        "paymentMethod": chance.choice((None, "card")),
        "refundId": chance.choice((None, "r1", "r2")),
    }
