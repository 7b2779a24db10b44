"""A POST in one piece is answered past ASGI, and nobody can tell: the same bytes as by the usual way."""

from __future__ import annotations

import gzip
import json
import socket
import time
from pathlib import Path

import pytest

from clickstream.collect.app import Collector
from clickstream.collect.door import Rules
from clickstream.collect.envelope import Envelope
from clickstream.collect.request import Notes, Request
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
    """One answer, as it came."""
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


def answered(client: Client, *pieces: bytes) -> bytes:
    """The answer to a request that is sent in these pieces, each received on its own."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.03 if len(pieces) > 1 else 0)
        return receive(connection)


@pytest.fixture
def by_direct(collector: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A collector that cannot take a POST by ASGI."""
    monkeypatch.delattr(Collector, "_take")
    return collector


REQUESTS = [
    pytest.param(GOOD, b"", id="one event"),
    pytest.param(GOOD, ORIGIN, id="from a page that may read"),
    pytest.param(GOOD, OTHER, id="from another page"),
    pytest.param(b"[%s,%s,5]" % (GOOD, GOOD), b"", id="one is refused"),
    pytest.param(b"[%s]" % b",".join([b"{}"] * 50), b"", id="a long answer"),
    pytest.param(b"", b"", id="no body"),
    pytest.param(b"nonsense", ORIGIN, id="no JSON"),
    pytest.param(GOOD, b"Content-Type: image/png\r\n", id="no text"),
    pytest.param(gzip.compress(GOOD), b"Content-Encoding: gzip\r\n", id="packed"),
    pytest.param(gzip.compress(bytes(2_000_000)), b"Content-Encoding: gzip\r\n", id="too large, and the end of it all"),
    pytest.param(GOOD, b"Connection: close\r\n", id="the last of its connection"),
    pytest.param(b"11\r\n%s\r\n0\r\n\r\n" % GOOD, b"Transfer-Encoding: chunked\r\n", id="chunked"),
]


@pytest.mark.parametrize(("body", "head"), REQUESTS)
def test_a_request_in_one_piece_and_one_in_two_have_the_same_answer(
    collector: Client, body: bytes, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = post(body, head)
    cut = len(whole) - 1
    usual = answered(collector, whole[:cut], whole[cut:])
    stored = len(collector.stored())
    monkeypatch.delattr(Collector, "_take")
    assert answered(collector, whole) == usual
    assert len(collector.stored()) == 2 * stored


def test_a_connection_is_kept_for_the_next_request(by_direct: Client) -> None:
    with socket.create_connection(("127.0.0.1", by_direct.port), timeout=60) as connection:
        for _ in range(3):
            connection.sendall(post(GOOD))
            assert receive(connection).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.sendall(post(GOOD, b"Connection: close\r\n"))
        assert b"connection: close" in receive(connection)
        assert connection.recv(1) == b""
    assert len(by_direct.stored()) == 4


def test_requests_that_do_not_wait_for_answers_get_them_in_their_order(collector: Client) -> None:
    bodies = [GOOD, b"nonsense", b"[%s,%s]" % (GOOD, GOOD), b"", GOOD]
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        connection.sendall(b"".join(map(post, bodies)))
        with connection.makefile("rb") as answers:
            found = []
            for _ in bodies:
                status = int(answers.readline().split()[1])
                lines = iter(answers.readline, b"\r\n")
                length = next(int(line.split()[1]) for line in list(lines) if line.startswith(b"content-length"))
                found.append((status, json.loads(answers.read(length)).get("accepted")))
    assert found == [(200, 1), (400, None), (200, 2), (400, None), (200, 1)]
    assert len(collector.stored()) == 4


@pytest.mark.parametrize(
    ("request_bytes", "first"),
    [
        pytest.param(post(GOOD, version=b"1.0"), b"HTTP/1.1 200 OK", id="HTTP/1.0"),
        pytest.param(post(GOOD, b"Expect: 100-continue\r\n"), b"HTTP/1.1 100 Continue", id="asks before it sends"),
        pytest.param(post(GOOD, path=b"/clickstream?a=1"), b"HTTP/1.1 200 OK", id="a query"),
        pytest.param(post(GOOD, b"Connection: upgrade\r\nUpgrade: x\r\n"), b"HTTP/1.1 200 OK", id="an upgrade"),
        pytest.param(post(GOOD, path=b"/elsewhere"), b"HTTP/1.1 404 Not Found", id="another path"),
        pytest.param(post(b"[%s]" % b",".join([GOOD] * 999)), b"HTTP/1.1 200 OK", id="a large body"),
    ],
)
def test_what_is_special_goes_the_usual_way(collector: Client, request_bytes: bytes, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(65_536).startswith(first)


def test_who_may_not_come_in_is_told_so(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Collector, "_take")
    with running(store, rules=Rules(write_keys=(b"key-0123456789",))) as client:
        assert answered(client, post(GOOD)).startswith(b"HTTP/1.1 401 ")
        assert answered(client, post(GOOD, b"X-Write-Key: key-0123456789\r\n")).startswith(b"HTTP/1.1 200 ")


def test_events_of_a_client_that_went_away_are_stored_and_the_next_is_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
            connection.sendall(post(GOOD))
            wait_until(lambda: client.waiting() == 1)
        store.gate.set()
        assert answered(client, post(GOOD)).startswith(b"HTTP/1.1 200 ")
    assert len(client.stored()) == 2
    assert caplog.records == []


def test_a_server_that_stops_answers_what_waits_and_ends_the_connection(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    collector = running(store)
    with collector as client, socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        connection.sendall(post(GOOD))
        wait_until(lambda: client.waiting() == 1)
        collector.server.should_exit = True
        wait_until(lambda: collector.listener.fileno() == -1)  # closed: it has begun to stop
        store.gate.set()
        answer = receive(connection)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        assert connection.recv(1) == b""
    assert len(client.stored()) == 1


class BrokenNotes(Notes):
    def lines(self, request: Request, envelope: Envelope) -> list[RawLine]:
        raise ZeroDivisionError(request.id, len(envelope.accepted))


def test_a_fault_of_ours_is_500_and_said_in_the_log(store: LocalStore, caplog: pytest.LogCaptureFixture) -> None:
    with running(store, notes=BrokenNotes()) as client:
        assert answered(client, post(GOOD)).startswith(b"HTTP/1.1 500 ")
        assert answered(client, post(b"nonsense")).startswith(b"HTTP/1.1 400 "), "the next is served as ever"
    assert [record.getMessage() for record in caplog.records] == ["taking a request"]
