"""The facts of a request: the country that a proxy names."""

from __future__ import annotations

import json

import pytest

from clickstream.collect.envelope import Envelope
from clickstream.collect.request import Notes, Request
from clickstream.settings import IpMode

NAMED = Notes(country_header=b"cf-ipcountry")


def request(headers: dict[bytes, bytes]) -> Request:
    return Request("POST", "/clickstream", headers, "198.51.100.7", 0, "r")


@pytest.mark.parametrize(
    ("value", "country"),
    [
        pytest.param(b"DE", "DE", id="two letters"),
        pytest.param(b" pl ", "PL", id="in capitals"),
        pytest.param(b"XX", None, id="unknown"),
        pytest.param(b"T1", None, id="Tor"),
        pytest.param(b"Germany", None, id="a name"),
        pytest.param(b"\xc3\x84", None, id="no letters"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_the_country_is_noted_when_the_header_names_one(value: bytes, country: str | None) -> None:
    block = NAMED.block(request({b"cf-ipcountry": value}))
    assert block.get("country") == country
    assert ("country" in block) == (country is not None)


def test_nothing_is_noted_without_the_setting_or_the_header() -> None:
    assert "country" not in Notes().block(request({b"cf-ipcountry": b"DE"}))
    assert "country" not in NAMED.block(request({}))


@pytest.mark.parametrize(
    ("mode", "ip", "kept"),
    [
        ("truncate", "198.51.100.7", "198.51.100.0"),
        ("truncate", "2001:db8:1:2::3", "2001:db8:1::"),
        ("truncate", "::ffff:198.51.100.7", "198.51.100.0"),
        ("full", "198.51.100.7", "198.51.100.7"),
        ("drop", "198.51.100.7", None),
    ],
)
def test_only_so_much_of_the_address_is_noted_as_was_chosen(mode: IpMode, ip: str, kept: str | None) -> None:
    assert Notes(mode).block(Request("POST", "/clickstream", {}, ip, 0, "r"))["sourceIp"] == kept


PERSONAL = {"eventName": "x", "userId": "u", "clientId": "c", "sessionId": "s", "pageUrl": "/p"}


@pytest.mark.parametrize("header", [b"sec-gpc", b"dnt"])
def test_who_opted_out_leaves_no_trace_of_a_person_when_that_is_heard(header: bytes) -> None:
    asked = request({header: b"1", b"user-agent": b"Browser/1"})
    (line,) = Notes(opt_out="anonymous").lines(asked, Envelope([dict(PERSONAL)], []))
    event = json.loads(line)
    assert (event["_ingest"]["sourceIp"], event["_ingest"]["userAgent"], event["_ingest"]["optOut"]) == (
        None,
        None,
        True,
    )
    del event["_ingest"]
    assert event == {"eventName": "x", "pageUrl": "/p"}
    (line,) = Notes().lines(asked, Envelope([dict(PERSONAL)], []))
    assert json.loads(line).items() > PERSONAL.items(), "the default does not hear it"
