"""The owner accepts only loopback host names, its token, and WebSockets from its own pages."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from clickstream.local.owner.file import Owner
from clickstream.settings import read_settings
from tests.conftest import Clock
from tests.local.conftest import owning

ENDLESS = "select count(*) from range(100000000) a, range(100000) b"


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """Run one owner for all tests here, none of which changes anything."""
    with owning(read_settings(tmp_path_factory.mktemp("owner")), Clock()) as me:
        yield me


def call(
    owner: Owner, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and JSON body of a request with the owner's token, or with `headers` instead."""
    sent = {"Authorization": f"Bearer {owner.token}"} if headers is None else headers
    data = json.dumps(body).encode() if body is not None else None
    response = urllib3.request(method, owner.url + path, body=data, headers=sent, retries=False, redirect=False)
    return response.status, json.loads(response.data or b"{}")


def test_a_request_with_the_token_is_served(owner: Owner) -> None:
    status, body = call(owner, "POST", "/api/query", {"sql": "select 41 + 1 as answer"})
    assert (status, body["success"], body["result"]["rows"]) == (200, True, [[42]])
    status, body = call(owner, "GET", "/api/status")
    assert body["result"] == {"pid": os.getpid(), "warehouse": owner.warehouse, "events": 0, "etl": {"passes": 0}}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic secret-of-the-tests"},
        {"Authorization": "Bearer sécret"},
        {"X-Token": "secret-of-the-tests"},
    ],
    ids=["missing", "wrong", "empty", "basic", "not_ascii", "elsewhere"],
)
@pytest.mark.parametrize("path", ["/api/query", "/api/status", "/api/nothing", "/api"])
def test_every_path_below_api_requires_the_token(owner: Owner, path: str, headers: dict[str, str]) -> None:
    status, body = call(owner, "POST", path, {"sql": "select 1"}, headers)
    assert (status, body["success"], body["error"]) == (401, False, "invalid_token")
    assert sorted(body) == ["error", "message", "success"]


@pytest.mark.parametrize("path", ["/api/status", "/sbw_dashboard/", "/health", "/"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:3838", "127.0.0.1.evil.example", "", "a:b:c"])
def test_a_host_name_other_than_loopback_is_refused_on_every_path(owner: Owner, path: str, host: str) -> None:
    status, body = call(owner, "GET", path, headers={"Host": host, "Authorization": f"Bearer {owner.token}"})
    assert (status, body["error"]) == (403, "forbidden_host")


def test_the_api_requires_its_own_port_in_host_but_the_dashboard_may_be_forwarded(owner: Owner) -> None:
    headers = {"Host": "localhost:9999", "Authorization": f"Bearer {owner.token}"}
    assert call(owner, "GET", "/api/status", headers=headers)[1]["error"] == "forbidden_host"
    assert call(owner, "GET", "/health", headers=headers) == (200, {"status": "ok"})


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_every_name_of_loopback_is_accepted(owner: Owner, name: str) -> None:
    port = owner.url.rpartition(":")[2]
    headers = {"Host": f"{name}:{port}", "Authorization": f"Bearer {owner.token}"}
    assert call(owner, "GET", "/api/status", headers=headers)[0] == 200


@pytest.mark.parametrize(
    ("origin", "status_line"),
    [
        ("http://evil.example", b"403"),
        ("null", b"403"),
        ("http://127.0.0.1:1", b"403"),
        ("SELF", b"101"),
        (None, b"101"),
    ],
    ids=["another_site", "no_site", "another_port", "itself", "no_browser"],
)
def test_a_websocket_must_come_from_a_page_of_the_same_host(
    owner: Owner, origin: str | None, status_line: bytes
) -> None:
    host = owner.url.removeprefix("http://")
    key = base64.b64encode(b"0123456789abcdef").decode()
    lines = [
        "GET /sbw_dashboard/websocket/ HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    if origin is not None:
        lines.append(f"Origin: {owner.url if origin == 'SELF' else origin}")
    with socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(4096).split(b" ")[1] == status_line


def test_the_root_redirects_to_the_dashboard(owner: Owner) -> None:
    response = urllib3.request("GET", owner.url + "/", retries=False, redirect=False)
    assert (response.status, response.headers["Location"]) == (307, "/sbw_dashboard/")
    assert b"<html" in urllib3.request("GET", owner.url + "/sbw_dashboard/").data


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/query", {"sql": "select 1; select 2"}, 400, "invalid_query"),
        ("/api/query", {"sql": ENDLESS, "time_s": 0.2}, 400, "query_timeout"),
        ("/api/query", {}, 400, "invalid_request"),
        ("/api/query", {"sql": "select 1", "surprise": 1}, 400, "invalid_request"),
        ("/api/query", [], 400, "invalid_request"),
        ("/api/metric", {"name": "nothing"}, 400, "unknown_metric"),
        ("/api/metric", {"name": "overview", "options": {"from": "soon"}}, 400, "invalid_range"),
        ("/api/check", {"since": "soon"}, 400, "invalid_request"),
        ("/api/nothing", {}, 404, "not_found"),
        ("/api/status", {}, 405, "method_not_allowed"),
    ],
)  # fmt: skip
def test_every_error_has_the_same_shape(owner: Owner, path: str, body: object, status: int, code: str) -> None:
    received, error = call(owner, "POST", path, body)
    assert (received, error["success"], error["error"]) == (status, False, code)
    assert isinstance(error["message"], str)
    assert error.keys() <= {"success", "error", "message", "advice", "fields"}


def test_an_error_names_the_metric_that_was_probably_meant(owner: Owner) -> None:
    _, error = call(owner, "POST", "/api/metric", {"name": "overveiw"})
    assert error["advice"] == "did you mean overview?"
