"""Hosts and origins: one form for settings, requests, pages and referrers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.hosts import is_loopback, normal_host, normal_origin, read_host, read_origin


@pytest.mark.parametrize(
    ("text", "host"),
    [
        pytest.param("shop.example", "shop.example", id="plain"),
        pytest.param(" Shop.EXAMPLE ", "shop.example", id="case and spaces"),
        pytest.param("shop.example.", "shop.example", id="trailing dot"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="umlaut"),
        pytest.param("BÜCHER.example", "xn--bcher-kva.example", id="capital umlaut"),
        pytest.param("bu\u0308cher.example", "xn--bcher-kva.example", id="combining character"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="punycode"),
        pytest.param("XN--BCHER-KVA.example", "xn--bcher-kva.example", id="capital punycode"),
        pytest.param("straße.example", "xn--strae-oqa.example", id="sharp s, as browsers since 2017"),
        pytest.param("日本語。example", "xn--wgv71a119e.example", id="ideographic full stop"),
        pytest.param("https://sister.example/", "sister.example", id="url"),
        pytest.param("https://me@sister.example:8443/a?b#c", "sister.example", id="url with everything"),
        pytest.param("Partner.Example:8080", "partner.example", id="port"),
        pytest.param("*.wild.example", "wild.example", id="wildcard"),
        pytest.param("my_service", "my_service", id="underscore"),
        pytest.param("localhost", "localhost", id="localhost"),
        pytest.param("10.0.0.1:80", "10.0.0.1", id="IPv4"),
        pytest.param("[2001:DB8:0::1]:80", "[2001:db8::1]", id="IPv6"),
        pytest.param("xn--n3h.example", "xn--n3h.example", id="encoded emoji, which IDNA 2008 does not know"),
    ],
)
def test_host_is_read_into_its_normal_form(text: str, host: str) -> None:
    assert read_host(text) == host
    assert normal_host(host) == host


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no host"),
        ("https://", "no host"),
        ("*", "not a host name"),
        ("a..example", "not a host name"),
        ("-a.example", "not a host name"),
        ("shop example", "not a host name"),
        ("shop.example:http", "not a port"),
        (f"{'a' * 64}.example", "not a host name"),
        ("☃.example", "not allowed"),
        ("[::g]", "does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_invalid_host_is_rejected_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_host(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        pytest.param("https://shop.example", "https://shop.example", id="plain"),
        pytest.param("https://www.bücher.example", "https://www.xn--bcher-kva.example", id="umlaut"),
        pytest.param("HTTPS://Shop.Example", "https://shop.example", id="case"),
        pytest.param("https://shop.example:443", "https://shop.example", id="default port"),
        pytest.param("http://shop.example:443", "http://shop.example:443", id="other port"),
        pytest.param("http://shop.example:80/", "http://shop.example", id="trailing slash"),
        pytest.param("https://shop.example.", "https://shop.example", id="trailing dot"),
        pytest.param("http://[0:0::1]:3000", "http://[::1]:3000", id="IPv6"),
        pytest.param("capacitor://localhost", "capacitor://localhost", id="app"),
        pytest.param("null", "null", id="opaque"),
    ],
)
def test_origin_is_read_into_its_normal_form(text: str, origin: str) -> None:
    assert read_origin(text) == origin == normal_origin(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("shop.example", "no scheme"),
        ("shop.example:443", "no scheme"),
        ("https://shop.example/path", "no path"),
        ("https://shop.example?q", "no path"),
        ("https://me@shop.example", "no user"),
        ("https://*.shop.example", "wildcards"),
        ("https://shop.example:99999", "not a port"),
        ("https://", "no host"),
        ("ht tp://shop.example", "not a scheme"),
    ],
)
def test_invalid_origin_is_rejected_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_origin(text)


@given(st.text())
def test_text_of_a_client_never_raises_and_its_form_is_stable(text: str) -> None:
    assert normal_host(normal_host(text)) == normal_host(text)
    assert normal_origin(normal_origin(text)) == normal_origin(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("192.0.2.2", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_recognised_without_a_name_server(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
