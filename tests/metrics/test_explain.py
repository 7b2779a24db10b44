"""An explanation: the rows behind a figure are as many as it says, and the SQL that is shown gives it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from msgspec.json import decode, encode
from tests.engines import empty_warehouse
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event, fill, item
from tests.metrics.test_catalog import make_question
from tests.metrics.test_oracle import over_random_shops
from tests.metrics.worlds import Shop
from tests.postgres import Cluster

from clickstream.errors import QuestionError
from clickstream.etl.ledger import Ledger
from clickstream.metrics.catalog import METRICS, ask
from clickstream.metrics.explain.explanation import ALL, Explanation, Part, explain
from clickstream.metrics.explain.rows import SAMPLE_ROWS
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Question
from clickstream.metrics.records import Records
from clickstream.metrics.rules.buckets import Unit, buckets
from clickstream.metrics.rules.period import chosen_period

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
UNITS: st.SearchStrategy[Unit] = st.sampled_from(("hour", "day", "week"))
SECOND = timedelta(seconds=1)
COUNTED = (
    *("sessions", "events", "page_views", "orders", "views", "engaged_sessions", "bounces", "cart_sessions"),
    *("checkout_sessions", "order_sessions", "orders_without_session"),
)


KEYS = ("sessions", "events", "page_views", "orders", "refunds", "visitors", "new_visitors", "returning_visitors")
RANKINGS: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("acquisition", {"by": "source"}, "value", "sessions"),
    ("devices", {"by": "country"}, "value", "sessions"),
    ("products", {"by": "category"}, "value", "views"),
    ("pages_top", {}, "page_path", "page_views"),
    ("pages_landing", {}, "page_path", "sessions"),
)


def explained(mart: FilledMart, metric: str, question: Question, part: Part = ALL) -> Explanation:
    return explain(mart, Records(mart.warehouse), metric, question, part)


def check_points(mart: FilledMart, asked: Question, figure: str, unit: Unit, split: str | None) -> None:
    """A point of a chart has as many rows as it says."""
    options = {"metric": figure, "by": unit, **({"split": split} if split else {})}
    question = replace(asked, options=options, compare="none")
    starts = {(each.local, each.offset_s): each.start for each in buckets(unit, question.tz, chosen_period(question))}
    points = [row for row in ask(mart, "time_series", question).dicts() if row["split"] != "(other)"]
    for row in sorted(points, key=lambda row: -row["value"])[:3]:
        start = starts[row["bucket_local"], row["utc_offset_s"]]
        rows = explained(mart, "time_series", question, Part(at=start, value=row["split"])).rows
        assert rows is not None
        assert rows.count == row["value"]
        assert len(rows.sample) == min(rows.count, SAMPLE_ROWS)


def check_sample(mart: FilledMart, question: Question, figure: str) -> None:
    """The sample of a key figure is what the warehouse has, newest first."""
    found = explained(mart, "overview", question, Part(figure))
    answer = ask(mart, "overview", question)
    assert found.rows is not None
    assert found.rows_behind == answer.meta["rows_behind"]
    if figure in COUNTED:
        assert found.rows.count == answer.dicts()[0][figure]
    assert len(found.rows.sample) == min(found.rows.count, SAMPLE_ROWS)
    assert all(row.object and row.line for row in found.rows.sample)
    times = [datetime.fromisoformat(row.values[0]) for row in found.rows.sample]
    assert times == sorted(times, reverse=True)


def check_rows(mart: FilledMart, asked: Question, ranking: tuple[str, dict[str, str], str, str]) -> None:
    """A row of a ranking has as many rows behind it as it says."""
    metric, options, name, figure = ranking
    question = replace(asked, options=options)
    for row in ask(mart, metric, question).dicts()[:3]:
        rows = explained(mart, metric, question, Part(value=row[name])).rows
        assert rows is not None
        assert rows.count == row[figure]


@over_random_shops(
    st.sampled_from(COUNTED),
    UNITS,
    st.sampled_from((None, "channel")),
    st.sampled_from(KEYS),
    st.sampled_from(RANKINGS),
)
def test_as_many_rows_are_behind_a_number_as_it_says(
    mart: FilledMart,
    shop: Shop,
    *drawn: Any,
) -> None:
    figure, unit, split, key, ranking = drawn
    mart.fill(shop.events)
    check_points(mart, shop.questions[0], figure, unit, split)
    check_sample(mart, shop.questions[1], key)
    check_rows(mart, shop.questions[2], ranking)


def shop_of_an_hour() -> list[dict[str, object]]:
    """Return two sessions with four events each, three of them at the same instant, and one order."""
    noon = at("2026-03-02 12:00")
    rows = []
    for client, start in (("c1", noon), ("c2", noon + 600 * SECOND)):
        rows += [
            event(start, client_id=client, channel="email", page_url="https://shop/a", page_path="/a"),
            event(start, "click", client_id=client),
            event(start, client_id=client, page_path="/b"),
            event(start + 20 * SECOND, "product_view", client_id=client, page_path="/p", context_product_id="p1"),
        ]
    bought = {"order_id": "o1", "order_total": 10, "order_currency": "EUR", "items": [item("p1", "10")]}
    return [*rows, event(noon + 630 * SECOND, "checkout_complete", client_id="c2", **bought)]


def test_events_at_the_same_instant_are_distinguished(mart: FilledMart) -> None:
    stored = mart.fill(shop_of_an_hour())
    question = make_question({"page_path": ("/b",)})
    rows = explained(mart, "overview", question, Part("page_views")).rows
    assert rows is not None
    lines = [row["raw_line"] for row in stored if row["page_path"] == "/b"]
    assert [row.line for row in rows.sample] == lines[::-1]
    assert [row.values[rows.columns.index("page_path")] for row in rows.sample] == ["/b", "/b"]


def test_a_row_of_a_ranking_is_narrowed_to_its_value(mart: FilledMart) -> None:
    mart.fill([*shop_of_an_hour(), event(at("2026-03-02 09:00"), client_id="c3", channel="direct")])
    question = make_question(options={"by": "channel"})
    assert explained(mart, "acquisition", question).rows_behind["sessions"] == 3
    for value, count in (("email", 2), ("direct", 1), ("organic_search", 0)):
        rows = explained(mart, "acquisition", question, Part("sessions", value=value)).rows
        assert rows is not None
        assert (rows.table, rows.count, len(rows.sample)) == ("sessions", count, count)


def test_an_order_and_a_session_name_the_line_of_their_event(mart: FilledMart) -> None:
    stored = mart.fill(shop_of_an_hour())
    orders = explained(mart, "overview", make_question(), Part("revenue")).rows
    assert orders is not None
    assert [(row.values[1], row.line) for row in orders.sample] == [("o1", stored[-1]["raw_line"])]
    sessions = explained(mart, "overview", make_question(), Part("order_sessions")).rows
    assert sessions is not None
    first = next(row for row in stored if row["client_id"] == "c2")
    assert [row.line for row in sessions.sample] == [first["raw_line"]]


def test_the_sql_that_is_shown_gives_the_figure(mart: FilledMart) -> None:
    mart.fill(shop_of_an_hour())
    filters = {"channel": ("email", "it's"), "segment": ("sessions >= 1",)}
    question = make_question(filters, compare="previous", from_date=date(2026, 3, 1))
    found = explained(mart, "overview", question)
    purposes = [statement.purpose for statement in found.statements]
    assert purposes == ["answer", "comparison", "visitors", "visitors", "currency", "sample", "load"]
    with mart.reading() as cursor:
        for statement in sorted(found.statements[1:], key=lambda each: each.purpose != "visitors"):
            cursor.raw.execute(statement.script())
            cursor.raw.execute("deallocate explained") if statement.params and statement.purpose != "visitors" else None
        raw = cursor.raw.execute(found.statements[0].script())
        row = dict(zip([column[0] for column in raw.description or ()], raw.fetchall()[0], strict=True))
    figures = ask(mart, "overview", question).dicts()[0]
    for name in ("visitors", "sessions", "page_views", "events", "orders"):
        assert row[name] == figures[name] > 0


@pytest.mark.parametrize(
    ("metric", "options"),
    [("overview", {}), ("acquisition", {"by": "source"}), ("time_series", {"metric": "orders"}), ("funnel", {})],
)
def test_the_command_asks_the_same_question(mart: FilledMart, metric: str, options: dict[str, str]) -> None:
    mart.fill(shop_of_an_hour())
    filters = {} if metric == "funnel" else {"page_path": (r"/a\, b's*", "/*")}
    question = make_question(filters, options=options, limit=7, tz=ZoneInfo("Asia/Kathmandu"))
    words = shlex.split(explained(mart, metric, question).command)
    assert words[:3] == ["clickstream", "metric", metric]
    texts: dict[str, list[str]] = {}
    for name, value in zip(words[3::2], words[4::2], strict=True):
        key, text = value.split("=", 1) if name in ("--option", "--filter") else (name.removeprefix("--"), value)
        texts.setdefault(key, []).append(text)
    asked = question_from_text(metric, texts, datetime(2030, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
    assert ask(mart, metric, asked) == ask(mart, metric, question)


def test_a_bucket_that_does_not_exist_is_refused(mart: FilledMart) -> None:
    mart.fill(shop_of_an_hour())
    for metric in ("time_series", "overview"):
        with pytest.raises(QuestionError, match="at"):
            explained(mart, metric, make_question(), Part(at=at("2026-03-02 12:30")))


def test_a_metric_of_the_warehouse_shows_what_it_asked_there(mart: FilledMart) -> None:
    mart.fill(shop_of_an_hour())
    found = explained(mart, "health_freshness", make_question())
    assert [statement.purpose for statement in found.statements] == ["answer", "load"]
    with mart.warehouse.reading() as cursor:
        for statement in found.statements:
            assert cursor.raw.execute(statement.script()).fetchall()
    assert found.rows is None


def test_every_metric_can_be_explained(mart: FilledMart) -> None:
    mart.fill(shop_of_an_hour())
    records = Records(mart.warehouse, lambda *_: Ledger())
    for name in METRICS:
        options = {"visitor_id": "c1"} if name == "visitor_timeline" else {}
        question = make_question(compare="previous", options=options)
        found = explain(mart, records, name, question)
        assert found.statements[0].purpose == ("load" if name == "health_ledger" else "answer"), name
        assert found.rows_behind == ask(mart, name, question, records=records).meta["rows_behind"]
        if found.rows is not None:
            assert len(found.rows.sample) == min(found.rows.count, SAMPLE_ROWS), name
        assert decode(encode(found), type=Explanation) == found


@pytest.mark.parametrize("figure", ["events", "sessions", "revenue", "refunds"])
def test_postgres_has_the_same_rows(mart: FilledMart, cluster: Cluster, tmp_path: Path, figure: str) -> None:
    noon = at("2026-03-02 12:00")
    rows = [
        *shop_of_an_hour(),
        event(noon, "click", client_id=None),
        event(noon, "order_refunded", order_id="o1", order_total=Decimal(4), order_currency="EUR"),
    ]
    mart.fill(rows)
    expected = explained(mart, "overview", make_question(), Part(figure)).rows
    with empty_warehouse(tmp_path, cluster) as warehouse:
        fill(warehouse, rows)
        found = explain(mart, Records(warehouse), "overview", make_question(), Part(figure)).rows
    assert found == expected
    assert found is not None
    assert found.sample
