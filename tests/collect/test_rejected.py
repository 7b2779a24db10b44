"""Excerpts of rejected input: they describe what arrived, and their number is limited."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from clickstream.collect import app
from clickstream.collect.rejected import MAX_WAITING_BYTES, RejectedLog
from clickstream.event import Rejection
from clickstream.raw.store import LocalStore
from tests.collect.conftest import running


def excerpts_in(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(root.rglob("*.ndjson")) for line in path.read_bytes().splitlines()]


LARGE = b'{"eventName": "x", "a": "' + b"a" * 2_000_000


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        pytest.param(LARGE, {}, "body_too_large", id="too large"),
        pytest.param(
            gzip.compress(LARGE), {"Content_Encoding": "gzip"}, "body_too_large", id="too large when decompressed"
        ),
        pytest.param(b"\x1f\x8b broken", {"Content_Encoding": "gzip"}, "invalid_encoding", id="broken gzip"),
        pytest.param(b"<p>", {"Content_Type": "text/html"}, "unsupported_media_type", id="unsupported type"),
    ],
)
def test_refused_body_is_described_as_it_was_received(
    tmp_path: Path, body: bytes, headers: dict[str, str], code: str
) -> None:
    store = LocalStore(tmp_path / "raw")
    with running(store) as client:
        assert client.send(body, **headers).body["error"] == code
    (excerpt,) = excerpts_in(store.root / "rejected")
    assert (excerpt["error"], excerpt["sizeBytes"]) == (code, len(body))
    assert excerpt["sha256"] == hashlib.sha256(body).hexdigest()
    assert excerpt["head"] == body[:8192].decode("utf-8", "backslashreplace")


def test_incomplete_body_is_described_as_far_as_it_was_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "BODY_TIMEOUT_S", 0.2)
    store = LocalStore(tmp_path / "raw")
    with running(store) as client:
        assert client.send(b"{half", Content_Length="100").status == 408
    (excerpt,) = excerpts_in(store.root / "rejected")
    assert (excerpt["error"], excerpt["sizeBytes"], excerpt["head"]) == ("request_timeout", 5, "{half")


def test_many_rejected_bodies_write_few_bytes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "raw")
    log = RejectedLog(store, time.time_ns)
    for _ in range(500):
        log.put(b"\x80" * 8192, Rejection(400, "invalid_encoding", "not UTF-8"), {})
    log.flush()
    kept = excerpts_in(store.root / "rejected")
    assert len(kept) + log.dropped == 500
    size_bytes = sum(path.stat().st_size for path in store.root.rglob("*.ndjson"))
    assert size_bytes < 2 * MAX_WAITING_BYTES
    log.put(b"\x80", Rejection(400, "invalid_encoding", "not UTF-8"), {})
    log.flush()
    assert len(excerpts_in(store.root / "rejected")) == len(kept) + 1, "after a flush, excerpts are kept again"
