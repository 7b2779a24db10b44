"""Copies of refused input: they say what came, and are few."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from clickstream.collect.rejected import MAX_WAITING_BYTES, RejectedLog
from clickstream.event import Rejection
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, running


def copies_in(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(root.rglob("*.ndjson")) for line in path.read_bytes().splitlines()]


LARGE = b'{"eventName": "x", "a": "' + b"a" * 2_000_000


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        pytest.param(LARGE, {}, "body_too_large", id="too large"),
        pytest.param(gzip.compress(LARGE), {"Content_Encoding": "gzip"}, "body_too_large", id="too large unpacked"),
        pytest.param(b"\x1f\x8b broken", {"Content_Encoding": "gzip"}, "invalid_encoding", id="broken gzip"),
        pytest.param(b"<p>", {"Content_Type": "text/html"}, "unsupported_media_type", id="another type"),
    ],
)
def test_body_that_is_refused_unread_is_described_as_it_came(
    tmp_path: Path, body: bytes, headers: dict[str, str], code: str
) -> None:
    store = LocalStore(tmp_path / "raw")
    with running(store) as client:
        assert client.send(body, **headers).body["error"] == code
    (copy,) = copies_in(store.root / "rejected")
    assert (copy["error"], copy["sizeBytes"]) == (code, len(body))
    assert copy["sha256"] == hashlib.sha256(body).hexdigest()
    assert copy["head"] == body[:8192].decode("utf-8", "backslashreplace")


def test_body_that_did_not_come_whole_is_described_as_far_as_it_came(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "raw")
    with running(store, body_timeout_s=0.2) as client:
        assert client.send(b"{half", Content_Length="100").status == 408
    (copy,) = copies_in(store.root / "rejected")
    assert (copy["error"], copy["sizeBytes"], copy["head"]) == ("request_timeout", 5, "{half")


def test_flood_of_refused_bodies_writes_little(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "raw")
    log = RejectedLog(store, time.time_ns)
    for _ in range(500):
        log.put(b"\x80" * 8192, Rejection(400, "invalid_encoding", "no text"), {})
    log.flush()
    kept = copies_in(store.root / "rejected")
    assert len(kept) + log.dropped == 500
    size_bytes = sum(path.stat().st_size for path in store.root.rglob("*.ndjson"))
    assert size_bytes < 2 * MAX_WAITING_BYTES
    log.put(b"\x80", Rejection(400, "invalid_encoding", "no text"), {})
    log.flush()
    assert len(copies_in(store.root / "rejected")) == len(kept) + 1, "there is room again"


def test_preflight_has_no_body_and_says_no_length(collector: Client) -> None:
    answer = collector.send(b"", "OPTIONS", Origin="https://shop.example")
    assert answer.status == 204
    assert "content-length" not in answer.headers
