"""What becomes of every kind of content: a row, a row with field errors, or a bad row. Never nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from clickstream.event import SNAKE_CASE, derived_event_id
from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them; test_staged_rows.py tests the way to PostgreSQL
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

GOOD = {"eventName": "good"}

BAD_LINES = [
    pytest.param(b"not json", "invalid_json", id="not JSON"),
    pytest.param(b'{"eventName": "x"', "invalid_json", id="cut off"),
    pytest.param(b'{"eventName": "\xff\xfe"}', "invalid_encoding", id="not UTF-8"),
    pytest.param(b"5", "not_an_object", id="a number"),
    pytest.param(b'"eventName"', "not_an_object", id="a string"),
    pytest.param(b'[{"eventName": "x"}]', "not_an_object", id="an array"),
    pytest.param(b"null", "not_an_object", id="null"),
    pytest.param(b"{}", "missing_name", id="no name"),
    pytest.param(b'{"eventName": null}', "missing_name", id="null name"),
    pytest.param(b'{"eventName": "  "}', "invalid_name", id="blank name"),
    pytest.param(b'{"eventName": 7}', "invalid_name", id="number as name"),
    pytest.param(b'{"eventName": "' + b"n" * 10_000 + b'"}', "invalid_name", id="name of 10,000 characters"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_bad_line_is_kept_with_its_reason_and_its_neighbours_load(pipeline: Pipeline, line: bytes, reason: str) -> None:
    key = pipeline.put_batch([GOOD, line, GOOD])
    pipeline.load()
    assert pipeline.rows("select object, line, reason, original from bad_rows") == [(key, 2, reason, line)]
    assert [row["raw_line"] for row in pipeline.events()] == [1, 3]
    assert pipeline.totals() == {"accepted": 3, "loaded": 2, "bad": 1}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_bad_single_event_is_one_bad_row(pipeline: Pipeline, line: bytes, reason: str) -> None:
    key = pipeline.put_event(line)
    pipeline.put_event(GOOD)
    pipeline.load()
    assert pipeline.rows("select object, line, reason, original from bad_rows") == [(key, 1, reason, line)]
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "bad": 1}


def test_truncated_batch_loads_its_readable_lines_and_the_rest_is_missing(pipeline: Pipeline) -> None:
    events = [{"eventName": "x", "eventId": f"e{n}", "properties": {"n": n * 7919 % 1000}} for n in range(50)]
    key = pipeline.put_batch(events)
    path = pipeline.root / key
    path.write_bytes(path.read_bytes()[:-60])
    pipeline.load()
    loaded = len(pipeline.events())
    assert 0 < loaded < 50
    bad = pipeline.rows("select line, reason, original is null from bad_rows order by line")
    assert [row[0] for row in bad] == list(range(loaded + 1, 51))
    assert {row[1] for row in bad} == {"missing"}
    assert pipeline.totals() == {"accepted": 50, "loaded": loaded, "bad": 50 - loaded}


@pytest.mark.parametrize("content", [b"", b"not gzip"], ids=["empty", "no gzip"])
def test_batch_without_any_content_is_all_missing(pipeline: Pipeline, content: bytes) -> None:
    key = pipeline.put_batch([GOOD, GOOD])
    (pipeline.root / key).write_bytes(content)
    pipeline.load()
    assert pipeline.rows("select line, reason from bad_rows order by line") == [(1, "missing"), (2, "missing")]
    assert pipeline.ledger().is_balanced


def test_empty_single_event_object_is_missing(pipeline: Pipeline) -> None:
    pipeline.put_event(b"")
    pipeline.load()
    assert pipeline.rows("select line, reason from bad_rows") == [(1, "missing")]
    assert pipeline.ledger().is_balanced


def test_object_that_holds_more_lines_than_its_name_says_does_not_balance(pipeline: Pipeline) -> None:
    pipeline.put_batch([GOOD, GOOD, GOOD], count=2)
    pipeline.load()
    assert len(pipeline.events()) == 3
    assert not pipeline.ledger().is_balanced


def test_blank_lines_do_not_count(pipeline: Pipeline) -> None:
    pipeline.put_batch([b"", GOOD, b"  \t", b"", b"bad", GOOD, b"\r"], count=3)
    pipeline.load()
    assert [row["raw_line"] for row in pipeline.events()] == [1, 3]
    assert pipeline.rows("select line, reason from bad_rows") == [(2, "invalid_json")]
    assert pipeline.ledger().is_balanced


def test_pretty_printed_event_without_ingest_block_is_one_event(pipeline: Pipeline) -> None:
    pipeline.put_event(json.dumps({"eventName": "x", "properties": {"a": [1, 2]}}, indent=4).encode() + b"\n\n")
    pipeline.load()
    row = pipeline.one()
    assert row["properties"] == '{"a":[1,2]}'
    assert row["received_at"] == row["event_timestamp"] == NOW
    assert row["event_timestamp_source"] == "received"


def test_snake_case_names_of_other_writers_are_read(pipeline: Pipeline) -> None:
    pipeline.put_batch([{"event_name": "x", "client_id": "c", "product": {"discount_price": 5}}, GOOD])
    pipeline.load()
    row = pipeline.events("event_name, client_id, context_product_discount_price")[0]
    assert row == {"event_name": "x", "client_id": "c", "context_product_discount_price": Decimal(5)}


@pytest.mark.parametrize(
    "neighbour", [GOOD, b"bad", {"eventName": "y", "userId": True}], ids=["good", "bad", "doubted"]
)
@pytest.mark.parametrize(
    ("sent", "column", "stored"),
    [
        *((name, name, "1") for name in SNAKE_CASE if name.endswith(("_url", "_title", "_state", "_source"))),
        *((name, name, "1") for name in ("user_id", "client_id", "session_id")),
        ("is_first_visit", "is_first_visit", True),
        ("event_id", "source_event_id", "1"),
        ("created_at", "created_at", NOW),
        ("sent_at", "sent_at", NOW),
    ],
)
def test_snake_case_beside_camel_case_is_read_whatever_the_other_lines_are(
    pipeline: Pipeline, neighbour: Any, sent: str, column: str, stored: Any
) -> None:
    value = 1_773_144_000 if stored == NOW else 1
    pipeline.put_batch([{"eventName": "x", sent: value}, neighbour])
    pipeline.load()
    rows = pipeline.rows(f"select {column}, field_errors from clickstream_events where raw_line = 1")
    assert rows == [(stored, None)]


@pytest.mark.parametrize("neighbour", [GOOD, b"bad"], ids=["good", "bad"])
def test_snake_case_in_a_product_is_read_and_camel_case_wins(pipeline: Pipeline, neighbour: Any) -> None:
    product = {"discount_price": 5, "url_path": "/snake", "urlPath": "/camel"}
    pipeline.put_batch([{"eventName": "x", "product": product, "userId": "camel", "user_id": "snake"}, neighbour])
    pipeline.load()
    rows = pipeline.rows(
        "select user_id, context_product_discount_price, context_product_url_path"
        " from clickstream_events where raw_line = 1"
    )
    assert rows == [("camel", Decimal(5), "/camel")]


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "line", [b'{"eventName": "x"}', b'{"eventName": "x", "userId": true}'], ids=["quick", "careful"]
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_byte_order_mark_before_an_object_is_ignored(pipeline: Pipeline, line: bytes, position: int) -> None:
    """Alone, before others and after them: DuckDB ignores it only at the start of a chunk."""
    lines = [BOM + line if number == position else line for number in range(3)]
    keys = [pipeline.put_event(content, ago_s=60 - number) for number, content in enumerate(lines)]
    keys.append(pipeline.put_batch([BOM + line, line]))
    pipeline.load()
    rows = pipeline.rows(
        "select raw_object, raw_line, event_name from clickstream_events order by raw_line, raw_object"
    )
    assert rows == [(keys[3], 1, "x"), *[(key, 1, "x") for key in keys[:3]], (keys[3], 2, "x")]
    assert pipeline.totals() == {"accepted": 5, "loaded": 5}


def test_bad_line_keeps_its_byte_order_mark(pipeline: Pipeline) -> None:
    pipeline.put_batch([BOM + b"bad", BOM + BOM + b"{}"])
    pipeline.load()
    bad = pipeline.rows("select reason, original from bad_rows order by line")
    assert bad == [("invalid_json", BOM + b"bad"), ("invalid_json", BOM + BOM + b"{}")]


def test_last_of_two_equal_keys_wins(pipeline: Pipeline) -> None:
    pipeline.put_event(b'{"eventName": "first", "eventName": "last"}')
    pipeline.load()
    assert pipeline.one("event_name") == {"event_name": "last"}


def test_nul_characters_become_the_replacement_character(pipeline: Pipeline) -> None:
    pipeline.put_event(b'{"eventName": "a\\u0000b", "userId": "u\\u0000"}')
    pipeline.load()
    assert pipeline.one("event_name, user_id") == {"event_name": "a�b", "user_id": "u�"}


TEXTS = [
    pytest.param("x", "x", None, id="string"),
    pytest.param(12345, "12345", None, id="number"),
    pytest.param("", None, None, id="empty"),
    pytest.param(None, None, None, id="null"),
    pytest.param(True, None, "userId", id="boolean"),
    pytest.param({"a": 1}, None, "userId", id="object"),
    pytest.param([1], None, "userId", id="array"),
    pytest.param('quo"te\\', 'quo"te\\', None, id="escapes"),
    pytest.param("snow ☃ 😀", "snow ☃ 😀", None, id="other scripts"),
    pytest.param("null", None, "userId", id="the word null is not an id"),
]


@pytest.mark.parametrize(("sent", "stored", "error"), TEXTS)
def test_values_of_text_fields(pipeline: Pipeline, sent: Any, stored: str | None, error: str | None) -> None:
    pipeline.put_batch([{"eventName": "x", "userId": sent}])
    pipeline.load()
    assert pipeline.one("user_id, field_errors") == {"user_id": stored, "field_errors": error}


def test_the_word_null_is_a_text_where_no_id_is_expected(pipeline: Pipeline) -> None:
    pipeline.put_batch([{"eventName": "x", "pageTitle": "null"}])
    pipeline.load()
    assert pipeline.one("page_title, field_errors") == {"page_title": "null", "field_errors": None}


PRICES = [
    pytest.param(19.99, "19.99", None, id="number"),
    pytest.param("19.99", "19.99", None, id="text"),
    pytest.param("12,50", None, "product.price", id="comma"),
    pytest.param("1e3", "1000", None, id="exponent"),
    pytest.param("12345678901234.5678", "12345678901234.5678", None, id="14 and 4 digits"),
    pytest.param("123456789012345", None, "product.price", id="15 digits"),
    pytest.param("0.00005", "0.0001", None, id="half rounds up"),
    pytest.param("-0.00005", "-0.0001", None, id="half rounds away from zero"),
    pytest.param(" 5", None, "product.price", id="blank before"),
    pytest.param("1_000", None, "product.price", id="underscore"),
    pytest.param("NaN", None, "product.price", id="NaN"),
    pytest.param("", None, None, id="empty"),
    pytest.param(False, None, "product.price", id="boolean"),
    pytest.param("EUR 5", None, "product.price", id="with currency"),
]


@pytest.mark.parametrize(("sent", "stored", "error"), PRICES)
def test_values_of_prices(pipeline: Pipeline, sent: Any, stored: str | None, error: str | None) -> None:
    pipeline.put_batch([{"eventName": "x", "product": {"id": 1, "price": sent}}])
    pipeline.load()
    row = pipeline.one("context_product_id, context_product_price, field_errors")
    assert row["context_product_id"] == "1"
    assert row["context_product_price"] == (None if stored is None else Decimal(stored))
    assert row["field_errors"] == error


@pytest.mark.parametrize(
    ("sent", "stored", "error"),
    [
        (True, True, None),
        ("true", True, None),
        (1, True, None),
        (0, False, None),
        ("false", False, None),
        ("yes", None, "isFirstVisit"),
        (2, None, "isFirstVisit"),
        (None, None, None),
    ],
)
def test_values_of_booleans(pipeline: Pipeline, sent: Any, stored: bool | None, error: str | None) -> None:
    pipeline.put_batch([{"eventName": "x", "isFirstVisit": sent}])
    pipeline.load()
    assert pipeline.one("is_first_visit, field_errors") == {"is_first_visit": stored, "field_errors": error}


def test_block_of_a_wrong_type_is_a_field_error_and_the_event_loads(pipeline: Pipeline) -> None:
    wrong = {"product": "laptop", "element": [1], "order": 5, "properties": "x", "country": {}}
    pipeline.put_batch([{"eventName": "x", **wrong}, GOOD])
    pipeline.load()
    assert pipeline.events("field_errors")[0] == {"field_errors": "country,product,element,order,properties"}
    assert pipeline.ledger().is_balanced


def test_line_nested_10000_deep_is_one_bad_row(pipeline: Pipeline) -> None:
    deep = b"[" * 10_000 + b"]" * 10_000
    pipeline.put_batch([GOOD, b'{"eventName": "x", "properties": ' + deep + b', "unknown": ' + deep + b"}", GOOD])
    pipeline.load()
    assert [row["field_errors"] for row in pipeline.events("field_errors, event_timestamp, raw_object, raw_line")] == [
        None,
        "properties",
        None,
    ]


def test_every_block_reaches_its_columns(pipeline: Pipeline) -> None:
    event = received(
        NOW,
        pageUrl="https://shop.example/p/1?utm_source=x#top",
        element={"tag": "a", "id": "buy", "role": "button", "text": "Buy", "dataset": {"k": "v"}},
        order={"id": 7, "total": "10.5", "currency": "EUR", "items": [{"id": "p1", "quantity": 2}]},
        userLoginState="guest",
        properties={"sample": "s"},
    )
    pipeline.put_batch([event])
    pipeline.load()
    row = pipeline.one()
    assert row["page_path"] == "/p/1"
    assert row["element_dataset"] == '{"k":"v"}'
    assert (row["order_id"], row["order_total"]) == ("7", Decimal("10.5"))
    assert row["order_items"] == '[{"id":"p1","quantity":2}]'
    assert row["user_login_state"] == "anonymous"
    assert row["is_sample"] is True
    assert row["field_errors"] is None


UUID_TEXT = "0193b1a0-0000-4000-8000-00000000000A"


@pytest.mark.parametrize(
    ("sent", "event_id", "source"),
    [
        pytest.param(UUID_TEXT, UUID(UUID_TEXT), None, id="UUID in capitals"),
        pytest.param("order-17", derived_event_id("order-17"), "order-17", id="other text"),
        pytest.param(17, derived_event_id("17"), "17", id="number"),
        pytest.param(
            "{" + UUID_TEXT + "}", derived_event_id("{" + UUID_TEXT + "}"), "{" + UUID_TEXT + "}", id="braces"
        ),
        pytest.param("ключ", derived_event_id("ключ"), "ключ", id="other script"),
    ],
)
def test_event_ids_that_are_not_uuids_are_derived(
    pipeline: Pipeline, sent: Any, event_id: UUID, source: str | None
) -> None:
    pipeline.put_batch([{"eventName": "x", "eventId": sent}])
    pipeline.load()
    assert pipeline.one("event_id, source_event_id") == {"event_id": event_id, "source_event_id": source}


@pytest.mark.parametrize("sent", [None, "", {"a": 1}])
def test_event_without_a_usable_id_gets_one_from_its_position(pipeline: Pipeline, sent: Any) -> None:
    key = pipeline.put_batch([GOOD | {"eventId": "first"}, {"eventName": "x", "eventId": sent}])
    pipeline.load()
    assert pipeline.events("event_id")[1]["event_id"] == derived_event_id(f"{key}:2")


def test_erased_lines_are_accounted_for(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([GOOD, {"_erased": "receipt-1"}, GOOD])
    pipeline.load()
    assert pipeline.rows("select object, line, receipt from erased") == [(key, 2, "receipt-1")]
    assert pipeline.totals() == {"accepted": 3, "loaded": 2, "erased": 1}


def test_price_without_currency_takes_that_of_the_settings(pipeline: Pipeline) -> None:
    pipeline.put_batch(
        [
            {"eventName": "a", "product": {"price": 5}, "order": {"total": 7}},
            {"eventName": "b", "product": {"price": 5, "currency": "EUR"}, "order": {"total": 7, "currency": "PLN"}},
            {"eventName": "c", "product": {"id": 1}, "order": {"id": 1}},
        ]
    )
    pipeline.load()
    rows = pipeline.events("product_currency, order_currency, event_timestamp, raw_object, raw_line")
    assert [(row["product_currency"], row["order_currency"]) for row in rows] == [
        ("USD", "USD"),
        ("EUR", "PLN"),
        (None, None),
    ]
    ((settings,),) = pipeline.rows("select settings from loads")
    assert json.loads(settings)["currency"] == "USD"


def test_line_too_long_for_the_reader_is_a_bad_row(pipeline: Pipeline) -> None:
    long = json.dumps({"eventName": "x", "properties": {"a": "x" * 40_000_000}}).encode()
    pipeline.put_batch([GOOD, long, GOOD])
    pipeline.load()
    assert pipeline.rows("select line, reason from bad_rows") == [(2, "too_large")]
    assert pipeline.totals() == {"accepted": 3, "loaded": 2, "bad": 1}
