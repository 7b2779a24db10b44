"""The rollups equal a count of all rows, in any time zone, after any sequence of loads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.rollups import keep_rollups
from clickstream.etl.run import LoadConfig, Loader
from clickstream.warehouse.contract import Warehouse
from tests.etl.pipeline import Pipeline, minutes, received

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ROLLUPS = ("daily_visitors", "daily_sessions")


def counts(pipeline: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    return {table: sorted(pipeline.rows(f"select * from {table}"), key=repr) for table in ROLLUPS}


def counted_from_scratch(pipeline: Pipeline, zone: ZoneInfo) -> dict[str, list[tuple[Any, ...]]]:
    with pipeline.warehouse.transaction() as cursor:
        cursor.execute("delete from rollup_zone")
        keep_rollups(cursor, zone)
    return counts(pipeline)


def reopen(pipeline: Pipeline, zone: str) -> None:
    pipeline.loader.close()
    stage = pipeline.root.parent / "stage"
    pipeline.loader = Loader(pipeline.warehouse, pipeline.store, stage, pipeline.clock, LoadConfig(zone=ZoneInfo(zone)))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_days_are_those_of_the_zone_and_equal_a_count_of_all_rows(pipeline: Pipeline, zone: str) -> None:
    reopen(pipeline, zone)
    pipeline.clock.now = datetime(2026, 4, 1, tzinfo=UTC)
    start = datetime(2026, 3, 6, 22, 10, tzinfo=UTC)  # over the changes of March in America and Europe
    for part in range(4):
        events = [
            received(
                start + timedelta(hours=7 * (part + 4 * n)),
                eventName="product_view" if n % 2 else "page_view",
                clientId=f"c{n % 3}",
                userId="u" if n % 5 == 0 else None,
                pageUrl="/p",
            )
            for n in range(20)
        ]
        pipeline.put_batch(events)
        pipeline.load()
    kept = counts(pipeline)
    assert kept == counted_from_scratch(pipeline, ZoneInfo(zone))
    first = (start.astimezone(ZoneInfo(zone))).date()
    assert min(row[0] for row in kept["daily_visitors"]) == first
    assert pipeline.rows("select sum(events) from daily_visitors") == [(80,)]


def test_sessions_joined_by_a_late_event_are_counted_as_one(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, clientId="c"), received(NOW + minutes(50), clientId="c")])
    pipeline.load()
    assert pipeline.rows("select sum(sessions), sum(duration_us) from daily_sessions") == [(2, 0)]
    pipeline.put_batch([received(NOW + minutes(25), clientId="c")])
    pipeline.load()
    assert pipeline.rows("select sum(sessions), sum(duration_us) from daily_sessions") == [(1, 3_000_000_000)]
    assert pipeline.rows("select sum(events), count(*) from daily_visitors") == [(3, 1)]


def test_replaced_copy_is_no_longer_counted(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, eventId="e", clientId="late")])
    pipeline.load()
    pipeline.put_batch([received(NOW - timedelta(days=2), eventId="e", clientId="early")], ago_s=60)
    pipeline.load()
    assert pipeline.rows("select client_id, events from daily_visitors") == [("early", 1)]
    assert pipeline.rows("select sum(sessions), count(*) from daily_sessions") == [(1, 1)]


def test_another_zone_counts_all_days_again(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), clientId="c")])
    pipeline.load()
    reopen(pipeline, "Asia/Tokyo")
    pipeline.put_batch([received(NOW, clientId="d")])
    pipeline.load()
    days = [str(row[0]) for row in pipeline.rows("select distinct day from daily_visitors order by day")]
    assert days == ["2026-03-10"]


@pytest.fixture
def expired(pipeline: Pipeline) -> Pipeline:
    """Evenings of five days, each with a visit; the first four have expired. An event of the second came today."""
    for day in range(5, 10):
        then = datetime(2026, 3, day, 20, tzinfo=UTC)
        pipeline.put_batch([received(then, clientId="c", userId="u")], ago_s=(NOW - then).total_seconds())
    pipeline.put_batch([received(NOW, clientId="late", createdAt="2026-03-06T20:00:00Z")])
    pipeline.load()
    assert expire(pipeline.loader, RetentionConfig(warehouse_days=1)).events == 4
    return pipeline


def days(pipeline: Pipeline, table: str = "daily_visitors", column: str = "events") -> dict[int, int]:
    found = pipeline.rows(f"select day, sum({column}) from {table} group by day order by day")
    return {row[0].day: int(row[1]) for row in found}


def test_another_zone_keeps_the_counts_of_expired_days(expired: Pipeline) -> None:
    assert days(expired) == {5: 1, 6: 2, 7: 1, 8: 1, 9: 1}
    reopen(expired, "Asia/Tokyo")
    expired.put_batch([received(NOW, clientId="c", userId="u")])
    expired.load()
    in_tokyo = {5: 1, 6: 1, 7: 2, 8: 1, 10: 2}
    assert days(expired) == days(expired, "daily_sessions", "sessions") == in_tokyo
    reopen(expired, "UTC")
    expired.put_batch([received(NOW, clientId="d")])
    expired.load()
    assert days(expired) == {5: 1, 6: 2, 7: 1, 8: 1, 9: 1, 10: 2}, "changing back loses nothing either"


def test_load_that_changes_zone_and_session_counts_the_session_once(expired: Pipeline) -> None:
    reopen(expired, "Asia/Tokyo")
    then = datetime(2026, 3, 9, 19, 50, tzinfo=UTC)
    expired.put_batch([received(then, clientId="c", userId="u")])
    expired.load()
    assert days(expired) == {5: 1, 6: 1, 7: 2, 8: 1, 10: 2}
    assert days(expired, "daily_sessions", "sessions") == {5: 1, 6: 1, 7: 2, 8: 1, 10: 1}


def test_counts_of_expired_rows_have_one_row_for_each_key(expired: Pipeline) -> None:
    reopen(expired, "Europe/Berlin")  # it is evening there too: the same days
    expired.put_batch([received(NOW, clientId="late", createdAt="2026-03-06T20:10:00Z")])
    expired.load()
    assert days(expired) == {5: 1, 6: 3, 7: 1, 8: 1, 9: 1}
    keys = "day, client_id, user_id, is_sample, is_bot"
    assert expired.rows(f"select {keys} from daily_visitors group by {keys} having count(*) > 1") == []


def test_erasure_removes_counts_of_expired_rows_in_another_zone(expired: Pipeline) -> None:
    reopen(expired, "Asia/Tokyo")
    expired.put_batch([received(NOW, clientId="d")])
    expired.load()
    assert Eraser(expired.loader).forget(Person("user", "u")).left == 0
    assert days(expired) == {7: 1, 10: 1}


def test_rebuild_keeps_the_counts_of_expired_days(expired: Pipeline, tmp_path: Path) -> None:
    def make_loader(warehouse: Warehouse) -> Loader:
        return Loader(warehouse, expired.store, tmp_path / "again", expired.clock, LoadConfig())

    before = counts(expired)
    context = RebuildContext(expired.warehouse, expired.store, expired.clock, expired.load, make_loader)
    assert rebuild(context, RebuildRequest(apply=True))["same"]
    assert counts(expired) == before
