"""The links behind the points of a time chart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from clickstream.dashboard.charts.trend import split_groups, split_trend
from clickstream.dashboard.explain.links import linked
from clickstream.dashboard.view import Days, View
from clickstream.mart.keeper import MartKeeper
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.dashboard.seeded import seed

DAYS = Days(date(2026, 3, 4), date(2026, 3, 11))
VIEW = View(page="acquisition", days=DAYS, filters=(("country", "DE"), ("browser", "Firefox")), tz="Europe/Berlin")


@pytest.fixture
def answer(warehouse: DuckWarehouse, tmp_path: Path) -> Answer:
    """Sessions by week and country: Wednesday to Tuesday are two weeks, each cut."""
    seed(warehouse)
    with MartKeeper(tmp_path / "mart.duckdb", warehouse) as keeper:
        keeper.refresh()
        options = {"metric": "sessions", "by": "week", "split": "country"}
        now, zone = datetime(2026, 3, 11, tzinfo=UTC), ZoneInfo("Europe/Berlin")
        question = Question(now, zone, DAYS.first, DAYS.end, compare="none", options=options)
        return ask(keeper.mart, "time_series", question)


def links(answer: Answer) -> list[list[dict[str, list[str]]]]:
    chart = split_trend(answer, "Sessions", ())
    found = linked(chart, VIEW, "acquisition-series", answer, split_groups(answer, ())).links
    return [[parse_qs(link.removeprefix("?")) for link in row] for row in found]


def test_a_point_opens_explain_for_its_bucket_and_group(answer: Answer) -> None:
    events = replace(answer, meta={**answer.meta, "options": {**answer.meta["options"], "metric": "events"}})
    first, second = links(events)
    assert [link["value"] for link in first] == [["DE"], ["PL"]]
    assert [row[0]["at"] for row in (first, second)] == [["2026-03-01T23:00:00Z"], ["2026-03-08T23:00:00Z"]]
    assert first[1]["explain"] == ["acquisition-series"]
    assert first[1]["country"] == ["DE"]  # the page behind the panel stays as it is


def test_a_point_that_counts_sessions_opens_their_list(answer: Answer) -> None:
    first, second = links(answer)
    assert first[1] == {
        "page": ["visitors"],
        "from": ["2026-03-04"],
        "to": ["2026-03-11"],
        "tz": ["Europe/Berlin"],
        "browser": ["Firefox"],
        "country": ["PL"],
        "between": ["2026-03-01T23:00:00Z..2026-03-08T23:00:00Z"],
    }
    assert second[0]["between"] == ["2026-03-08T23:00:00Z..2026-03-15T23:00:00Z"]
    assert second[0]["country"] == ["DE"]
    carts = replace(answer, meta={**answer.meta, "options": {**answer.meta["options"], "metric": "cart_sessions"}})
    assert links(carts)[0][0]["reached"] == ["cart"]
