"""Who may send events: CORS, write keys, rates, and addresses behind proxies."""

from __future__ import annotations

import json
from ipaddress import ip_network

import pytest

from clickstream.collect import admission as module
from clickstream.collect.admission import Admission, AdmissionConfig
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, running

GOOD = {"eventName": "page_view"}
KEYS = (b"first-key-0123456789", b"second-key-012345678")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/clickstream", {"X_Write_Key": KEYS[0].decode()}, 200, id="key in the header"),
        pytest.param("/clickstream", {"X_Write_Key": KEYS[1].decode()}, 200, id="the other key"),
        pytest.param(f"/clickstream?a=1&writeKey={KEYS[0].decode()}", {}, 200, id="key in the query"),
        pytest.param("/clickstream", {}, 401, id="no key"),
        pytest.param("/clickstream", {"X_Write_Key": "first-key"}, 401, id="part of a key"),
        pytest.param("/clickstream?writeKey=", {}, 401, id="empty key"),
    ],
)
def test_post_needs_one_of_the_write_keys(store: LocalStore, path: str, headers: dict[str, str], status: int) -> None:
    with running(store, admission=AdmissionConfig(write_keys=KEYS)) as client:
        response = client.send(GOOD, path=path, **headers)
        assert response.status == status
        assert response.body.get("error") == (None if status == 200 else "invalid_write_key")
        assert client.send(b"", "GET", "/health").status == 200, "only events need a key"
        assert len(client.stored()) == (status == 200)
        assert all(KEYS[0].decode() not in json.dumps(event) for event in client.stored())


def test_request_over_the_rate_is_429_with_retry_after(store: LocalStore) -> None:
    with running(store, admission=AdmissionConfig(rate_limit=0.5)) as client:
        assert [client.send(GOOD).status for _ in range(6)] == [200] * 6
        # While a request takes its time, some of the rate is regained: on a slow machine the limit comes later.
        refused = next(response for _ in range(1_000) if (response := client.send(GOOD)).status != 200)
        assert (refused.status, refused.body["error"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "2"


def test_rates_are_counted_per_address_in_a_table_of_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ADDRESSES", 500)
    admission = Admission(AdmissionConfig(rate_limit=1.0))
    assert [admission.check("1.2.3.4", {}, b"", 0.0) for _ in range(11)] == [None] * 11
    assert admission.check("1.2.3.4", {}, b"", 0.0) is not None
    assert admission.check("1.2.3.5", {}, b"", 0.0) is None
    assert admission.check("1.2.3.4", {}, b"", 2.0) is None, "it waited"
    assert [admission.check(f"2001:db8::{n:x}", {}, b"", 0.0) for n in range(11)] == [None] * 11
    assert admission.check("2001:db8::ffff", {}, b"", 0.0) is not None, "a /64 is one sender"
    for number in range(510):
        admission.check(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", {}, b"", 3.0)
    assert len(admission._busy_until) == 500


NO_PROXY = AdmissionConfig()
PROXIES = AdmissionConfig(trusted_proxies=(ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")))


@pytest.mark.parametrize(
    ("config", "peer", "forwarded", "sender"),
    [
        pytest.param(NO_PROXY, "127.0.0.1", b"9.9.9.9", "127.0.0.1", id="no proxy is trusted"),
        pytest.param(PROXIES, "8.8.8.8", b"9.9.9.9", "8.8.8.8", id="the peer is not trusted"),
        pytest.param(PROXIES, "127.0.0.1", b"9.9.9.9", "9.9.9.9", id="one proxy"),
        pytest.param(PROXIES, "127.0.0.1", b"6.6.6.6, 9.9.9.9, 10.1.2.3", "9.9.9.9", id="two proxies, forged entry"),
        pytest.param(PROXIES, "127.0.0.1", b"9.9.9.9:4711", "9.9.9.9", id="with a port"),
        pytest.param(PROXIES, "127.0.0.1", b"[2001:db8::1]:80", "2001:db8::1", id="IPv6"),
        pytest.param(PROXIES, "127.0.0.1", b"9.9.9.9, nonsense", "127.0.0.1", id="not an address"),
        pytest.param(PROXIES, "127.0.0.1", b"10.0.0.1", "10.0.0.1", id="only proxies"),
        pytest.param(PROXIES, None, b"9.9.9.9", None, id="no peer"),
    ],
)
def test_forwarded_address_is_used_only_from_trusted_proxies(
    config: AdmissionConfig, peer: str | None, forwarded: bytes, sender: str | None
) -> None:
    assert Admission(config).sender(peer, [(b"x-forwarded-for", forwarded)]) == sender


def test_addresses_of_two_forwarded_headers_are_read_as_one_list() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6, 9.9.9.9"), (b"x-forwarded-for", b"10.1.2.3")]
    assert Admission(PROXIES).sender("127.0.0.1", headers) == "9.9.9.9"


def test_cors_is_an_allow_list_without_credentials(collector: Client) -> None:
    allowed = collector.send(b"", "OPTIONS", Origin="https://shop.example")
    assert allowed.status == 204
    assert "content-length" not in allowed.headers
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert allowed.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in allowed.headers
    other = collector.send(GOOD, Origin="https://evil.example")
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == "origin"


def test_origin_is_allowed_in_every_spelling_of_the_same_host(store: LocalStore) -> None:
    spellings = {
        "https://shop.example": True,
        "https://shop.example:443": True,
        "HTTPS://Shop.Example": True,
        "https://xn--bcher-kva.example": True,
        "http://shop.example": False,
        "https://shop.example:8443": False,
        "https://shop.example.evil.example": False,
        "null": False,
    }
    with running(store, origins=("https://shop.example/", "https://bücher.example")) as client:
        for origin, is_allowed in spellings.items():
            headers = client.send(GOOD, Origin=origin).headers
            assert (headers.get("access-control-allow-origin") == origin) is is_allowed, origin


def test_star_allows_every_origin_and_the_preflight_lists_the_headers(store: LocalStore) -> None:
    with running(store, origins=("*",)) as client:
        preflight = client.send(b"", "OPTIONS", Origin="https://any.example")
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert preflight.headers["access-control-allow-methods"] == "POST"
        assert "x-write-key" in preflight.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in preflight.headers
        refused = client.send(b"broken", Origin="https://any.example")
        assert refused.headers["access-control-expose-headers"] == "retry-after"
