"""The fast path: a POST that arrives whole gets the same response, byte by byte, as by ASGI."""

from __future__ import annotations

import gzip
import json
import socket
import time
from pathlib import Path

import pytest

from clickstream.collect.admission import AdmissionConfig
from clickstream.collect.app import Collector
from clickstream.collect.envelope import Envelope
from clickstream.collect.intake import Intake
from clickstream.collect.request import Request
from clickstream.event import RawLine
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.patience import wait_until

GOOD = b'{"eventName":"x"}'
ORIGIN = b"Origin: https://shop.example\r\n"
OTHER = b"Origin: https://other.example\r\n"


def post(body: bytes, head: bytes = b"", path: bytes = b"/clickstream", version: bytes = b"1.1") -> bytes:
    length = b"" if b"chunked" in head else b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/%s\r\nHost: x\r\n%s%s\r\n%s" % (path, version, length, head, body)


def receive(connection: socket.socket) -> bytes:
    """Return one response as it was received."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65_536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def response_to(client: Client, *pieces: bytes) -> bytes:
    """Return the response to a request that is sent in these pieces, each of which arrives separately."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.03 if len(pieces) > 1 else 0)
        return receive(connection)


@pytest.fixture
def by_direct(collector: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A collector that cannot handle a POST by ASGI."""
    monkeypatch.delattr(Collector, "_post")
    return collector


REQUESTS = [
    pytest.param(GOOD, b"", id="one event"),
    pytest.param(GOOD, ORIGIN, id="from a page of an allowed origin"),
    pytest.param(GOOD, OTHER, id="from a page of another origin"),
    pytest.param(b"[%s,%s,5]" % (GOOD, GOOD), b"", id="one event is rejected"),
    pytest.param(b"[%s]" % b",".join([b"{}"] * 50), b"", id="a long response"),
    pytest.param(b"", b"", id="no body"),
    pytest.param(b"nonsense", ORIGIN, id="not JSON"),
    pytest.param(GOOD, b"Content-Type: image/png\r\n", id="unsupported media type"),
    pytest.param(gzip.compress(GOOD), b"Content-Encoding: gzip\r\n", id="gzip"),
    pytest.param(gzip.compress(bytes(2_000_000)), b"Content-Encoding: gzip\r\n", id="too large, closes the connection"),
    pytest.param(GOOD, b"Connection: close\r\n", id="last request of its connection"),
    pytest.param(b"11\r\n%s\r\n0\r\n\r\n" % GOOD, b"Transfer-Encoding: chunked\r\n", id="chunked"),
]


@pytest.mark.parametrize(("body", "head"), REQUESTS)
def test_request_in_one_piece_gets_the_same_response_as_in_two(
    collector: Client, body: bytes, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = post(body, head)
    cut = len(whole) - 1
    by_asgi = response_to(collector, whole[:cut], whole[cut:])
    stored = len(collector.stored())
    monkeypatch.delattr(Collector, "_post")
    assert response_to(collector, whole) == by_asgi
    assert len(collector.stored()) == 2 * stored


def test_connection_is_kept_for_the_next_request(by_direct: Client) -> None:
    with socket.create_connection(("127.0.0.1", by_direct.port), timeout=60) as connection:
        for _ in range(3):
            connection.sendall(post(GOOD))
            assert receive(connection).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(post(GOOD, b"Connection: close\r\n"))
        assert b"connection: close" in receive(connection)
        assert connection.recv(1) == b""
    assert len(by_direct.stored()) == 4


def test_pipelined_requests_get_their_responses_in_order(collector: Client) -> None:
    bodies = [GOOD, b"nonsense", b"[%s,%s]" % (GOOD, GOOD), b"", GOOD]
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        connection.sendall(b"".join(map(post, bodies)))
        with connection.makefile("rb") as responses:
            found = []
            for _ in bodies:
                status = int(responses.readline().split()[1])
                lines = iter(responses.readline, b"\r\n")
                length = next(int(line.split()[1]) for line in list(lines) if line.startswith(b"content-length"))
                found.append((status, json.loads(responses.read(length)).get("accepted")))
    assert found == [(200, 1), (400, None), (200, 2), (400, None), (200, 1)]
    assert len(collector.stored()) == 4


@pytest.mark.parametrize(
    ("request_bytes", "first"),
    [
        pytest.param(post(GOOD, version=b"1.0"), b"HTTP/1.1 200 OK", id="HTTP/1.0"),
        pytest.param(post(GOOD, b"Expect: 100-continue\r\n"), b"HTTP/1.1 100 Continue", id="expects 100 Continue"),
        pytest.param(post(GOOD, path=b"/clickstream?a=1"), b"HTTP/1.1 200 OK", id="query"),
        pytest.param(post(GOOD, b"Connection: upgrade\r\nUpgrade: x\r\n"), b"HTTP/1.1 200 OK", id="upgrade"),
        pytest.param(post(GOOD, path=b"/elsewhere"), b"HTTP/1.1 404 Not Found", id="another path"),
        pytest.param(post(b"[%s]" % b",".join([GOOD] * 999)), b"HTTP/1.1 200 OK", id="large body"),
    ],
)
def test_special_requests_are_handled_by_asgi(collector: Client, request_bytes: bytes, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(65_536).startswith(first)


def test_fast_path_checks_the_write_key(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Collector, "_post")
    with running(store, admission=AdmissionConfig(write_keys=(b"key-0123456789",))) as client:
        assert response_to(client, post(GOOD)).startswith(b"HTTP/1.1 401 ")
        assert response_to(client, post(GOOD, b"X-Write-Key: key-0123456789\r\n")).startswith(b"HTTP/1.1 200 ")


def test_events_of_a_client_that_disconnected_are_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
            connection.sendall(post(GOOD))
            wait_until(lambda: client.waiting() == 1)
        store.gate.set()
        assert response_to(client, post(GOOD)).startswith(b"HTTP/1.1 200 ")
    assert len(client.stored()) == 2
    assert caplog.records == []


def test_stopping_server_responds_to_waiting_requests_and_closes_the_connection(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    collector = running(store)
    with collector as client, socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(post(GOOD))
        wait_until(lambda: client.waiting() == 1)
        collector.server.should_exit = True
        wait_until(lambda: collector.listener.fileno() == -1)  # closed: the server has begun to stop
        store.gate.set()
        response = receive(connection)
        assert response.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in response
        assert connection.recv(1) == b""
    assert len(client.stored()) == 1


def test_bug_of_ours_is_500_and_logged(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lines(_self: Intake, request: Request, envelope: Envelope) -> list[RawLine]:
        raise ZeroDivisionError(request.id, len(envelope.accepted))

    monkeypatch.setattr(Intake, "lines", lines)
    with running(store) as client:
        assert response_to(client, post(GOOD)).startswith(b"HTTP/1.1 500 ")
        assert response_to(client, post(b"nonsense")).startswith(b"HTTP/1.1 400 "), "the next request is served"
    assert [record.getMessage() for record in caplog.records] == ["failed to handle a request"]
