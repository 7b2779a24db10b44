"""The quick reading and the careful one give the same rows, or the quick one reports a doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.etl.parse import Parser, Reading

ROWS = "select * exclude (is_doubtful) from parsed order by rowid"


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    opened = Parser(tmp_path_factory.mktemp("stage"), "USD")
    yield opened
    opened.close()


def read(parser: Parser, lines: Sequence[bytes], reading: Reading) -> list[Any] | None:
    """The rows, or None where the reading fails or doubts."""
    parser.file.write_bytes(b"".join(line + b"\n" for line in lines))
    if parser.read_as(reading) != (len(lines), False):
        return None
    return parser.connection.execute(ROWS).fetchall()


SURE = [
    pytest.param({}, id="nothing else"),
    pytest.param({"userId": "u", "pageUrl": "https://shop.example/?a={x}"}, id="texts"),
    pytest.param({"userId": 17, "eventId": 1.5, "createdAt": 1_773_144_000_000, "clientId": -0.0}, id="numbers"),
    pytest.param({"userId": "", "product": {"id": ""}, "country": None, "element": None}, id="empty and null"),
    pytest.param({"pageTitle": "[Sale] 20 % off", "userId": "{name}"}, id="brackets that are not JSON"),
    pytest.param({"userId": "null", "createdAt": "null", "sentAt": "soon"}, id="words"),
    pytest.param({"userId": 'quo"te\\ \n\t☃', "pageTitle": "\ufffd"}, id="escapes"),
    pytest.param({"product": {"id": 1, "price": "10", "discountPrice": "x", "unknown": {"a": [1]}}}, id="product"),
    pytest.param({"product": {"price": True, "currency": [1]}, "createdAt": {}, "sentAt": 1e12}, id="wrong in either"),
    pytest.param({"order": {"id": 7, "total": "12,5", "currency": "€", "items": [{"id": 1}]}}, id="order"),
    pytest.param({"order": {"items": "x"}, "element": {"dataset": 5, "text": "t"}}, id="blocks in blocks"),
    pytest.param(
        {"userId": "ä" * 501, "clientId": "x" * 1001, "order": {"id": "1" * 1001}}, id="ids that are too long"
    ),
    pytest.param({"properties": "x", "isFirstVisit": "1"}, id="wrong JSON fields"),
    pytest.param({"_ingest": {"userAgent": None, "requestId": "r", "receivedAt": "x"}}, id="facts of the request"),
]
DOUBTED = [
    pytest.param({"userId": True}, id="boolean"),
    pytest.param({"userId": "true"}, id="the word true"),
    pytest.param({"userId": {"a": 1}}, id="object"),
    pytest.param({"userId": "[1]"}, id="text that is JSON"),
    pytest.param({"eventName": "404"}, id="number as name"),
    pytest.param({"eventName": 404}, id="name that is a number"),
    pytest.param({"eventId": 1e16}, id="number with an exponent"),
    pytest.param({"product": "laptop"}, id="text as product"),
    pytest.param({"product": {"id": False}}, id="boolean as product id"),
    pytest.param({"_ingest": [1]}, id="list as facts"),
]


@pytest.mark.parametrize("fields", SURE)
def test_ordinary_values_are_read_quickly_and_give_the_same_rows(parser: Parser, fields: dict[str, Any]) -> None:
    lines = [json.dumps({"eventName": "x", **fields}).encode()]
    quick = read(parser, lines, Reading.QUICK)
    assert quick is not None
    assert quick == read(parser, lines, Reading.CAREFUL)


@pytest.mark.parametrize("fields", DOUBTED)
def test_values_whose_type_is_lost_are_doubtful(parser: Parser, fields: dict[str, Any]) -> None:
    lines = [json.dumps({"eventName": "x", **fields}).encode()]
    assert read(parser, lines, Reading.QUICK) is None
    assert read(parser, lines, Reading.CAREFUL) is not None


TEXT = st.text(max_size=12) | st.sampled_from(["true", "null", "{", "[]", "{}", '"', "1e5", "-0", "2026-03-10", " x "])
NUMBER = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | TEXT | NUMBER
ANY = PLAIN | st.booleans() | st.lists(PLAIN, max_size=2) | st.dictionaries(TEXT, PLAIN, max_size=2)
VALUE = st.one_of(PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, ANY)
TEXT_FIELDS = (
    "eventName eventId createdAt sentAt pageUrl pageTitle referrer userId userLoginState identitySource clientId "
    "sessionId country isFirstVisit user_id created_at is_first_visit"
)
BLOCK_FIELDS = {
    "product": "id name category brand price discountPrice urlPath currency discount_price url_path other",
    "element": "tag id role text dataset",
    "order": "id total currency items discount tax coupon paymentMethod refundId refund_id",
    "search": "term results other",
    "_ingest": "receivedAt sentAt userAgent country sourceIp requestId",
}


def some(names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names.split()), VALUE, max_size=5)


EVENTS = st.builds(
    lambda fields, blocks, more: {"eventName": "x", **fields, **blocks, **more},
    some(TEXT_FIELDS),
    st.fixed_dictionaries({}, optional={name: some(fields) | VALUE for name, fields in BLOCK_FIELDS.items()}),
    st.fixed_dictionaries({}, optional={"properties": ANY, "_erased": ANY, "unknown": ANY}),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_the_quick_reading_gives_the_rows_of_the_careful_one(parser: Parser, events: list[dict[str, Any]]) -> None:
    assert_read_the_same(parser, events)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_the_quick_reading_gives_the_rows_of_the_careful_one_in_many_more_examples(
    parser: Parser, events: list[dict[str, Any]]
) -> None:
    assert_read_the_same(parser, events)


def assert_read_the_same(parser: Parser, events: list[dict[str, Any]]) -> None:
    lines = [json.dumps(event).replace("\\u0000", "\\ufffd").encode() for event in events]
    quick = read(parser, lines, Reading.QUICK)
    if quick is not None:
        assert quick == read(parser, lines, Reading.CAREFUL)
