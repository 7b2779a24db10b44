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

BAD_LINES = {
    "not JSON": (b"not json", "invalid_json"),
    "cut off": (b'{"eventName": "x"', "invalid_json"),
    "not UTF-8": (b'{"eventName": "\xff\xfe"}', "invalid_encoding"),
    "a number": (b"5", "not_an_object"),
    "a string": (b'"eventName"', "not_an_object"),
    "an array": (b'[{"eventName": "x"}]', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "no name": (b"{}", "missing_name"),
    "null name": (b'{"eventName": null}', "missing_name"),
    "blank name": (b'{"eventName": "  "}', "invalid_name"),
    "number as name": (b'{"eventName": 7}', "invalid_name"),
    "name of 10,000 characters": (b'{"eventName": "' + b"n" * 10_000 + b'"}', "invalid_name"),
}


def test_bad_line_is_kept_with_its_reason_and_its_neighbours_load(pipeline: Pipeline) -> None:
    lines = [each for line, _ in BAD_LINES.values() for each in (GOOD, line)]
    key = pipeline.put_batch([*lines, GOOD])
    pipeline.load()
    bad = pipeline.rows("select object, line, reason, original from bad_rows order by line")
    assert bad == [(key, 2 * n, reason, line) for n, (line, reason) in enumerate(BAD_LINES.values(), 1)]
    assert [row["raw_line"] for row in pipeline.events()] == list(range(1, len(lines) + 2, 2))
    assert pipeline.totals() == {"accepted": len(lines) + 1, "loaded": len(bad) + 1, "bad": len(bad)}


def test_bad_single_event_is_one_bad_row(pipeline: Pipeline) -> None:
    keys = {pipeline.put_event(line): case for case, (line, _) in BAD_LINES.items()}
    pipeline.put_event(GOOD)
    pipeline.load()
    bad = pipeline.rows("select object, line, reason, original from bad_rows")
    assert len(bad) == len(keys)
    assert {keys[row[0]]: row[1:] for row in bad} == {
        case: (1, reason, line) for case, (line, reason) in BAD_LINES.items()
    }
    assert pipeline.totals() == {"accepted": len(keys) + 1, "loaded": 1, "bad": len(keys)}


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


SNAKE_CASES = {  # name -> its column, and the value there
    **{name: (name, "1") for name in SNAKE_CASE if name.endswith(("_url", "_title", "_state", "_source"))},
    **{name: (name, "1") for name in ("user_id", "client_id", "session_id")},
    "is_first_visit": ("is_first_visit", True),
    "event_id": ("source_event_id", "1"),
    "created_at": ("created_at", NOW),
    "sent_at": ("sent_at", NOW),
}


@pytest.mark.parametrize(
    "neighbour", [GOOD, b"bad", {"eventName": "y", "userId": True}], ids=["good", "bad", "doubted"]
)
def test_snake_case_beside_camel_case_is_read_whatever_the_other_lines_are(pipeline: Pipeline, neighbour: Any) -> None:
    lines = [
        {"eventName": "x", name: 1_773_144_000 if stored == NOW else 1} for name, (_, stored) in SNAKE_CASES.items()
    ]
    pipeline.put_batch([*lines, neighbour])
    pipeline.load()
    rows = dict(zip(SNAKE_CASES, pipeline.events(), strict=False))
    found = {name: (row[SNAKE_CASES[name][0]], row["field_errors"]) for name, row in rows.items()}
    assert found == {name: (stored, None) for name, (_, stored) in SNAKE_CASES.items()}


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


TEXTS = {
    "string": ("x", "x", None),
    "number": (12345, "12345", None),
    "empty": ("", None, None),
    "null": (None, None, None),
    "escapes": ('quo"te\\', 'quo"te\\', None),
    "other scripts": ("snow ☃ 😀", "snow ☃ 😀", None),
    "the word null is not an id": ("null", None, "userId"),
}
OTHER_TYPES = {  # a load with one of these is read carefully
    "boolean": (True, None, "userId"),
    "object": ({"a": 1}, None, "userId"),
    "array": ([1], None, "userId"),
}


@pytest.mark.parametrize("cases", [TEXTS, OTHER_TYPES], ids=["texts", "other types"])
def test_values_of_text_fields(pipeline: Pipeline, cases: dict[str, tuple[Any, ...]]) -> None:
    events = {case: {"eventName": "x", "userId": sent} for case, (sent, _, _) in cases.items()}
    found = pipeline.load_each(events, "user_id, field_errors")
    assert found == {case: {"user_id": stored, "field_errors": error} for case, (_, stored, error) in cases.items()}


def test_the_word_null_is_a_text_where_no_id_is_expected(pipeline: Pipeline) -> None:
    pipeline.put_batch([{"eventName": "x", "pageTitle": "null"}])
    pipeline.load()
    assert pipeline.one("page_title, field_errors") == {"page_title": "null", "field_errors": None}


PRICES = {
    "number": (19.99, "19.99", None),
    "text": ("19.99", "19.99", None),
    "comma": ("12,50", None, "product.price"),
    "exponent": ("1e3", "1000", None),
    "14 and 4 digits": ("12345678901234.5678", "12345678901234.5678", None),
    "15 digits": ("123456789012345", None, "product.price"),
    "half rounds up": ("0.00005", "0.0001", None),
    "half rounds away from zero": ("-0.00005", "-0.0001", None),
    "blank before": (" 5", None, "product.price"),
    "underscore": ("1_000", None, "product.price"),
    "NaN": ("NaN", None, "product.price"),
    "empty": ("", None, None),
    "boolean": (False, None, "product.price"),
    "with currency": ("EUR 5", None, "product.price"),
}


def test_values_of_prices(pipeline: Pipeline) -> None:
    events = {case: {"eventName": "x", "product": {"id": 1, "price": sent}} for case, (sent, _, _) in PRICES.items()}
    found = pipeline.load_each(events, "context_product_id, context_product_price, field_errors")
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: ("1", None if stored is None else Decimal(stored), error) for case, (_, stored, error) in PRICES.items()
    }


BOOLEANS = {
    "true": (True, True, None),
    "text true": ("true", True, None),
    "1": (1, True, None),
    "0": (0, False, None),
    "text false": ("false", False, None),
    "yes": ("yes", None, "isFirstVisit"),
    "2": (2, None, "isFirstVisit"),
    "null": (None, None, None),
}


def test_values_of_booleans(pipeline: Pipeline) -> None:
    events = {case: {"eventName": "x", "isFirstVisit": sent} for case, (sent, _, _) in BOOLEANS.items()}
    found = pipeline.load_each(events, "is_first_visit, field_errors")
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: (stored, error) for case, (_, stored, error) in BOOLEANS.items()
    }


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


EVENT_IDS = {
    "UUID in capitals": (UUID_TEXT, UUID(UUID_TEXT), None),
    "other text": ("order-17", derived_event_id("order-17"), "order-17"),
    "number": (17, derived_event_id("17"), "17"),
    "braces": ("{" + UUID_TEXT + "}", derived_event_id("{" + UUID_TEXT + "}"), "{" + UUID_TEXT + "}"),
    "other script": ("ключ", derived_event_id("ключ"), "ключ"),
}


def test_event_ids_that_are_not_uuids_are_derived(pipeline: Pipeline) -> None:
    events = {case: {"eventName": "x", "eventId": sent} for case, (sent, _, _) in EVENT_IDS.items()}
    found = pipeline.load_each(events, "event_id, source_event_id")
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: (event_id, source) for case, (_, event_id, source) in EVENT_IDS.items()
    }


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
