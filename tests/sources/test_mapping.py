"""Mappings turn rows into events; a wrong mapping is an error that lists all its problems."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from clickstream.errors import SourceError
from clickstream.sources.mapping import Mapping
from clickstream.sources.mapping_file import find_mapping, parse_mapping

NOW = datetime(2026, 11, 30, tzinfo=UTC)
BASE = 'eventName = "{name}"\ncreatedAt = "{at}"\n'


def mapping(event: str, rest: str = "") -> Mapping:
    return parse_mapping(f"[event]\n{BASE}{event}\n{rest}", "mine")


def event(made_by: Mapping, **cells: str) -> dict[str, Any]:
    row = {"name": "page_view", "at": "2026-01-02T03:04:05Z", **cells}
    return made_by.bind(list(row), "mine.csv", NOW).make(list(row.values()), 1)


@pytest.mark.parametrize(
    ("line", "cell", "expected"),
    [
        pytest.param('pageTitle = "{x}"', "Tea", "Tea", id="a_cell"),
        pytest.param('pageTitle = "a {x} b"', "Tea", "a Tea b", id="text_around_a_cell"),
        pytest.param('pageTitle = "{x}-{x}"', "Tea", "Tea-Tea", id="two_columns"),
        pytest.param('pageTitle = "{{{x}}}"', "Tea", "{Tea}", id="doubled_braces_are_braces"),
        pytest.param('pageTitle = "a {x} b"', "", None, id="an_empty_cell_leaves_the_field_out"),
        pytest.param('pageTitle = "plain"', "", "plain", id="a_constant_needs_no_cell"),
        pytest.param("isFirstVisit = true", "", True, id="a_constant_that_is_not_text"),
        pytest.param('country = { lookup = "t", key = "{x}" }', "29", "PL", id="a_known_key"),
        pytest.param('country = { lookup = "t", key = "{x}" }', "12", None, id="an_unknown_key_leaves_the_field_out"),
        pytest.param('"product.price" = { number = "{x}" }', "28", 28, id="a_whole_number"),
        pytest.param('product.price = { number = " {x}" }', "12.30", Decimal("12.30"), id="an_exact_number"),
        pytest.param('product.price = "{x}"', "99,90", Decimal("99.90"), id="a_price_is_a_number"),
        pytest.param(
            'product.price = { number = "{x}", decimal = "," }', "12.500", 12500, id="a_number_with_separators"
        ),
        pytest.param('order.discount = "{x}"', "€ 5", 5, id="a_discount_is_a_number"),
        pytest.param('search.term = "{x}"', "red shoes", "red shoes", id="a_search_term"),
        pytest.param('properties.anything = "{x}"', "Tea", "Tea", id="a_property"),
        pytest.param('createdAt = "{x}"', "1767323045000", "2026-01-02T03:04:05Z", id="epoch_milliseconds"),
        pytest.param('createdAt = "{x}"', "2026-01-02 03:04:05.5", "2026-01-02T03:04:05.500000Z", id="iso_with_blank"),
        pytest.param('createdAt = "{x}"', "2026-01-02T03:04+02:00", "2026-01-02T01:04:00Z", id="iso_with_offset"),
        pytest.param(
            'createdAt = { time = "{x}", zone = "Europe/Berlin" }',
            "2026-07-02T03:04",
            "2026-07-02T01:04:00Z",
            id="zone",
        ),
        pytest.param(
            'createdAt = { time = "{x}", format = "%d.%m.%Y %H:%M" }',
            "2.1.2026 3:04",
            "2026-01-02T03:04:00Z",
            id="format",
        ),
        pytest.param(
            'createdAt = { date = "2008-4-{x}", start = "10:00", step_s = 30, sequence = "{x}" }',
            "3",
            "2008-04-03T10:01:30Z",
            id="a_day_and_steps",
        ),
        pytest.param(
            'eventId = { uuid5 = "s:{x}" }',
            "7",
            str(uuid5(uuid5(NAMESPACE_URL, "urn:clickstream:event"), "s:7")),
            id="a_derived_id",
        ),
    ],
)
def test_a_value_is_made_from_the_cells(line: str, cell: str, expected: object) -> None:
    base = 'eventName = "n"\n' + ("" if line.startswith("createdAt") else 'createdAt = "2026-01-01"\n')
    made_by = parse_mapping(f'[event]\n{base}{line}\n[tables.t]\n29 = "PL"', "mine")
    made: dict[str, Any] = made_by.bind(["x"], "mine.csv", NOW).make([cell], 1)
    group, _, name = line.split(" =", maxsplit=1)[0].strip('"').rpartition(".")
    assert (made.get(group, {}) if group else made).get(name) == expected


def test_a_field_without_a_value_leaves_its_object_out() -> None:
    assert "product" not in event(mapping('product.id = "{x}"'), x="")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            {"price": "12.500"},
            'product.price: \'12.500\' may be 12.500 or 12500: set decimal = "." or decimal = "," in the mapping',
        ),
        ({"price": "nan"}, "product.price: expected a number such as 1234.50 or 1.234,50, got 'nan'"),
        (
            {"at": "yesterday"},
            "createdAt: expected ISO 8601, or epoch seconds (10 digits), milliseconds (13) or microseconds (16), "
            "got 'yesterday'",
        ),
        ({"at": "9999999999999"}, "createdAt: expected a time from 2000 until now, got 2286-11-20T17:46:39.999000Z"),
        ({"at": "1999-12-31"}, "createdAt: expected a time from 2000 until now, got 1999-12-31T00:00:00Z"),
        ({"at": "2026-11-30T00:06Z"}, "createdAt: expected a time from 2000 until now, got 2026-11-30T00:06:00Z"),
        ({"at": ""}, "no value for createdAt"),
        ({"at": "", "name": ""}, "no value for eventName and createdAt"),
    ],
    ids=["ambiguous", "nan", "not_a_time", "far_future", "before_2000", "in_6_minutes", "empty_time", "empty_row"],
)
def test_a_row_that_cannot_be_used_has_a_reason(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        event(mapping('product.price = { number = "{price}" }'), **{"price": "1", **cells})


def test_a_row_with_too_few_cells_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected 2 cells, got 1"):
        mapping("").bind(["name", "at"], "mine.csv", NOW).make(["page_view"], 1)


def test_a_derived_event_id_is_the_same_on_every_run_and_differs_for_equal_rows() -> None:
    maker, row = mapping("").bind(["name", "at"], "mine.csv", NOW), ["page_view", "2026-01-01"]
    assert maker.make(row, 1)["eventId"] == maker.make(row, 1)["eventId"] != maker.make(row, 2)["eventId"]


@pytest.mark.parametrize("cell", ["undefined", "[object Object]", "00000000-0000-0000-0000-000000000000", " null "])
def test_a_placeholder_is_not_an_event_id(cell: str) -> None:
    maker = mapping('eventId = "{id}"').bind(["name", "at", "id"], "mine.csv", NOW)
    ids = [maker.make(["page_view", "2026-01-01", cell], position)["eventId"] for position in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]
    assert cell not in ids


def test_all_problems_of_a_mapping_are_listed_at_once() -> None:
    text = """
    surprise = 1
    [file]
    delimiter = "||"
    [event]
    evenName = "x"
    sentAt = "{at}"
    pageUrl = "{url"
    pageTitle = { number = "{n}", lookup = "t", key = "{k}" }
    country = { lookup = "nowhere", key = "{k}" }
    product.colour = "{c}"
    product.price = { number = 5 }
    order.total = { count = "{n}" }
    referrer = [1]
    [tables]
    t = 5
    """
    with pytest.raises(SourceError) as caught:
        parse_mapping(text, "wrong")
    assert caught.value.why.split("; ") == [
        "unknown table [surprise] (expected [file], [where], [event], [group], [tables])",
        "[tables.t] must be a table",
        "[file] delimiter: expected one character, got '||'",
        "[event] needs eventName",
        "[event] needs createdAt",
        "evenName is not a field of an event (did you mean eventName?)",
        "sentAt: the importer sets it when it sends the event",
        "pageUrl: '{url': write a column as {name}, and a brace as two braces",
        "pageTitle: expected one of number, lookup, uuid5, time, date, got number, lookup, key",
        "country: [tables.nowhere] does not exist",
        "product.colour is not a field of an event (put other names under properties)",
        "product.price: Expected `str`, got `int` - at `$.number`",
        "order.total: expected one of number, lookup, uuid5, time, date, got count",
        "referrer: expected text, a number, true, false or a table, got list",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{ time = "{x}", zone = "Mars/Base" }', "createdAt: 'No time zone found with key Mars/Base'"),
        ('{ date = "{x}", start = "25:00" }', "createdAt: hour must be in 0..23"),
        ('{ time = "{x}", zoom = 1 }', "createdAt: Object contains unknown field `zoom`"),
    ],
    ids=["zone", "start", "field"],
)
def test_an_invalid_time_value_is_an_error_before_any_row(line: str, why: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_mapping(f'[event]\neventName = "n"\ncreatedAt = {line}', "wrong")
    assert caught.value.why.startswith(why.replace("'", ""))


def test_all_missing_columns_are_listed_with_the_columns_of_the_file() -> None:
    event = 'pageUrl = "{url}"\npageTitle = "{twice}"\nreferrer = "{url}"'
    with pytest.raises(SourceError) as caught:
        mapping(event).bind(["name", "url2", "twice", "twice"], "mine.csv", NOW)
    assert (
        caught.value.why
        == "no column 'at' for createdAt; no column 'url' for pageUrl, referrer; 2 columns 'twice' for pageTitle"
    )
    assert "name, url2, twice, twice" in caught.value.advice


def test_text_that_is_not_toml_is_an_error() -> None:
    with pytest.raises(SourceError, match="it is not valid TOML"):
        parse_mapping("[event", "wrong")


def test_a_mapping_is_found_by_its_shipped_name_or_its_path(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(f"[event]\n{BASE}")
    assert (find_mapping("eshop-2008").name, find_mapping(str(path)).name) == ("eshop-2008", "shop")
    with pytest.raises(SourceError) as caught:
        find_mapping(str(tmp_path / "none.toml"))
    assert "No such file" in caught.value.why
    assert "eshop-2008" in caught.value.advice


def test_country_codes_of_the_sample_are_iso_codes() -> None:
    table = find_mapping("eshop-2008").tables["country"]
    assert len(table) == len(set(table.values())) == 47 - 6
    assert not {"12", "43", "44", "45", "46", "47"} & table.keys()
    assert json.dumps(sorted(table.values())[:3]) == '["AE", "AT", "AU"]'
