"""The S3 store where the network or the server fails: stored once, told in one line, and nothing secret in it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date

import pytest

from clickstream.errors import StoreError
from clickstream.raw.s3 import Bucket, S3Store
from tests.ports import free_port
from tests.seaweed import SECRET_KEY, Seaweed

DAY = date(2026, 3, 10)
KEY = "events/2026/03/10/event-a.json"
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Line:
    """A line to a server that fails on its first `failures` connections; then it carries bytes both ways.

    is_lost: a request arrives, and its answer is lost. Otherwise `answer` is all that comes back.
    """

    def __init__(self, target: tuple[str, int], failures: int, answer: bytes = b"", *, is_lost: bool = False) -> None:
        self._target, self._failures, self._answer, self._is_lost = target, failures, answer, is_lost
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                fails = self.connections <= self._failures
                threading.Thread(target=self._carry, args=(client, fails), daemon=True).start()

    def _carry(self, client: socket.socket, fails: bool) -> None:
        with suppress(OSError), client:
            request = client.recv(65_536)
            if fails and not self._is_lost:
                client.sendall(self._answer)
                return
            with socket.create_connection(self._target) as server:
                server.sendall(request)
                if fails:
                    server.recv(65_536)
                    return
                threading.Thread(target=_pipe, args=(client, server), daemon=True).start()
                _pipe(server, client)


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)


@contextmanager
def reached_by(store: S3Store, line: Line) -> Iterator[S3Store]:
    """The same store, behind that line."""
    thread = threading.Thread(target=line.run, daemon=True)
    thread.start()
    port = line.listener.getsockname()[1]
    yield S3Store(replace(store.bucket, endpoint=f"http://127.0.0.1:{port}"))
    line.listener.shutdown(socket.SHUT_RDWR)
    line.listener.close()
    thread.join()


@pytest.fixture
def server(seaweed: Seaweed) -> tuple[str, int]:
    host, _, port = seaweed.endpoint.removeprefix("http://").partition(":")
    return host, int(port)


def test_put_whose_answer_is_lost_is_stored_once(s3_store: S3Store, server: tuple[str, int]) -> None:
    with reached_by(s3_store, Line(server, failures=2, is_lost=True)) as behind:
        behind.put([(KEY, b"one")])
    assert list(s3_store.file_names(DAY)) == ["event-a.json"]
    assert s3_store.read(KEY) == b"one"


@pytest.mark.parametrize("answer", [pytest.param(BUSY, id="throttled"), pytest.param(b"", id="connection lost")])
def test_what_fails_for_a_moment_is_tried_again(s3_store: S3Store, server: tuple[str, int], answer: bytes) -> None:
    line = Line(server, 2, answer)
    with reached_by(s3_store, line) as behind:
        behind.put([(KEY, b"one")])
    with reached_by(s3_store, Line(server, 2, answer)) as behind:
        assert behind.read(KEY) == b"one"
    with reached_by(s3_store, Line(server, 2, answer)) as behind:
        assert list(behind.file_names(DAY)) == ["event-a.json"]
    assert line.connections >= 3


def test_a_name_that_is_taken_by_other_bytes_is_an_error_and_they_stay(s3_store: S3Store) -> None:
    s3_store.put([(KEY, b"one")])
    with pytest.raises(StoreError, match="another object has that name"):
        s3_store.put([(KEY, b"two"), ("events/2026/03/10/event-b.json", b"two")])
    assert s3_store.read(KEY) == b"one"
    assert s3_store.read("events/2026/03/10/event-b.json") == b"two"


def test_a_server_that_is_gone_is_told_within_the_patience(s3_store: S3Store) -> None:
    gone = S3Store(Bucket("raw", "", f"http://127.0.0.1:{free_port()}", patience_s=0.5))
    for verb in (gone.prepare, gone.days, lambda: gone.put([(KEY, b"x")]), lambda: gone.read(KEY)):
        with pytest.raises(StoreError, match="s3://raw") as caught:
            verb()
        assert "network" in caught.value.advice
        assert "\n" not in caught.value.why


def test_a_bucket_that_does_not_exist_is_told_before_anything_is_written(seaweed: Seaweed, s3_store: S3Store) -> None:
    with pytest.raises(StoreError, match="NoSuchBucket"):
        S3Store(Bucket("no-such-bucket", "", seaweed.endpoint)).prepare()


def test_wrong_keys_are_told_and_no_secret_with_them(
    seaweed: Seaweed, s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ["wrong-" + SECRET_KEY, None]
    for secret in secrets:
        if secret is None:
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        else:
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        store = S3Store(replace(s3_store.bucket))
        for verb in (store.prepare, lambda store=store: store.put([(KEY, b"x")])):
            with pytest.raises(StoreError) as caught:
                verb()
            told = f"{caught.value} {caught.value.advice}"
            assert "credentials" in told
            assert "made-up" not in told
