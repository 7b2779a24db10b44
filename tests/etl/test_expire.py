"""Old days expire as the settings say, and the ledger does not count that as a loss."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clickstream.etl.expire import ExpiryResult, RetentionConfig, expire
from tests.etl.pipeline import Pipeline, minutes, received
from tests.etl.warehouses import contents

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY_S = 86_400

pytestmark = pytest.mark.quick_on("duckdb")


@pytest.fixture
def old(pipeline: Pipeline) -> Pipeline:
    """Five days, a day apart, each with a visit of the same client; loaded."""
    for ago in range(5):
        then = NOW - timedelta(days=ago)
        events = [received(then, clientId="c", userId="u", eventId=f"{ago}", isFirstVisit=ago == 4)]
        events.append(received(then + minutes(1), eventId=f"{ago}"))
        order = {"id": str(ago), "total": 1, "items": [{"id": "p"}]}
        events.append(received(then, eventName="checkout_complete", clientId="c", order=order))
        pipeline.put_batch([*events, b"broken"], ago_s=ago * DAY_S)
    pipeline.load()
    return pipeline


def run(
    pipeline: Pipeline, raw: int | None = None, warehouse: int | None = None, *, dry_run: bool = False
) -> ExpiryResult:
    return expire(pipeline.loader, RetentionConfig(raw, warehouse), dry_run=dry_run)


def test_old_raw_days_are_deleted_and_the_warehouse_stays(old: Pipeline) -> None:
    old.store.put_unsynced("rejected/2026/03/06/a.ndjson", b"{}")
    old.store.put_unsynced("rejected/2026/03/09/a.ndjson", b"{}")
    before = contents(old.warehouse)
    found = run(old, raw=2)
    assert (found.raw_before, found.raw_days, found.raw_objects, found.rejected) == (date(2026, 3, 8), 2, 2, 1)
    assert old.store.days() == [date(2026, 3, 8), date(2026, 3, 9), date(2026, 3, 10)]
    assert contents(old.warehouse) == before
    assert old.ledger().is_balanced
    assert old.totals()["accepted"] == 12


def test_old_rows_are_deleted_and_their_objects_are_not_loaded_again(old: Pipeline) -> None:
    found = run(old, warehouse=2)
    assert (found.events, found.sessions, found.orders, found.duplicates, found.bad_rows) == (4, 2, 2, 2, 2)
    assert old.rows("select count(*) from clickstream_events") == [(6,)]
    assert old.rows("select count(*) from order_lines") == [(3,)]
    assert len(old.store.days()) == 5
    assert old.loader.run_pass([date(2026, 3, 6)]).objects == 0
    assert old.ledger().is_balanced
    assert old.totals()["loaded"] == 6


def test_first_seen_survives_the_expiry_of_rows(old: Pipeline) -> None:
    tables = ("seen", "clients")
    before = {table: contents(old.warehouse).get(table) for table in tables}
    run(old, raw=1, warehouse=1)
    assert {table: contents(old.warehouse).get(table) for table in tables} == before
    late = received(NOW + minutes(5), clientId="c", userId="u")
    old.put_batch([late])
    old.load()
    assert old.rows("select first_seen_at, first_is_first_visit from seen where user_id is not null") == [
        (NOW - timedelta(days=4), True)
    ]


TOTALS = """
    select
        quarter, is_sample, is_bot, events, page_views, product_views, sessions, engaged_sessions, cart_sessions,
        checkout_sessions, order_sessions, orders
    from expired_totals
    order by quarter, is_sample, is_bot
"""


def test_totals_of_expired_rows_are_kept_by_quarter_of_an_hour(pipeline: Pipeline) -> None:
    noon = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
    quarter = int(noon.timestamp()) // 900
    bot: dict[str, Any] = {"receivedAt": noon.isoformat(), "userAgent": "curl/8.0"}

    def put(*events: dict[str, Any]) -> None:
        pipeline.put_batch(events, ago_s=4 * DAY_S)
        pipeline.loader.run_pass([noon.date()])

    put(
        received(noon - minutes(1), clientId="c"),
        received(noon, eventName="product_view", clientId="c"),
        received(noon + minutes(20), eventName="add_to_cart_click", clientId="c"),
        received(noon + minutes(21), eventName="checkout_complete", clientId="c", order={"id": "1"}),
        received(noon, eventName="checkout_start", clientId="bot") | {"_ingest": bot},
        received(noon, eventName="order_confirmed", order={"id": "2"}),
        received(noon, properties={"sample": "s"}),
    )
    run(pipeline, warehouse=2)
    first = [
        (quarter - 1, False, False, 1, 1, 0, 1, 1, 1, 0, 1, 0),
        (quarter, False, False, 2, 1, 1, 0, 0, 0, 0, 0, 1),
        (quarter, False, True, 1, 0, 0, 1, 1, 0, 1, 0, 0),
        (quarter, True, False, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        (quarter + 1, False, False, 2, 0, 0, 0, 0, 0, 0, 0, 1),
    ]
    assert pipeline.rows(TOTALS) == first
    put(received(noon, clientId="d"), received(noon, eventName="x", clientId="d"))
    run(pipeline, warehouse=2)
    first[1] = (quarter, False, False, 4, 2, 1, 1, 0, 0, 0, 0, 1)
    assert pipeline.rows(TOTALS) == first


def test_late_copy_of_an_event_does_not_make_an_old_client_new(old: Pipeline) -> None:
    run(old, warehouse=1)
    old.put_batch([received(NOW - minutes(1), clientId="c", userId="other", eventId="0")])
    old.load()
    assert old.rows("select count(*) from duplicates where hour >= timestamptz '2026-03-10 00:00+00'") == [(2,)]
    assert old.rows("select first_user_id, event_timestamp from clients") == [("u", NOW - timedelta(days=4))]


def test_session_over_midnight_expires_with_its_last_event(pipeline: Pipeline) -> None:
    midnight = datetime(2026, 3, 8, tzinfo=UTC)
    for moment in (midnight - minutes(10), midnight + minutes(10)):
        pipeline.put_batch([received(moment, clientId="c")], ago_s=(NOW - moment).total_seconds())
    pipeline.load()
    assert run(pipeline, warehouse=2).events == 0
    pipeline.clock.forward(days=1)
    found = run(pipeline, warehouse=2)
    assert (found.events, found.sessions) == (2, 1)


BROWSER = {"eventName": "checkout_complete", "clientId": "c", "order": {"id": "1", "total": 5}}
SERVER = {"eventName": "order_confirmed", "order": {"id": "1", "total": 7}}


@pytest.mark.parametrize(
    ("old_one", "recent_one"), [(BROWSER, SERVER), (SERVER, BROWSER)], ids=["server recent", "browser recent"]
)
def test_order_stays_complete_while_one_of_its_events_is_recent(
    pipeline: Pipeline, old_one: dict[str, Any], recent_one: dict[str, Any]
) -> None:
    """The order equals one that is derived from the remaining events: the same day, the same money."""
    then = NOW - timedelta(days=10)
    pipeline.put_batch([received(then, **old_one), received(then, **old_one)], ago_s=10 * DAY_S)
    pipeline.put_batch([received(then, eventName="page_view", clientId="c")], ago_s=10 * DAY_S)
    pipeline.put_batch([received(NOW - timedelta(days=9), clientId="c")], ago_s=9 * DAY_S)
    pipeline.put_batch([received(NOW, **recent_one)])
    pipeline.load()
    orders = contents(pipeline.warehouse)["orders"]
    run(pipeline, warehouse=5)
    assert contents(pipeline.warehouse)["orders"] == orders
    kept = pipeline.rows("select count(*), count(order_id) from clickstream_events")
    assert kept == [(4, 3) if old_one is BROWSER else (3, 3)]
    pipeline.put_batch([received(NOW + minutes(1), clientId="c")])
    pipeline.load()
    assert contents(pipeline.warehouse)["orders"] == orders
    pipeline.clock.forward(days=10)
    assert run(pipeline, warehouse=5).orders == 1
    assert pipeline.rows("select count(*) from clickstream_events") == [(0,)]


def test_day_with_an_unloaded_object_stays(old: Pipeline) -> None:
    old.put_batch([received(NOW)], ago_s=4 * DAY_S)
    found = run(old, raw=2)
    assert (found.unloaded, found.raw_days) == ([date(2026, 3, 6)], 1)
    assert date(2026, 3, 6) in old.store.days()


def test_dry_run_counts_the_same_and_changes_nothing(old: Pipeline) -> None:
    before = contents(old.warehouse)
    planned = run(old, raw=2, warehouse=1, dry_run=True)
    assert contents(old.warehouse) == before
    assert len(old.store.days()) == 5
    assert run(old, raw=2, warehouse=1) == planned
    again = run(old, raw=2, warehouse=1)
    assert (again.raw_objects, again.events) == (0, 0)
    assert old.ledger().is_balanced


def test_without_settings_nothing_expires(old: Pipeline) -> None:
    assert run(old) == ExpiryResult()


def test_day_that_expired_in_store_and_warehouse_leaves_the_list_of_objects(old: Pipeline) -> None:
    run(old, raw=1, warehouse=1)
    assert old.rows("select distinct day from raw_objects order by day") == [(date(2026, 3, 9),), (date(2026, 3, 10),)]
    assert old.load().objects == 0
    assert old.ledger().is_balanced


def test_killed_expiry_is_completed_by_the_next_one(old: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_keys: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(old.store, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            run(old, raw=2, warehouse=2)
    assert old.ledger().is_balanced
    run(old, warehouse=2)
    found = run(old, raw=2)
    assert found.raw_objects == 2
    assert old.store.days()[0] == date(2026, 3, 8)
    assert old.ledger().is_balanced
