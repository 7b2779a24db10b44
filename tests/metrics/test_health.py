"""The metrics of data health, on both engines, over events that the real loader loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.metrics import oracle_health as oracle
from tests.metrics.health_worlds import Traffic, records
from tests.postgres import Cluster

from clickstream.errors import QuestionError
from clickstream.metrics.catalog import METRICS, ask, reads_warehouse
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.rules.filters import filter_names

pytestmark = pytest.mark.quick_on("duckdb")
HEALTH = [name for name in METRICS if name.startswith("health_")]


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened


def answer(pipeline: Pipeline, metric: str, **fields: Any) -> Answer:
    """Return the answer as of now, without a mart."""
    plain = {"as_of": pipeline.clock.now, "tz": ZoneInfo("UTC")}
    return ask(None, metric, Question(**{**plain, **fields}), records=records(pipeline))


def test_freshness_is_that_of_the_newest_event_and_load(pipeline: Pipeline) -> None:
    now = pipeline.clock.now
    seen = now - timedelta(seconds=90)
    pipeline.put_batch([received(seen - timedelta(days=2), eventId="old"), received(seen, eventId="new")], ago_s=80)
    pipeline.load()
    found = answer(pipeline, "health_freshness", from_date=now.date() - timedelta(days=9), to_date=now.date())
    assert found.dicts() == [
        {"last_received_at": seen, "last_loaded_at": now, "last_event_at": seen, "lag_s": 90.0, "load_number": 1}
    ]
    assert (found.meta["load"], found.meta["compare"], found.meta["total_rows"]) == (1, None, 1)


def test_freshness_before_the_last_object_is_that_of_the_rows_received_until_then(pipeline: Pipeline) -> None:
    now = pipeline.clock.now
    old, new = now - timedelta(days=3), now - timedelta(seconds=5)
    pipeline.put_batch([received(old, eventId="old"), received(new, eventId="new")])
    pipeline.load()
    (row,) = answer(pipeline, "health_freshness", as_of=now - timedelta(days=1)).dicts()
    assert (row["last_received_at"], row["last_event_at"], row["lag_s"]) == (old, old, 2 * 86_400)
    (row,) = answer(pipeline, "health_freshness", as_of=old).dicts()
    assert (row["last_received_at"], row["last_event_at"], row["lag_s"], row["load_number"]) == (None, None, None, 1)


@pytest.mark.parametrize("name", ["sample", "country", "event"])
def test_metrics_of_data_health_have_no_filters(pipeline: Pipeline, name: str) -> None:
    for metric in HEALTH:
        with pytest.raises(QuestionError) as caught:
            answer(pipeline, metric, filters={name: ("auto",)})
        assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", name)
    assert name in filter_names()


def test_a_metric_says_when_what_it_reads_is_not_open(pipeline: Pipeline) -> None:
    question = Question(pipeline.clock.now, ZoneInfo("UTC"))
    for metric, words in (("health_freshness", "reads the warehouse"), ("overview", "reads the mart")):
        with pytest.raises(QuestionError, match=words) as caught:
            ask(None, metric, question)
        assert caught.value.code == "metric_not_available"
        assert reads_warehouse(metric) == (metric != "overview")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_all_metrics_agree_with_the_oracle(pipeline: Pipeline, seed: int) -> None:
    random = Random(seed)
    traffic = Traffic(pipeline, random)
    traffic.store(14, oldest_s=4 * 86_400)
    traffic.load()
    pipeline.clock.forward(minutes=random.choice([20, 90]))
    traffic.store(5, oldest_s=900)
    traffic.load()
    pipeline.clock.forward(minutes=1)
    traffic.store(2, oldest_s=30)
    for _ in range(5):
        compare_with_oracle(pipeline, traffic.sent, random)


def compare_with_oracle(pipeline: Pipeline, sent: oracle.Sent, random: Random) -> None:
    """Ask every metric about a random range, and compare the answers."""
    tz = ZoneInfo(random.choice(["UTC", "Europe/Berlin", "Asia/Kolkata"]))
    as_of = pipeline.clock.now - timedelta(seconds=random.choice([0, 0, 5_000, 100_000]))
    to_date = as_of.astimezone(tz).date() + timedelta(days=random.choice([1, 1, 0, -1]))
    fields = {"as_of": as_of, "tz": tz, "to_date": to_date, "from_date": to_date - timedelta(days=random.randint(1, 5))}
    by = random.choice(["hour", "day"])

    def found(metric: str, **options: str) -> list[dict[str, Any]]:
        got = answer(pipeline, metric, **fields, options=options, limit=1000)
        assert got.meta["total_rows"] == len(got.rows)
        return got.dicts()

    meta = answer(pipeline, "health_clock", **fields).meta
    span = oracle.Span(meta["start"], meta["end"])
    assert found("health_freshness") == [oracle.freshness(sent, as_of)]
    assert found("health_ledger", by=by) == oracle.ledger(sent, span, by)
    assert found("health_bad_rows") == oracle.bad_rows(sent, span)
    assert found("health_bots") == oracle.bots(sent, span)
    assert found("health_late", by=by) == oracle.late(sent, span, by)
    assert found("health_clock") == oracle.clock(sent, span)
    assert found("health_orders") == oracle.orders(sent, span, tz)


def test_a_line_too_many_does_not_make_up_for_a_missing_one(pipeline: Pipeline) -> None:
    now = pipeline.clock.now
    for ago in (7_200, 3_600):
        pipeline.put_batch([received(now - timedelta(seconds=ago), eventId=f"a{ago}"), b"{"], ago_s=ago)
    pipeline.load()
    first = now.replace(minute=0) - timedelta(hours=2)
    with pipeline.warehouse.transaction() as cursor:
        params = {"first": first, "second": first + timedelta(hours=1)}
        cursor.execute("update bad_rows set hour = $second where hour = $first", params)
    assert [row["balance"] for row in answer(pipeline, "health_ledger").dicts()] == [-1, 1]
    found = answer(pipeline, "health_ledger", options={"by": "day"})
    assert [(row["accepted"], row["bad"], row["balance"]) for row in found.dicts()] == [(4, 2, 0)]
    assert (found.meta["unbalanced_hours"], found.meta["overdue_objects"]) == (2, 0)


def test_the_ledger_counts_overdue_and_irregular_objects(pipeline: Pipeline) -> None:
    """An irregular object has the hour of its file, within the day of its folder."""
    pipeline.put_batch([received(pipeline.clock.now, eventId="a")], ago_s=60)
    pipeline.store.put([("events/2026/03/08/event-foreign.json", b'{"eventName": "x", "eventId": "b"}')])
    pipeline.load()
    pipeline.put_batch([received(pipeline.clock.now, eventId="c")], ago_s=1_800)
    found = answer(pipeline, "health_ledger")
    assert [(row["hour"].day, row["accepted"], row["pending"]) for row in found.dicts()] == [(10, 2, 1), (8, 1, 0)]
    assert (found.meta["unbalanced_hours"], found.meta["overdue_objects"]) == (0, 1)


def test_the_ledger_leaves_out_days_that_expired(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(pipeline.clock.now, eventId="a")], ago_s=86_460)
    pipeline.put_batch([received(pipeline.clock.now, eventId="b")], ago_s=60)
    pipeline.load()
    with pipeline.warehouse.transaction() as cursor:
        cursor.execute("insert into expired_days values (date '2026-03-09', 'raw', timestamptz '2026-03-10 00:00+00')")
    assert [row["hour"].day for row in answer(pipeline, "health_ledger").dicts()] == [10]


def test_a_page_of_hours_is_cut_from_all_of_them(pipeline: Pipeline) -> None:
    now = pipeline.clock.now
    pipeline.put_batch([received(now - timedelta(hours=hour), eventId=f"e{hour}") for hour in range(1, 6)])
    pipeline.load()
    found = answer(pipeline, "health_late", limit=2, offset=1)
    assert [row["hour"] for row in found.dicts()] == [now - timedelta(hours=hour) for hour in (2, 3)]
    assert (found.meta["total_rows"], found.meta["rows_behind"]) == (5, {"clickstream_events": 5})


def test_bands_of_clocks_include_their_upper_edges(pipeline: Pipeline) -> None:
    now, step = pipeline.clock.now - timedelta(hours=1), timedelta(microseconds=1)
    edges = {"5s": 5, "1min": 60, "5min": 300, "1h": 3_600}
    events = []
    for seconds in edges.values():
        for skew in (timedelta(seconds=seconds), timedelta(seconds=seconds) + step):
            for sign in (1, -1):
                event = received(now, eventId=f"{sign}{skew}")
                event["_ingest"]["sentAt"] = (now + sign * skew).isoformat()
                events.append(event)
    pipeline.put_batch(events)
    pipeline.load()
    counts: Counter[str] = Counter()
    for row in answer(pipeline, "health_clock").dicts():
        counts[row["skew"]] += row["events"]
    bands = {"5s": 1, "1min": 2, "5min": 2, "1h": 2, "more": 1}
    assert counts == {f"{sign}_{band}": count for sign in ("ahead", "behind") for band, count in bands.items()}


def test_an_hour_that_the_range_cuts_counts_as_a_whole(pipeline: Pipeline) -> None:
    """A day in India begins at 18:30 UTC."""
    pipeline.put_batch([b"{"], ago_s=17 * 3_600 + 3_000)  # 18:10 UTC on the day before
    pipeline.load()
    india = {"tz": ZoneInfo("Asia/Kolkata"), "from_date": pipeline.clock.now.date()}
    (row,) = answer(pipeline, "health_bad_rows", **india).dicts()
    assert (row["rows"], row["last_seen_at"].hour) == (1, 18)
    assert [row["bad"] for row in answer(pipeline, "health_ledger", **india).dicts()] == [1]
