"""The S3 store when the network or the server fails: stored once, one-line errors, and no secrets in them."""

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
from tests.seaweed import SECRET_KEY, WRITER_KEY, Seaweed

DAY = date(2026, 3, 10)
KEY = "events/2026/03/10/event-a.json"
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class FaultyProxy:
    """A TCP proxy that fails on its first `failures` connections, and then forwards bytes both ways.

    is_lost: a request arrives at the server, and its response is lost. Otherwise `response` is all that comes back.
    """

    def __init__(self, target: tuple[str, int], failures: int, response: bytes = b"", *, is_lost: bool = False) -> None:
        self._target, self._failures, self._response, self._is_lost = target, failures, response, is_lost
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                fails = self.connections <= self._failures
                threading.Thread(target=self._forward, args=(client, fails), daemon=True).start()

    def _forward(self, client: socket.socket, fails: bool) -> None:
        with suppress(OSError), client:
            request = client.recv(65_536)
            if fails and not self._is_lost:
                client.sendall(self._response)
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
def store_behind(proxy: FaultyProxy, store: S3Store) -> Iterator[S3Store]:
    """The same store, reached through the proxy."""
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    port = proxy.listener.getsockname()[1]
    yield S3Store(replace(store.bucket, endpoint=f"http://127.0.0.1:{port}"))
    proxy.listener.shutdown(socket.SHUT_RDWR)
    proxy.listener.close()
    thread.join()


@pytest.fixture
def server(seaweed: Seaweed) -> tuple[str, int]:
    host, _, port = seaweed.endpoint.removeprefix("http://").partition(":")
    return host, int(port)


def test_put_whose_response_is_lost_stores_the_object_once(s3_store: S3Store, server: tuple[str, int]) -> None:
    with store_behind(FaultyProxy(server, failures=2, is_lost=True), s3_store) as store:
        store.put([(KEY, b"one")])
    assert list(s3_store.file_names(DAY)) == ["event-a.json"]
    assert s3_store.read(KEY) == b"one"


@pytest.mark.parametrize("response", [pytest.param(BUSY, id="throttled"), pytest.param(b"", id="connection lost")])
def test_request_that_fails_for_a_moment_is_retried(
    s3_store: S3Store, server: tuple[str, int], response: bytes
) -> None:
    proxy = FaultyProxy(server, 2, response)
    with store_behind(proxy, s3_store) as store:
        store.put([(KEY, b"one")])
    with store_behind(FaultyProxy(server, 2, response), s3_store) as store:
        assert store.read(KEY) == b"one"
    with store_behind(FaultyProxy(server, 2, response), s3_store) as store:
        assert list(store.file_names(DAY)) == ["event-a.json"]
    assert proxy.connections >= 3


def test_put_over_other_bytes_is_an_error_and_they_stay(s3_store: S3Store) -> None:
    s3_store.put([(KEY, b"one")])
    with pytest.raises(StoreError, match="another object with this name exists"):
        s3_store.put([(KEY, b"two"), ("events/2026/03/10/event-b.json", b"two")])
    assert s3_store.read(KEY) == b"one"
    assert s3_store.read("events/2026/03/10/event-b.json") == b"two"


def test_a_writer_that_may_not_read_repeats_a_put_whose_response_was_lost(
    s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3_store.days() == []  # it connects now, with its own credentials
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", WRITER_KEY)
    writer = S3Store(s3_store.bucket)
    writer.put([(KEY, b"one")])
    with pytest.raises(StoreError, match="AccessDenied"):
        writer.read(KEY)
    writer.put([(KEY, b"one")])
    assert s3_store.read(KEY) == b"one"


def test_unreachable_server_is_reported_within_the_patience(s3_store: S3Store) -> None:
    unreachable = S3Store(Bucket("raw", "", f"http://127.0.0.1:{free_port()}", patience_s=0.5))
    calls = (
        unreachable.prepare,
        unreachable.days,
        lambda: unreachable.put([(KEY, b"x")]),
        lambda: unreachable.read(KEY),
    )
    for call in calls:
        with pytest.raises(StoreError, match="s3://raw") as caught:
            call()
        assert "network" in caught.value.advice
        assert "\n" not in caught.value.why


def test_missing_bucket_is_reported_before_anything_is_written(seaweed: Seaweed, s3_store: S3Store) -> None:
    with pytest.raises(StoreError, match="NoSuchBucket"):
        S3Store(Bucket("no-such-bucket", "", seaweed.endpoint)).prepare()


def test_wrong_keys_are_reported_without_the_secret(
    seaweed: Seaweed, s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ["wrong-" + SECRET_KEY, None]
    for secret in secrets:
        if secret is None:
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        else:
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        store = S3Store(replace(s3_store.bucket))
        for call in (store.prepare, lambda store=store: store.put([(KEY, b"x")])):
            with pytest.raises(StoreError) as caught:
                call()
            text = f"{caught.value} {caught.value.advice}"
            assert "credentials" in text
            assert "made-up" not in text
