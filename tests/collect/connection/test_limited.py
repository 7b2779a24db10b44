"""What a client may cost that means no good: bytes, time, connections; and what it is told."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clickstream.collect.connection import body, limited
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.collect.connection.test_direct import GOOD, answered, post, receive

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
    """Send `part` again and again; fail when the server lets that go on."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            connection.sendall(part)
        except (ConnectionResetError, BrokenPipeError):
            return
        time.sleep(every_s)
    pytest.fail("it goes on")


def has_ended(connection: socket.socket) -> bool:
    """Whether the connection ends without an answer."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def metric(client: Client, name: str) -> str:
    """The value of one of the collector's counters, "" when it has none yet."""
    with connected(client) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        lines = receive(connection).decode().splitlines()
    return next((line.rpartition(" ")[2] for line in lines if line.startswith(f"clickstream_{name} ")), "")


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and code of an answer that has the form of the contract."""
    head, _, text = answer.partition(b"\r\n\r\n")
    refused = json.loads(text)
    assert set(refused) == {"success", "error", "message", "rejected"}
    assert b"content-type: application/json" in head
    return int(head.split()[1]), refused["error"]


@pytest.mark.parametrize("path", [b"/clickstream", b"/clickstream?a=1"])
def test_trailer_field_is_no_header_and_is_refused(collector: Client, path: bytes) -> None:
    request = post(CHUNK + b"0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n", CHUNKED, path)
    assert refusal(answered(collector, request)) == (400, "invalid_request")
    assert collector.stored() == []
    assert metric(collector, 'rejected_total{error="invalid_request"}') == "1"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(post(CHUNK + b"0\r\n", CHUNKED), b"X-Some: %s\r\n" % (b"a" * 8_000), id="trailer fields"),
        pytest.param(post(CHUNK + b"0\r\nX-Some: ", CHUNKED), b"a" * 8_000, id="a trailer field without an end"),
        pytest.param(post(CHUNK + b"5;", CHUNKED), b"a" * 8_000, id="a chunk extension without an end"),
        pytest.param(post(CHUNK + b"0\r\n", CHUNKED, b"/nothing"), b"X-Some: a\r\n" * 700, id="to another path"),
    ],
)
def test_what_is_neither_head_nor_body_has_an_end(collector: Client, begin: bytes, more: bytes) -> None:
    with connected(collector) as connection:
        connection.sendall(begin)
        send_until_it_ends(connection, more)
    assert collector.send(json.loads(GOOD)).status == 200


def test_rest_of_a_body_that_was_answered_has_an_end(collector: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "MAX_REQUEST_BYTES", 1_000_000)
    with connected(collector) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert refusal(receive(connection)) == (404, "not_found")
        send_until_it_ends(connection, bytes(100_000))


def test_body_in_tiny_chunks_is_refused(collector: Client) -> None:
    spaces = b"1\r\n \r\n" * (limited.MAX_CHUNKS + 1)
    assert refusal(answered(collector, post(spaces, CHUNKED))) == (400, "invalid_request")
    some = b"1\r\n \r\n" * (limited.MAX_CHUNKS - 10)
    with connected(collector) as connection:
        for _ in range(2):
            connection.sendall(post(some + CHUNK + b"0\r\n\r\n", CHUNKED))
            assert receive(connection).startswith(b"HTTP/1.1 200 "), "each request is counted for itself"


def test_bodies_that_do_not_end_are_bounded_together(collector: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MAX_HELD_BYTES", 100_000)
    large = post(GOOD + b" " * 70_000)
    with connected(collector) as first, connected(collector) as second:
        first.sendall(large[:-10])
        wait_for(lambda: int(metric(collector, "unfinished_bytes")) > 69_000)
        second.sendall(large[:-10])
        wait_for(lambda: 75_000 < int(metric(collector, "unfinished_bytes")) < 100_000)
        second.sendall(large[-10:])
        answer = receive(second)
        assert refusal(answer) == (503, "unavailable")
        assert b"retry-after: " in answer
        first.sendall(large[-10:])
        assert receive(first).startswith(b"HTTP/1.1 200 ")
        second.sendall(large)
        assert receive(second).startswith(b"HTTP/1.1 200 "), "there is room again"
    assert metric(collector, "unfinished_bytes") == "0"
    assert len(collector.stored()) == 2


def test_body_that_nobody_reads_ends_in_time(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "REQUEST_TIMEOUT_S", 0.3)
    with running(store) as client, connected(client) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert receive(connection).startswith(b"HTTP/1.1 404 ")
        send_until_it_ends(connection, b"a", every_s=0.05)


def test_client_that_does_not_read_its_answers_is_left(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "UNREAD_TIMEOUT_S", 0.3)
    request = post(b"[%s]" % b",".join([b"{}"] * 1000))
    collector = running(store)
    with collector as client, connected(client) as connection:
        send_until_it_ends(connection, request)
        wait_for(lambda: not collector.server.server_state.connections)


def test_connection_above_the_limit_is_503_and_the_others_are_served(store: LocalStore) -> None:
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
def test_offer_of_another_protocol_is_passed_over(
    collector: Client, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    request = post(GOOD, H2C)
    pieces = (request[:cut], request[cut:]) if cut else (request,)
    answer = answered(collector, *pieces)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" not in answer
    assert len(collector.stored()) == 1
    assert caplog.records == []


def test_offers_of_requests_that_do_not_wait_are_passed_over_too(collector: Client) -> None:
    with connected(collector) as connection:
        connection.sendall(post(GOOD, H2C) * 3 + post(GOOD, H2C.replace(b"Upgrade,", b"close, Upgrade,")))
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answers.count(b"HTTP/1.1 200 ") == 4
    assert answers.count(b"connection: close") == 1
    assert len(collector.stored()) == 4


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, "invalid_request", id="no HTTP"),
        pytest.param(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_request", id="a tunnel"),
        pytest.param(
            (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000)[: limited.MAX_HEAD_BYTES + 1],
            431,
            "head_too_large",
            id="a large head",
        ),
        pytest.param(post(b"no length\r\n", CHUNKED), 400, "invalid_request", id="no chunks"),
    ],
)
def test_what_is_no_request_is_told_in_the_form_of_the_contract(
    collector: Client, data: bytes, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = answered(collector, data)
    assert refusal(answer) == (status, code)
    assert b"connection: close" in answer
    assert metric(collector, f'rejected_total{{error="{code}"}}') == "1"
    assert caplog.records == []


def test_refusal_is_not_taken_for_the_answer_to_an_earlier_request(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        with connected(client) as connection:
            connection.sendall(post(GOOD) + b"nonsense\r\n\r\n")
            assert has_ended(connection)
        store.gate.set()
    assert len(client.stored()) == 1


def test_client_that_asks_on_and_hangs_up_leaves_no_trace_in_the_log(
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
        assert answered(client, post(GOOD)).startswith(b"HTTP/1.1 200 ")
    assert caplog.records == []


def test_requests_that_do_not_wait_are_bounded(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client, connected(client) as connection:
        connection.sendall(post(GOOD) * (limited.MAX_PIPELINED + 10))
        assert has_ended(connection)
        store.gate.set()
