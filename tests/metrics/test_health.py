"""The metrics of data health, on both engines, over events that the real loader loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.postgres import Cluster

from clickstream.errors import QuestionError
from clickstream.etl import ledger
from clickstream.metrics.catalog import METRICS, ask, reads_warehouse
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records
from clickstream.metrics.rules.filters import filter_names

pytestmark = pytest.mark.quick_on("duckdb")
HEALTH = [name for name in METRICS if name.startswith("health_")]


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened


def records(pipeline: Pipeline) -> Records:
    return Records(pipeline.warehouse, lambda cursor, start, end: ledger.read(cursor, pipeline.store, start, end))


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
