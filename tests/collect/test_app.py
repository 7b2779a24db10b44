"""The HTTP contract over a real socket: the status and code for each input, and what is stored."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clickstream.collect import app
from clickstream.collect.objects import MAX_LINES
from clickstream.collect.request import IngestConfig
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.patience import wait_until

GOOD = {"eventName": "page_view"}

REFUSED = [
    pytest.param(b"not json", {}, 400, "invalid_json", id="not JSON"),
    pytest.param(b"", {}, 400, "empty_body", id="empty body"),
    pytest.param(b" \n ", {}, 400, "empty_body", id="blank body"),
    pytest.param([], {}, 400, "no_events", id="empty array"),
    pytest.param({"events": []}, {}, 400, "no_events", id="empty envelope"),
    pytest.param({"events": 5}, {}, 400, "no_events", id="events is not an array"),
    pytest.param(5, {}, 400, "not_an_object", id="a number"),
    pytest.param([5], {}, 400, "not_an_object", id="an array of numbers"),
    pytest.param({}, {}, 400, "missing_name", id="no name"),
    pytest.param({"eventName": None}, {}, 400, "missing_name", id="null name"),
    pytest.param({"eventName": " "}, {}, 400, "invalid_name", id="blank name"),
    pytest.param({"eventName": 5}, {}, 400, "invalid_name", id="number as name"),
    pytest.param({"eventName": "n" * 10_000}, {}, 400, "invalid_name", id="name of 10,000 characters"),
    pytest.param({"eventName": "n" * 201}, {}, 400, "invalid_name", id="name of 201 characters"),
    pytest.param(b'{"eventName": "\xff"}', {}, 400, "invalid_encoding", id="invalid UTF-8"),
    pytest.param(b'{"eventName": "x", "a": NaN}', {}, 400, "invalid_json", id="NaN"),
    pytest.param(b'{"eventName": "x", "a": 1e999}', {}, 400, "invalid_json", id="1e999"),
    pytest.param(b"[" * 10_000 + b"]" * 10_000, {}, 400, "too_deep", id="nested 10,000 deep"),
    pytest.param(b'{"eventName": "x", "a": ' + b"[" * 32 + b"]" * 32 + b"}", {}, 400, "too_deep", id="nested 33 deep"),
    pytest.param([GOOD] * 1001, {}, 413, "too_many_events", id="1,001 events"),
    pytest.param(b" " * 2 * 1024 * 1024, {}, 413, "body_too_large", id="2 MiB"),
    pytest.param(
        gzip.compress(b" " * 200_000_000, 9), {"Content_Encoding": "gzip"}, 413, "body_too_large", id="gzip bomb"
    ),
    pytest.param(b"\x1f\x8b broken", {"Content_Encoding": "gzip"}, 400, "invalid_encoding", id="broken gzip"),
    pytest.param(
        gzip.compress(b'{"eventName": "x"}')[:-9],
        {"Content_Encoding": "gzip"},
        400,
        "invalid_encoding",
        id="truncated gzip",
    ),
    pytest.param(GOOD, {"Content_Encoding": "br"}, 415, "unsupported_media_type", id="unsupported encoding"),
    pytest.param(GOOD, {"Content_Type": "text/html"}, 415, "unsupported_media_type", id="unsupported media type"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code"), REFUSED)
def test_refused_input_gets_the_reason_and_is_not_stored(
    collector: Client, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    response = collector.send(body, **headers)
    assert (response.status, response.body["success"], response.body["error"]) == (status, False, code)
    assert response.body["message"]
    assert collector.stored() == []
    assert collector.send(GOOD).status == 200, "the next request is served"


DEEP_32 = b'{"eventName": "x", "a": ' + b"[" * 31 + b"]" * 31 + b"}"
ACCEPTED = [
    pytest.param(GOOD, {}, 1, id="one event"),
    pytest.param([GOOD, GOOD], {}, 2, id="an array"),
    pytest.param({"events": [GOOD], "sentAt": "2026-03-10T12:00:00Z"}, {}, 1, id="an envelope"),
    pytest.param({"eventName": "x", "events": []}, {}, 1, id="an event with a field called events"),
    pytest.param(GOOD, {"Content_Type": "text/plain;charset=UTF-8"}, 1, id="plain text"),
    pytest.param(gzip.compress(json.dumps(GOOD).encode()), {"Content_Encoding": "gzip"}, 1, id="gzip"),
    pytest.param(gzip.compress(json.dumps(GOOD).encode()), {"Content_Encoding": "X-Gzip"}, 1, id="x-gzip"),
    pytest.param(
        gzip.compress(b'{"eventName":') + gzip.compress(b'"x"}'), {"Content_Encoding": "gzip"}, 1, id="two members"
    ),
    pytest.param([GOOD] * 1000, {}, 1000, id="1,000 events"),
    pytest.param({"eventName": "ж" * 200}, {}, 1, id="name of 200 characters"),
    pytest.param(DEEP_32, {}, 1, id="nested 32 deep"),
    pytest.param({"eventName": "x", "product": {"price": "12,50"}}, {}, 1, id="a price with a comma"),
    pytest.param({"eventName": "x", "eventId": "no-uuid"}, {}, 1, id="an id that is not a UUID"),
    pytest.param({"eventName": "x", "userId": "\u0000"}, {}, 1, id="a NUL character"),
    pytest.param(b'{"eventName": "\\ud800"}', {}, 1, id="half of a surrogate pair"),
    pytest.param({"eventName": "x", "createdAt": "1970-01-01"}, {}, 1, id="1970"),
]


@pytest.mark.parametrize(("body", "headers", "count"), ACCEPTED)
def test_accepted_input_is_stored_before_the_response(
    collector: Client, body: Any, headers: dict[str, str], count: int
) -> None:
    response = collector.send(body, **headers)
    assert (response.status, response.body) == (200, {"success": True, "accepted": count, "rejected": []})
    assert len(collector.stored()) == count


def test_path_with_a_trailing_slash_is_the_same_path(collector: Client) -> None:
    assert collector.send(GOOD, path="/clickstream/").status == 200
    preflight = collector.send(b"", "OPTIONS", "/clickstream/", Origin="https://shop.example")
    assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (204, "POST")
    assert collector.send(b"", "GET", "/clickstream/").status == 405
    assert collector.send(GOOD, path="/clickstream//").status == 404
    assert [event["_ingest"]["path"] for event in collector.stored()] == ["/clickstream"]


def test_missing_content_type_counts_as_json(collector: Client) -> None:
    collector.headers = {}
    assert collector.send(GOOD).status == 200


def test_bad_event_in_a_batch_is_listed_and_the_others_are_stored(collector: Client) -> None:
    response = collector.send([GOOD, {"a": 1}, 7, GOOD])
    assert response.body["accepted"] == 2
    assert [(entry["index"], entry["error"]) for entry in response.body["rejected"]] == [
        (1, "missing_name"),
        (2, "not_an_object"),
    ]
    assert len(collector.stored()) == 2


def test_stored_event_is_what_was_sent_with_an_ingest_block(collector: Client) -> None:
    sent = {"eventName": " x ", "event_name": "loses", "page_url": "/p", "odd": {"k": [1.5, None]}, "_ingest": "forged"}
    collector.send({"events": [sent], "sentAt": 17}, User_Agent="test/1")
    (stored,) = collector.stored()
    ingest = stored.pop("_ingest")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", stored.pop("eventId"))
    assert stored == {"eventName": "x", "pageUrl": "/p", "odd": {"k": [1.5, None]}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", ingest.pop("receivedAt"))
    assert ingest.pop("requestId")
    assert ingest == {
        "sentAt": 17,
        "sourceIp": "127.0.0.0",
        "userAgent": "test/1",
        "method": "POST",
        "path": "/clickstream",
    }


def test_last_of_two_equal_keys_is_stored(collector: Client) -> None:
    collector.send(b'{"eventName": "a", "userId": 1, "userId": 2, "eventName": "b"}')
    assert [(event["eventName"], event["userId"]) for event in collector.stored()] == [("b", 2)]


def test_events_of_one_request_share_an_object_with_their_count_in_its_name(collector: Client) -> None:
    collector.send([GOOD] * 3)
    (name,) = collector.objects()
    assert re.fullmatch(r"batch-[0-9a-f-]{36}-3\.ndjson\.gz", name)


def test_single_layout_writes_one_object_per_event(tmp_path: Path) -> None:
    with running(LocalStore(tmp_path / "raw"), layout="single") as client:
        client.send([GOOD] * 3)
        names = client.objects()
    assert len(names) == 3
    assert all(re.fullmatch(r"event-[0-9a-f-]{36}\.json", name) for name in names)


def test_single_layout_limits_the_objects_of_one_write(tmp_path: Path) -> None:
    store = CountingStore(tmp_path / "raw")
    with running(store, layout="single") as client, ThreadPoolExecutor(12) as senders:
        responses = [senders.submit(client.send, [GOOD] * 100) for _ in range(12)]
        wait_until(lambda: client.waiting() == 12)
        store.gate.set()
        assert [response.result().status for response in responses] == [200] * 12
    assert sum(store.puts) == 1200
    assert max(store.puts) <= MAX_LINES["single"]


class CountingStore(GatedStore):
    """Records how many objects each write has."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts: list[int] = []

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        self.puts.append(len(objects))
        super().put(objects)


def test_requests_that_wait_together_share_objects(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        threads = [threading.Thread(target=client.send, args=(GOOD,)) for _ in range(60)]
        for thread in threads:
            thread.start()
        wait_until(lambda: client.waiting() == 60)
        store.gate.set()
        for thread in threads:
            thread.join()
        assert len(client.stored()) == 60
        assert len(client.objects()) < 60


def test_store_that_cannot_be_written_is_503_until_it_can(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    with running(LocalStore(root)) as client:
        assert client.send(GOOD).status == 200
        shutil.rmtree(root)
        root.write_text("a file where the folder was")
        response = client.send(GOOD)
        assert (response.status, response.body["error"]) == (503, "unavailable")
        assert response.headers["retry-after"] == "5"
        root.unlink()
        assert client.send(GOOD).status == 200
        assert len(client.stored()) == 1


def test_excerpts_of_rejected_input_are_kept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "raw")
    with running(store) as client:
        client.send([{"secret": "x" * 20_000}, GOOD])
        client.send(b"\xff not json")
    (path,) = (store.root / "rejected").rglob("*.ndjson")
    first, second = (json.loads(line) for line in path.read_bytes().splitlines())
    assert (first["error"], first["index"], len(first["head"])) == ("missing_name", 0, 8192)
    assert (second["error"], second["head"]) == ("invalid_encoding", "\\xff not json")
    assert len(second["sha256"]) == 64


class StoreThatHangsOnExcerpts(LocalStore):
    """Never finishes storing an excerpt of rejected input."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.has_begun, self.is_over = threading.Event(), threading.Event()

    def put_unsynced(self, key: str, data: bytes) -> None:
        del key, data
        self.has_begun.set()
        self.is_over.wait(60)


def test_store_that_hangs_on_excerpts_delays_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT_S", 0.2)
    store = StoreThatHangsOnExcerpts(tmp_path / "raw")
    with running(store) as client:
        assert client.send(b"not json").status == 400
        assert store.has_begun.wait(20)
        with socket.create_connection(("127.0.0.1", client.port), timeout=20) as slow:
            slow.sendall(b"POST /clickstream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        assert client.send(GOOD).status == 200
        store.is_over.set()


def test_health_unknown_paths_and_wrong_methods(collector: Client) -> None:
    assert collector.send(b"", "GET", "/health").body == {"status": "ok"}
    assert collector.send(b"", "GET", "/nothing").status == 404
    response = collector.send(b"", "GET", "/clickstream")
    assert (response.status, response.headers["allow"]) == (405, "POST, OPTIONS")


def test_visitor_who_opted_out_is_counted_but_not_identified(store: LocalStore) -> None:
    with running(store, ingest=IngestConfig(opt_out="anonymous")) as client:
        sent = {"eventName": "x", "clientId": "c-1", "userId": "u-1"}
        assert client.send([sent, {"name": "u-1"}], Sec_GPC="1").body["accepted"] == 1
        assert client.send(sent).status == 200
    # Not by name: two objects of the same millisecond come in either order.
    anonymous, other = sorted(client.stored(), key=lambda event: "clientId" in event)
    assert ("clientId" in anonymous, "userId" in anonymous, anonymous["_ingest"]["sourceIp"]) == (False, False, None)
    assert (other["clientId"], other["_ingest"]["sourceIp"]) == ("c-1", "127.0.0.0")
    (path,) = (store.root / "rejected").rglob("*.ndjson")
    (excerpt,) = map(json.loads, path.read_bytes().splitlines())
    assert (excerpt["head"], excerpt["sizeBytes"]) == (None, 14)


def test_values_that_every_event_of_a_request_repeats_are_limited(collector: Client) -> None:
    collector.send({"events": [GOOD, GOOD], "sentAt": "x" * 1000}, User_Agent="a" * 5000)
    for event in collector.stored():
        assert "sentAt" not in event["_ingest"]
        assert len(event["_ingest"]["userAgent"]) == 1024
