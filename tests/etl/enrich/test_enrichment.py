"""The enrichers over real chunks: which columns they fill, for which events, independent of the other events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import uuid_utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.errors import SettingsError
from clickstream.etl.chunk import RawObject
from clickstream.etl.enrich import enrichment
from clickstream.etl.enrich.enrichment import EnrichmentConfig
from clickstream.etl.parse import Parser
from clickstream.raw.keys import batch_key, parse_key
from tests.etl.enrich.geo_file import write_geo_file

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
CURL = "curl/8.5.0"
Rows = list[dict[str, Any]]
Parse = Callable[..., Rows]
ENRICHED = (
    "page_url page_path referrer country device_type browser os bot_score bot_reasons is_bot source medium campaign "
    "channel referrer_domain field_errors"
)


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    opened = Parser(tmp_path_factory.mktemp("stage"), "USD")
    yield opened
    opened.close()


def parse(parser: Parser, events: Sequence[dict[str, Any]], columns: str = ENRICHED) -> Rows:
    """The rows of `events`, in their order."""
    found = parse_key(batch_key(UUID(int=uuid_utils.uuid7().int), len(events)))
    assert found is not None
    content = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    parser.parse([RawObject(found, NOW, content, is_cut=False)])
    return table(parser, f"select {', '.join(columns.split())} from events order by row_number")


def table(parser: Parser, sql: str) -> Rows:
    result = parser.connection.execute(sql)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def event(agent: Any = CHROME, **fields: Any) -> dict[str, Any]:
    ingest = {"receivedAt": NOW.isoformat(), "requestId": "r-1", "userAgent": agent}
    return {"eventName": "page_view", **fields, "_ingest": ingest}


def test_all_columns_of_a_complete_event(parser: Parser) -> None:
    sent = event(
        pageUrl="https://shop.example/u/ann@mail.example/?email=x&gclid=7",
        referrer="https://www.google.com/?session=1",
        country="de",
    )
    assert parse(parser, [sent]) == [
        {
            "page_url": "https://shop.example/u/:email/?email=removed&gclid=7",
            "page_path": "/u/:email",
            "referrer": "https://www.google.com/?session=removed",
            "country": "DE",
            "device_type": "desktop",
            "browser": "Chrome",
            "os": "Linux",
            "bot_score": 0,
            "bot_reasons": None,
            "is_bot": False,
            "source": "google",
            "medium": "cpc",
            "campaign": None,
            "channel": "paid_search",
            "referrer_domain": "google.com",
            "field_errors": None,
        }
    ]


def test_event_without_inputs_has_no_enriched_values(parser: Parser) -> None:
    (row,) = parse(parser, [{"eventName": "x"}])
    assert row == dict.fromkeys(ENRICHED.split()) | {"is_bot": False}


def test_only_events_with_a_page_url_have_a_channel(parser: Parser) -> None:
    rows = parse(parser, [event(referrer="https://www.google.com/"), event(pageUrl="/p/1")], "referrer channel source")
    assert rows == [
        {"referrer": "https://www.google.com/", "channel": None, "source": None},
        {"referrer": None, "channel": "direct", "source": "(direct)"},
    ]


JUDGED = [
    pytest.param(event(CURL), (80, "http_library", True), id="a library"),
    pytest.param(event(None), (60, "no_user_agent", True), id="no user agent"),
    pytest.param(event(""), (60, "no_user_agent", True), id="empty user agent"),
    pytest.param(event(CURL, eventName="order_confirmed"), (None, None, False), id="order by the shop's server"),
    pytest.param(event(CURL, identitySource="server"), (None, None, False), id="sent by a server"),
    pytest.param(event(CURL, identitySource="import"), (None, None, False), id="imported"),
    pytest.param(event(CURL, properties={"sample": "s"}), (None, None, False), id="sample"),
    pytest.param(event("clickstream-import/1.0"), (None, None, False), id="our importer"),
    pytest.param({"eventName": "x", "_ingest": {}}, (None, None, False), id="not from a collector"),
    pytest.param(event(5), (60, "short_user_agent", True), id="a number"),
    pytest.param(event(CHROME + "x" * 5_000 + "HeadlessChrome"), (0, None, False), id="read up to 1,024 characters"),
]


@pytest.mark.parametrize(("sent", "judged"), JUDGED)
def test_which_events_get_a_bot_score(parser: Parser, sent: dict[str, Any], judged: tuple[Any, ...]) -> None:
    (row,) = parse(parser, [sent], "bot_score bot_reasons is_bot")
    assert tuple(row.values()) == judged


CURRENCIES = [
    pytest.param("eur", "EUR", None, id="in capitals"),
    pytest.param(None, "USD", None, id="none: that of the settings"),
    pytest.param("", "USD", None, id="empty: that of the settings"),
    pytest.param("€", None, "order.currency", id="not a code"),
    pytest.param(978, None, "order.currency", id="number"),
    pytest.param(["EUR"], None, "order.currency", id="wrong type"),
]


@pytest.mark.parametrize(("sent", "stored", "error"), CURRENCIES)
def test_currency_is_a_code_or_that_of_the_settings(
    parser: Parser, sent: Any, stored: str | None, error: str | None
) -> None:
    order = {"id": "o", "total": 5, "currency": sent}
    (row,) = parse(parser, [event(order=order)], "order_currency field_errors")
    assert row == {"order_currency": stored, "field_errors": error}


def order(items: Any, name: str = "checkout_complete", order_id: Any = "o-1") -> dict[str, Any]:
    return event(eventName=name, order={"id": order_id, "items": items})


LINES = "select * exclude (row_number) from order_lines order by row_number, line_number"
FULL_ITEM = {"id": "p1", "name": "Laptop", "category": "laptops", "brand": "b", "price": "9.99", "quantity": 2}
NO_LINE = dict.fromkeys(("product_id", "product_name", "product_category", "product_brand", "price", "quantity"))


def test_items_become_order_lines(parser: Parser) -> None:
    sent = [event(), order([FULL_ITEM, {"id": 7}], order_id=17), order([FULL_ITEM], "order_confirmed")]
    assert [row["field_errors"] for row in parse(parser, sent)] == [None, None, None]
    rows = parser.connection.execute("from order_lines order by row_number, line_number").fetchall()
    full = ("p1", "Laptop", "laptops", "b", "9.9900", "2.0000")
    assert [tuple(map(str, row[2:])) for row in rows] == [full, ("7", *["None"] * 4, "1.0000"), full]
    assert [row[:2] for row in rows] == [(1, 1), (1, 2), (2, 1)]


WRONG_ITEMS = [
    pytest.param([{"id": {}, "price": 1}], {"price": 1, "quantity": 1}, id="id"),
    pytest.param([{"id": "p", "price": "1,5"}], {"product_id": "p", "quantity": 1}, id="price"),
    pytest.param([{"id": "p", "quantity": "two"}], {"product_id": "p"}, id="quantity, without the default of 1"),
]


@pytest.mark.parametrize(("items", "line"), WRONG_ITEMS)
def test_wrong_value_of_an_item_is_null_and_a_field_error(parser: Parser, items: Any, line: dict[str, Any]) -> None:
    assert parse(parser, [order(items)], "field_errors") == [{"field_errors": "order.items"}]
    assert table(parser, LINES) == [{"line_number": 1, **NO_LINE, **line}]


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        pytest.param(["p1", FULL_ITEM, None, [1]], [2], id="items that are not objects"),
        pytest.param([{"id": 1}] * 1_001, list(range(1, 1_001)), id="more than 1,000"),
    ],
)
def test_item_that_is_not_stored_is_a_field_error(parser: Parser, items: Any, lines: list[int]) -> None:
    assert parse(parser, [order(items)], "field_errors") == [{"field_errors": "order.items"}]
    assert [row["line_number"] for row in table(parser, LINES)] == lines


@pytest.mark.parametrize(
    "sent",
    [order([FULL_ITEM], "page_view"), order([FULL_ITEM], order_id=None), order([]), order(None)],
    ids=["another event", "no order id", "no items", "null"],
)
def test_event_without_order_or_items_has_no_order_lines(parser: Parser, sent: dict[str, Any]) -> None:
    assert parse(parser, [sent], "field_errors") == [{"field_errors": None}]
    assert table(parser, LINES) == []


def test_settings_reach_their_enrichers(tmp_path: Path) -> None:
    write_geo_file(tmp_path / "geo.mmdb", {"192.0.2.0/24": "FR"})
    parser = Parser(tmp_path, "USD", EnrichmentConfig(("sister.example",), ("vip",), tmp_path / "geo.mmdb"))
    sent = event(pageUrl="https://shop.example/?vip=1", referrer="https://www.sister.example/")
    sent["_ingest"]["sourceIp"] = "192.0.2.0"
    (row,) = parse(parser, [sent], "page_url channel country")
    assert row == {"page_url": "https://shop.example/?vip=removed", "channel": "direct", "country": "FR"}
    assert parser.versions.keys() == {"enrichment", "sources", "ua-parser-builtins", "crawlerdetect", "geoip"}
    parser.close()


def test_missing_geo_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Parser(tmp_path, "USD", EnrichmentConfig(geoip_file=tmp_path / "missing.mmdb"))


ANY_TEXT = st.text(max_size=20).filter(lambda text: "\0" not in text)
ANY_EVENT = st.builds(
    event,
    st.sampled_from([CHROME, CURL, None, ""]) | ANY_TEXT,
    pageUrl=st.sampled_from([None, "https://shop.example/p/1?utm_source=a", "/u/a@b.example"]) | ANY_TEXT,
    referrer=st.sampled_from([None, "https://www.google.com/", "https://shop.example/"]) | ANY_TEXT,
    country=st.sampled_from([None, "de", "XX", "Germany", 5, {}]) | ANY_TEXT,
)


quick = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVENTS = st.lists(ANY_EVENT, min_size=2, max_size=12)
RANDOM = st.randoms(use_true_random=False)


@settings(quick, max_examples=3)
@given(EVENTS, RANDOM)
def test_other_events_and_their_order_do_not_change_a_row(
    parser: Parser, events: list[dict[str, Any]], random: Random
) -> None:
    assert_same_rows_in_any_order(parser, events, random)


@pytest.mark.slow
@settings(quick, max_examples=60, derandomize=False)
@given(EVENTS, RANDOM)
def test_other_events_and_their_order_do_not_change_a_row_of_many(
    parser: Parser, events: list[dict[str, Any]], random: Random
) -> None:
    assert_same_rows_in_any_order(parser, events, random)


def assert_same_rows_in_any_order(parser: Parser, events: list[dict[str, Any]], random: Random) -> None:
    together = parse(parser, events)
    assert together[:1] == parse(parser, events[:1])
    order = list(range(len(events)))
    random.shuffle(order)
    assert parse(parser, [events[index] for index in order]) == [together[index] for index in order]


def test_known_values_stay_bounded(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrichment, "MAX_KNOWN", 50)
    for chunk in range(3):
        urls = [f"/p/{chunk}-{number}" for number in range(40)]
        rows = parse(parser, [event(pageUrl=url) for url in urls], "page_path")
        assert [row["page_path"] for row in rows] == urls
    (known,) = table(parser, "select count(*) as count from known_page")
    assert known["count"] <= 50 + 40


def test_campaign_of_a_landing_before_consent_is_read_from_properties(parser: Parser) -> None:
    landing = {"utm_source": "News & more", "utm_medium": "email", "utm_campaign": 7, "utm_term": "x"}
    rows = parse(
        parser,
        [
            event(pageUrl="https://shop.example/p/1", properties=landing),
            event(pageUrl="https://shop.example/p/1?utm_source=x&utm_medium=affiliate", properties=landing),
            event(pageUrl="https://shop.example/p/1", properties={"utm_source": {"a": 1}}),
            event(pageUrl="https://shop.example/p/1", properties=["utm_source"]),
            event(properties=landing),
        ],
        "source medium campaign channel",
    )
    assert [tuple(row.values()) for row in rows] == [
        ("news & more", "email", "7", "email"),
        ("x", "affiliate", None, "affiliates"),
        ("(direct)", "(none)", None, "direct"),
        ("(direct)", "(none)", None, "direct"),
        (None, None, None, None),
    ]
