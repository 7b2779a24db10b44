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


def ids_of(pipeline: Pipeline, events: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
    """Load the event of each value; return its ids and what was wrong with them."""
    found = pipeline.load_each(events, f"{', '.join(COLUMNS.values())}, field_errors")
    return {value: list(row.values()) for value, row in found.items()}


@pytest.mark.parametrize("is_careful", [False, True], ids=["quick", "careful"])
def test_a_placeholder_is_not_an_id(pipeline: Pipeline, is_careful: bool) -> None:
    """A boolean as title makes the parser read the lines carefully."""
    title = True if is_careful else "x"
    errors = "userId,clientId,sessionId,product.id,order.id"
    errors = f"pageTitle,{errors}" if is_careful else errors
    found = ids_of(pipeline, {value: event_with_ids(f" {value}\t", pageTitle=title) for value in PLACEHOLDER_IDS})
    assert found == {value: [*[None] * len(COLUMNS), errors] for value in PLACEHOLDER_IDS}


def test_anonymous_ids_identify_no_user_client_or_session(pipeline: Pipeline) -> None:
    values = [text for text in (*ANONYMOUS_IDS, "Anonymous", "TRUE", "GUEST", 0, -1) if text not in ("true", "false")]
    found = ids_of(pipeline, {repr(value): event_with_ids(value) for value in values})
    errors = "userId,clientId,sessionId"
    assert found == {repr(value): [None, None, None, str(value), str(value), errors] for value in values}


def test_a_boolean_as_text_identifies_no_user_client_or_session(pipeline: Pipeline) -> None:
    """The quick reading cannot distinguish it from a boolean, so the lines are read carefully."""
    values = ("true", "false")
    found = ids_of(pipeline, {value: event_with_ids(value) for value in values})
    assert found == {value: [None, None, None, value, value, "userId,clientId,sessionId"] for value in values}


def test_other_texts_are_ids(pipeline: Pipeline) -> None:
    values = ("Nil", "nulls", "undefined-1", "NONE", "00", "1", "guests", "Ann", "никто")
    found = ids_of(pipeline, {value: event_with_ids(f"\u00a0 {value}\n") for value in values})
    assert found == {value: [*[value] * len(COLUMNS), None] for value in values}


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
