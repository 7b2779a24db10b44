"""The `_ingest` block: the country that a proxy names, how much of the address is stored, opting out."""

from __future__ import annotations

import json

import pytest

from clickstream.collect.envelope import Envelope
from clickstream.collect.request import IngestConfig, Request, ingest_block, raw_lines
from clickstream.settings import IpMode

WITH_COUNTRY = IngestConfig(country_header=b"cf-ipcountry")


def request(headers: dict[bytes, bytes]) -> Request:
    return Request("POST", "/clickstream", headers, "198.51.100.7", 0, "r")


@pytest.mark.parametrize(
    ("value", "country"),
    [
        pytest.param(b"DE", "DE", id="two letters"),
        pytest.param(b" pl ", "PL", id="lower case, with blanks"),
        pytest.param(b"XX", None, id="unknown (Cloudflare)"),
        pytest.param(b"ZZ", None, id="unknown (App Engine)"),
        pytest.param(b"T1", None, id="Tor"),
        pytest.param(b"Germany", None, id="a name"),
        pytest.param(b"\xc3\x84", None, id="not letters"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_country_is_stored_if_the_header_names_one(value: bytes, country: str | None) -> None:
    block = ingest_block(request({b"cf-ipcountry": value}), WITH_COUNTRY)
    assert block.get("country") == country
    assert ("country" in block) == (country is not None)


def test_no_country_is_stored_without_the_setting_or_the_header() -> None:
    assert "country" not in ingest_block(request({b"cf-ipcountry": b"DE"}), IngestConfig())
    assert "country" not in ingest_block(request({}), WITH_COUNTRY)


@pytest.mark.parametrize(
    ("mode", "ip", "stored"),
    [
        ("truncate", "198.51.100.7", "198.51.100.0"),
        ("truncate", "2001:db8:1:2::3", "2001:db8:1::"),
        ("truncate", "::ffff:198.51.100.7", "198.51.100.0"),
        ("full", "198.51.100.7", "198.51.100.7"),
        ("drop", "198.51.100.7", None),
    ],
)
def test_setting_decides_how_much_of_the_address_is_stored(mode: IpMode, ip: str, stored: str | None) -> None:
    assert ingest_block(Request("POST", "/clickstream", {}, ip, 0, "r"), IngestConfig(mode))["sourceIp"] == stored


PERSONAL = {
    "eventName": "x",
    "userAgent": "Mozilla/5.0",
    "userId": "u",
    "clientId": "c",
    "sessionId": "s",
    "pageUrl": "/p",
}


@pytest.mark.parametrize("header", [b"sec-gpc", b"dnt"])
def test_event_of_a_visitor_who_opted_out_has_no_personal_data_if_the_setting_respects_it(header: bytes) -> None:
    anonymous = request({header: b"1", b"user-agent": b"Browser/1"})
    (line,) = raw_lines(anonymous, Envelope([dict(PERSONAL)], []), IngestConfig(opt_out="anonymous"))
    event = json.loads(line)
    assert (event["_ingest"]["sourceIp"], event["_ingest"]["userAgent"], event["_ingest"]["optOut"]) == (
        None,
        None,
        True,
    )
    del event["_ingest"]
    assert event == {"eventName": "x", "pageUrl": "/p"}
    (line,) = raw_lines(anonymous, Envelope([dict(PERSONAL)], []), IngestConfig())
    assert json.loads(line).items() > PERSONAL.items(), "the default ignores it"
