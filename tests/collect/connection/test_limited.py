"""Limits for hostile or broken clients: bytes, time, connections; and the responses that they get."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from clickstream.collect import app
from clickstream.collect.connection import body, limited
from clickstream.collect.envelope import MAX_BODY_BYTES
from clickstream.collect.server import IDLE_TIMEOUT_S
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.collect.connection.test_direct import GOOD, post, receive, response_to

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"11\r\n%s\r\n" % GOOD
PATIENCE_S = 20


@contextmanager
def connected(client: Client) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE_S) as connection:
        yield connection


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def send_until_it_ends(connection: socket.socket, part: bytes, every_s: float = 0.0) -> None:
    """Send `part` repeatedly until the server closes the connection; fail if it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            connection.sendall(part)
        except (ConnectionResetError, BrokenPipeError):
            return
        time.sleep(every_s)
    pytest.fail("the server did not close the connection")


def has_ended(connection: socket.socket) -> bool:
    """Whether the connection ends without a response."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def metric(client: Client, name: str) -> str:
    """Return the value of one of the collector's counters, "" if it has none yet."""
    with connected(client) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        lines = receive(connection).decode().splitlines()
    return next((line.rpartition(" ")[2] for line in lines if line.startswith(f"clickstream_{name} ")), "")


def refusal(response: bytes) -> tuple[int, str]:
    """Return status and code of a response, which must have the form of the contract."""
    head, _, text = response.partition(b"\r\n\r\n")
    refused = json.loads(text)
    assert set(refused) == {"success", "error", "message", "rejected"}
    assert b"content-type: application/json" in head
    return int(head.split()[1]), refused["error"]


@pytest.mark.parametrize("path", [b"/clickstream", b"/clickstream?a=1"])
def test_trailer_field_is_not_a_header_and_is_refused(collector: Client, path: bytes) -> None:
    request = post(CHUNK + b"0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n", CHUNKED, path)
    assert refusal(response_to(collector, request)) == (400, "invalid_request")
    assert collector.stored() == []
    assert metric(collector, 'rejected_total{error="invalid_request"}') == "1"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(post(CHUNK + b"0\r\n", CHUNKED), b"X-Some: %s\r\n" % (b"a" * 8_000), id="endless trailer fields"),
        pytest.param(post(CHUNK + b"0\r\nX-Some: ", CHUNKED), b"a" * 8_000, id="endless trailer field"),
        pytest.param(post(CHUNK + b"5;", CHUNKED), b"a" * 8_000, id="endless chunk extension"),
        pytest.param(
            post(CHUNK + b"0\r\n", CHUNKED, b"/nothing"),
            b"X-Some: a\r\n" * 700,
            id="endless trailer fields to another path",
        ),
    ],
)
def test_bytes_that_belong_to_neither_head_nor_body_are_limited(collector: Client, begin: bytes, more: bytes) -> None:
    with connected(collector) as connection:
        connection.sendall(begin)
        send_until_it_ends(connection, more)
    assert collector.send(json.loads(GOOD)).status == 200


def test_rest_of_a_body_is_limited_after_the_response(collector: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "MAX_REQUEST_BYTES", 1_000_000)
    monkeypatch.setattr(limited, "MAX_DISCARDED_BYTES", 1_000_000)
    with connected(collector) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert refusal(receive(connection)) == (404, "not_found")
        send_until_it_ends(connection, bytes(100_000))


def test_body_in_tiny_chunks_is_refused(collector: Client) -> None:
    spaces = b"1\r\n \r\n" * (limited.MAX_CHUNKS + 1)
    assert refusal(response_to(collector, post(spaces, CHUNKED))) == (400, "invalid_request")
    some = b"1\r\n \r\n" * (limited.MAX_CHUNKS - 10)
    with connected(collector) as connection:
        for _ in range(2):
            connection.sendall(post(some + CHUNK + b"0\r\n\r\n", CHUNKED))
            assert receive(connection).startswith(b"HTTP/1.1 200 "), "the chunks of each request are counted separately"


def test_unfinished_bodies_share_a_limit_of_memory(collector: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MAX_HELD_BYTES", 100_000)
    large = post(GOOD + b" " * 70_000)
    with connected(collector) as first, connected(collector) as second:
        first.sendall(large[:-10])
        wait_for(lambda: int(metric(collector, "unfinished_bytes")) > 69_000)
        second.sendall(large[:-10])
        wait_for(lambda: 75_000 < int(metric(collector, "unfinished_bytes")) < 100_000)
        second.sendall(large[-10:])
        response = receive(second)
        assert refusal(response) == (503, "unavailable")
        assert b"retry-after: " in response
        first.sendall(large[-10:])
        assert receive(first).startswith(b"HTTP/1.1 200 ")
        second.sendall(large)
        assert receive(second).startswith(b"HTTP/1.1 200 "), "memory is available again"
    assert metric(collector, "unfinished_bytes") == "0"
    assert len(collector.stored()) == 2


def test_body_of_a_request_that_got_its_response_ends_in_time(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "REQUEST_TIMEOUT_S", 0.3)
    with running(store) as client, connected(client) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 404 ")
        send_until_it_ends(connection, b"a", every_s=0.05)


def test_client_that_does_not_read_its_responses_is_disconnected(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "UNREAD_TIMEOUT_S", 0.3)
    request = post(b"[%s]" % b",".join([b"{}"] * 1000))
    collector = running(store)
    with collector as client, connected(client) as connection:
        send_until_it_ends(connection, request)
        wait_for(lambda: not collector.server.server_state.connections)


def test_connection_over_the_limit_is_503_and_the_others_are_served(store: LocalStore) -> None:
    collector = running(store, connections=2)
    with collector as client, connected(client) as first:
        first.sendall(post(GOOD))
        assert receive(first).startswith(b"HTTP/1.1 200 ")
        with connected(client) as second:
            wait_for(lambda: len(collector.server.server_state.connections) == 2)
            with connected(client) as third:
                assert refusal(receive(third)) == (503, "unavailable")
            for connection in (first, second):
                connection.sendall(post(GOOD))
                assert receive(connection).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: len(collector.server.server_state.connections) == 1)
        assert client.send(json.loads(GOOD)).status == 200


H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"


@pytest.mark.parametrize("cut", [0, -1, -len(GOOD), -len(GOOD) - 3], ids=["whole", "a byte", "the body", "in the head"])
def test_offer_to_upgrade_is_ignored(collector: Client, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    request = post(GOOD, H2C)
    pieces = (request[:cut], request[cut:]) if cut else (request,)
    response = response_to(collector, *pieces)
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" not in response
    assert len(collector.stored()) == 1
    assert caplog.records == []


def test_offers_to_upgrade_in_pipelined_requests_are_ignored(collector: Client) -> None:
    with connected(collector) as connection:
        connection.sendall(post(GOOD, H2C) * 3 + post(GOOD, H2C.replace(b"Upgrade,", b"close, Upgrade,")))
        responses = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert responses.count(b"HTTP/1.1 200 ") == 4
    assert responses.count(b"connection: close") == 1
    assert len(collector.stored()) == 4


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, "invalid_request", id="not HTTP"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400, "invalid_request", id="HTTP/2.0"),
        pytest.param(b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400, "invalid_request", id="HTTP/1.2"),
        pytest.param(b"GET /\r\n\r\n", 400, "invalid_request", id="HTTP/0.9"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "invalid_request", id="preface of HTTP/2"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, "invalid_request", id="no Host"),
        pytest.param(post(GOOD).replace(b"Host: x\r\n", b""), 400, "invalid_request", id="POST without Host"),
        pytest.param(post(GOOD, b"Host: y\r\n"), 400, "invalid_request", id="two Host headers"),
        pytest.param(post(GOOD, b"Host: y\r\n", version=b"1.0"), 400, "invalid_request", id="two in HTTP/1.0"),
        pytest.param(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_request", id="CONNECT"),
        pytest.param(
            (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000)[: limited.MAX_HEAD_BYTES + 1],
            431,
            "head_too_large",
            id="head over the limit",
        ),
        pytest.param(post(b"no length\r\n", CHUNKED), 400, "invalid_request", id="malformed chunks"),
    ],
)
def test_malformed_request_gets_a_response_of_the_contract(
    collector: Client, data: bytes, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = response_to(collector, data)
    assert refusal(response) == (status, code)
    assert b"connection: close" in response
    assert metric(collector, f'rejected_total{{error="{code}"}}') == "1"
    assert caplog.records == []


def test_refusal_cannot_be_read_as_the_response_to_an_earlier_request(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        with connected(client) as connection:
            connection.sendall(post(GOOD) + b"nonsense\r\n\r\n")
            assert has_ended(connection)
        store.gate.set()
    assert len(client.stored()) == 1


def test_client_that_pipelines_requests_and_disconnects_logs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = GatedStore(tmp_path / "raw")
    collector = running(store)
    with collector as client:
        with connected(client) as connection:
            connection.sendall(post(GOOD, path=b"/clickstream?a=1") * 3)
            state = collector.server.server_state
            wait_for(lambda: any(getattr(open_one, "pipeline", ()) for open_one in list(state.connections)))
        wait_for(lambda: not state.connections)
        store.gate.set()
        assert response_to(client, post(GOOD)).startswith(b"HTTP/1.1 200 ")
    assert caplog.records == []


def test_number_of_pipelined_requests_is_limited(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client, connected(client) as connection:
        connection.sendall(post(GOOD) * (limited.MAX_PIPELINED + 10))
        assert has_ended(connection)
        store.gate.set()


@pytest.mark.parametrize("size_bytes", [40_000, 400_000])
def test_head_over_the_limit_ends_the_connection_and_is_counted(collector: Client, size_bytes: int) -> None:
    with connected(collector) as connection, suppress(ConnectionError):
        connection.sendall(b"POST /clickstream HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * size_bytes + b"\r\n\r\n")
        connection.recv(65_536)  # the response, or the connection is reset because the rest was not read
    wait_for(lambda: metric(collector, 'rejected_total{error="head_too_large"}') == "1")
    assert collector.stored() == []
    assert collector.send(json.loads(GOOD)).status == 200


def test_head_below_the_limit_is_accepted(collector: Client) -> None:
    assert collector.send(json.loads(GOOD), X_Some="a" * 20_000).status == 200


@pytest.mark.parametrize("begin", [b"", b"POST /clickstream HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_head_that_does_not_arrive_ends_the_connection(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(limited, "HEAD_TIMEOUT_S", 0.3)
    with running(store) as client, connected(client) as connection:
        started = time.monotonic()
        with suppress(ConnectionError):  # the connection may end before `begin` is sent
            connection.sendall(begin)
            assert connection.recv(100) == b""
        assert time.monotonic() - started < IDLE_TIMEOUT_S, "no other limit ends it so soon"


def test_body_that_does_not_arrive_is_408(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT_S", 0.2)
    with running(store) as client, connected(client) as connection:
        connection.sendall(b"POST /clickstream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        response = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert response.startswith(b"HTTP/1.1 408")
        assert b"request_timeout" in response
        assert client.send(json.loads(GOOD)).status == 200


def test_http_1_0_needs_no_host(collector: Client) -> None:
    request = post(GOOD, version=b"1.0").replace(b"Host: x\r\n", b"")
    assert response_to(collector, request).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", [b"/clickstream", b"/clickstream?a=1"])
def test_body_over_the_limit_is_413_before_the_client_sends_it(collector: Client, path: bytes) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n" % path
    with connected(collector) as connection:
        connection.sendall(head)
        assert refusal(receive(connection)) == (413, "body_too_large")
        assert connection.recv(1) == b"", "the client can close the connection at once"


def test_body_of_an_expecting_client_is_read_up_to_the_limit(collector: Client) -> None:
    large = GOOD + b" " * (MAX_BODY_BYTES - len(GOOD))
    with connected(collector) as connection:
        connection.sendall(post(large, b"Expect: 100-continue\r\n")[: -len(large)])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(large)
        assert receive(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"], ids=["keep-alive", "close"])
@pytest.mark.parametrize(
    ("path", "status"), [(b"/clickstream", (413, "body_too_large")), (b"/nothing", (404, "not_found"))]
)
def test_client_that_sends_40_mib_before_it_reads_gets_the_response(
    collector: Client, path: bytes, status: tuple[int, str], close: bytes
) -> None:
    size_bytes = 40 * 1_048_576
    with connected(collector) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (path, close, size_bytes))
        for _ in range(size_bytes // 1_048_576):
            connection.sendall(bytes(1_048_576))
        assert refusal(receive(connection)) == status
    assert collector.send(json.loads(GOOD)).status == 200


def test_client_that_sends_on_after_its_response_is_disconnected(
    collector: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "MAX_DISCARDED_BYTES", 1_000_000)
    with connected(collector) as connection:
        connection.sendall(
            b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000000\r\n\r\n"
        )
        assert receive(connection).startswith(b"HTTP/1.1 404 ")
        send_until_it_ends(connection, bytes(100_000))


def test_client_that_stays_after_its_response_is_disconnected_in_time(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "REQUEST_TIMEOUT_S", 0.5)
    with running(store) as client, connected(client) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 404 ")
        send_until_it_ends(connection, b"a", every_s=0.05)
