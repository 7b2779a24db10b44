"""Answers as JSON, and what the mart contains: the span of data and the values of a dimension."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event

from clickstream.errors import QuestionError
from clickstream.etl.ledger import Ledger
from clickstream.metrics.catalog import METRICS, ask
from clickstream.metrics.contents import data_span, dimension_values, last_event_at
from clickstream.metrics.question import Answer, Column, Question, answer_json
from clickstream.metrics.records import Records

BERLIN = ZoneInfo("Europe/Berlin")
COUNTS = ("total_rows", "hidden_bot_events", "events_without_product")


def test_an_answer_is_written_as_plain_json() -> None:
    row = (
        3,
        Decimal("1.5000"),
        Decimal("0.500000"),
        0.25,
        None,
        "ü",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        datetime(2026, 3, 1, 13),  # noqa: DTZ001
        True,
    )
    types = ("int", "money", "decimal", "rate", "double", "text", "ts", "local", "bool")
    answer = Answer("any", tuple(Column(name, name) for name in types), [row], {"from": date(2026, 3, 1)})  # type: ignore[arg-type]
    assert json.loads(answer_json(answer)) == {
        "metric": "any",
        "columns": [{"name": name, "type": name} for name in types],
        "rows": [
            {"int": 3, "money": "1.5000", "decimal": "0.500000", "rate": 0.25, "double": None, "text": "ü"}
            | {"ts": "2026-03-01T12:00:00Z", "local": "2026-03-01T13:00:00", "bool": True}
        ],
        "meta": {"from": "2026-03-01"},
    }


KINDS = {"int": int, "money": Decimal, "decimal": Decimal, "rate": float, "double": float, "text": str, "bool": bool}


@pytest.mark.parametrize("metric", METRICS)
def test_values_have_the_type_of_their_column_and_counts_are_whole_numbers(mart: FilledMart, metric: str) -> None:
    lamp = {"context_product_id": "p1", "context_product_name": "Lamp", "session_key": "s1", "order_id": "o1"}
    moments = (at("2026-02-01 12:00"), at("2026-03-01 12:00"))
    names = ("product_view", "add_to_cart_click", "checkout_start", "order_confirmed")
    mart.fill([event(moment, name, **lamp) for moment in moments for name in names])
    options = {"visitor_id": "c1"} if metric == "visitor_timeline" else {}
    records = Records(mart.warehouse, lambda *_: Ledger())
    answer = ask(mart, metric, Question(at("2026-03-03 00:00"), BERLIN, options=options), records=records)
    for row in answer.rows:
        for column, value in zip(answer.columns, row, strict=True):
            assert value is None or column.type not in KINDS or type(value) is KINDS[column.type], column
    counts = {**answer.meta["rows_behind"], **{name: answer.meta[name] for name in COUNTS if name in answer.meta}}
    assert {name: type(count) for name, count in counts.items()} == dict.fromkeys(counts, int)


def test_the_data_span_of_an_empty_warehouse_is_none(mart: FilledMart) -> None:
    mart.fill([])
    assert data_span(mart, BERLIN) is None


def test_the_data_span_is_in_local_days_and_ignores_hidden_sample_rows(mart: FilledMart) -> None:
    old = event(at("2008-04-01 12:00"), is_sample=True, client_id="sample-1")
    mart.fill([old, event(at("2026-03-01 23:30")), event(at("2026-03-05 12:00"))])
    assert data_span(mart, BERLIN) == (date(2026, 3, 2), date(2026, 3, 5))
    assert data_span(mart, BERLIN, "include") == (date(2008, 4, 1), date(2026, 3, 5))
    assert data_span(mart, BERLIN, as_of=at("2026-03-03 00:00")) == (date(2026, 3, 2), date(2026, 3, 2))


def test_the_last_event_is_before_as_of_and_ignores_hidden_sample_rows_and_bots(mart: FilledMart) -> None:
    mart.fill([])
    question = Question(at("2026-03-02 00:00"), BERLIN, filters={"country": ("US",)})
    assert last_event_at(mart, question) is None
    moments = {hour: at(f"2026-03-01 {hour}:00") for hour in (10, 11, 12)}
    person, bot = event(moments[10]), event(moments[11], client_id="bot", is_bot=True)
    mart.fill([person, bot, event(moments[12], client_id="sample-1", is_sample=True), event(at("2026-03-02 12:00"))])
    people = replace(question, filters={"humans": ("true",)})
    assert last_event_at(mart, question) == moments[11]
    assert last_event_at(mart, people) == moments[10]
    assert last_event_at(mart, replace(question, filters={"sample": ("include",)})) == moments[12]


def test_dimension_values_have_their_number_of_events_and_ignore_filters(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-01 12:00"), country=name) for name in ("DE", "DE", "US", None)])
    march = Question(at("2026-04-01 00:00"), BERLIN, date(2026, 3, 1), date(2026, 4, 1), filters={"country": ("US",)})
    assert dimension_values(mart, "country", march) == [("DE", 4)]  # of the session: that of its first event
    assert dimension_values(mart, "event", march, limit=1) == [("page_view", 4)]
    with pytest.raises(QuestionError, match="not a dimension"):
        dimension_values(mart, "colour", march)
