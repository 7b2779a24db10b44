"""Placeholders are not ids: they never merge strangers, and blanks around an id do not make another one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clickstream.errors import QuestionError
from clickstream.etl.erasure.person import Person
from clickstream.event import ANONYMOUS_IDS, NIL_UUID, PLACEHOLDER_IDS
from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
COLUMNS = {
    "userId": "user_id",
    "clientId": "client_id",
    "sessionId": "session_id",
    "order.id": "order_id",
    "product.id": "context_product_id",
}


def event_with_ids(value: Any, **more: Any) -> dict[str, Any]:
    ids = {"userId": value, "clientId": value, "sessionId": value, "order": {"id": value}, "product": {"id": value}}
    return received(NOW, **ids, **more)


def load_one(pipeline: Pipeline, event: dict[str, Any]) -> dict[str, Any]:
    pipeline.put_batch([event])
    pipeline.load()
    return pipeline.one()


@pytest.mark.parametrize("is_careful", [False, True], ids=["quick", "careful"])
@pytest.mark.parametrize("value", sorted(PLACEHOLDER_IDS))
def test_a_placeholder_is_not_an_id(pipeline: Pipeline, value: str, is_careful: bool) -> None:
    """A boolean as title makes the parser read the line carefully."""
    row = load_one(pipeline, event_with_ids(f" {value}\t", pageTitle=True if is_careful else "x"))
    assert [row[column] for column in COLUMNS.values()] == [None] * len(COLUMNS)
    title = ["pageTitle"] if is_careful else []
    assert sorted(row["field_errors"].split(",")) == sorted([*COLUMNS, *title])


@pytest.mark.parametrize("value", [*sorted(ANONYMOUS_IDS), "Anonymous", "TRUE", "GUEST", 0, -1])
def test_anonymous_ids_identify_no_user_client_or_session(pipeline: Pipeline, value: Any) -> None:
    row = load_one(pipeline, event_with_ids(value))
    assert [row[column] for column in COLUMNS.values()] == [None, None, None, str(value), str(value)]
    assert row["field_errors"] == "userId,clientId,sessionId"


@pytest.mark.parametrize("value", ["Nil", "nulls", "undefined-1", "NONE", "00", "1", "guests", "Ann", "никто"])
def test_other_texts_are_ids(pipeline: Pipeline, value: str) -> None:
    row = load_one(pipeline, event_with_ids(f"\u00a0 {value}\n"))
    assert [row[column] for column in COLUMNS.values()] == [value] * len(COLUMNS)
    assert row["field_errors"] is None


def test_eleven_browsers_with_placeholder_ids_are_eleven_visitors(pipeline: Pipeline) -> None:
    users = ["undefined"] * 3 + ["null"] * 2 + ["[object Object]"] * 2
    ids = [NIL_UUID] * 2 + ["undefined"] * 2
    events = [{"userId": user, "eventId": f"e{n}"} for n, user in enumerate(users)] + [
        {"eventId": each} for each in ids
    ]
    pipeline.put_batch(received(NOW, clientId=f"browser {n}", **event) for n, event in enumerate(events))
    pipeline.load()
    assert pipeline.rows("select count(*), count(distinct coalesce(user_id, client_id)) from clickstream_events") == [
        (11, 11)
    ]
    assert pipeline.totals() == {"accepted": 11, "loaded": 11}


def test_a_placeholder_event_id_is_replaced_by_one_from_the_position(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, eventId=" undefined ")] * 2)
    pipeline.load()
    rows = pipeline.events("event_id, source_event_id, field_errors")
    assert len({row["event_id"] for row in rows}) == 2
    assert {(row["source_event_id"], row["field_errors"]) for row in rows} == {(None, "eventId")}


@pytest.mark.parametrize("value", ["undefined", " null ", "Guest", NIL_UUID])
def test_a_placeholder_cannot_be_forgotten(value: str) -> None:
    """Unreadable lines are searched for the word itself, and many contain `undefined`."""
    with pytest.raises(QuestionError, match="placeholder"):
        Person("user", value)
