"""What the intake counts, and what `GET /metrics` and the log reveal."""

from __future__ import annotations

import json
import logging
import re
import shutil
import socket
from pathlib import Path

import pytest

from clickstream.collect.intake import Counters
from clickstream.collect.server import JsonLines
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, running

GOOD = {"eventName": "page_view"}


def test_metrics_are_prometheus_text_and_add_up(collector: Client) -> None:
    collector.send([GOOD, GOOD, {"a": 1}])
    collector.send(b"nonsense", Origin="https://shop.example")
    collector.send(b"nonsense", Origin="https://evil.example")
    collector.send(b"", "OPTIONS", Origin="https://evil.example")
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    head, _, body = text.partition("\r\n\r\n")
    assert "content-type: text/plain" in head.lower()
    values = dict(re.findall(r"^(clickstream_\S+) (\S+)$", body, re.MULTILINE))
    assert values["clickstream_accepted_events_total"] == "2"
    assert values['clickstream_rejected_total{error="missing_name"}'] == "1"
    assert values['clickstream_rejected_total{error="invalid_json"}'] == "2"
    assert values['clickstream_answers_total{status="200"}'] == "1"
    assert values["clickstream_commit_seconds_count"] == values['clickstream_commit_seconds_bucket{le="+Inf"}'] == "1"
    assert values["clickstream_waiting_requests"] == values["clickstream_waiting_bytes"] == "0"
    assert values["clickstream_unlisted_origin_requests_total"] == "2"
    assert int(values["clickstream_body_bytes_total"]) > 20
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"clickstream_\w+(\{\w+=\"[^\"]+\"\})? [0-9.e+]+", line) for line in lines)


def test_commit_times_are_counted_in_their_buckets() -> None:
    counters = Counters()
    for seconds in (0.0005, 0.003, 0.003, 99.0):
        counters.on_commit(seconds, is_stored=True)
    text = counters.text({}).decode()
    assert 'commit_seconds_bucket{le="0.001"} 1\n' in text
    assert 'commit_seconds_bucket{le="0.005"} 3\n' in text
    assert 'commit_seconds_bucket{le="10.0"} 3\n' in text
    assert 'commit_seconds_bucket{le="+Inf"} 4\n' in text


def test_log_lines_are_json_without_personal_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "raw"
    with running(LocalStore(root)) as client:
        shutil.rmtree(root)
        root.write_text("")
        secret = "user-4711"
        client.send({"eventName": "x", "userId": secret, "pageUrl": "/" + secret}, User_Agent=f"Agent/{secret}")
        client.send(f"broken {secret}".encode())
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(line["logger"] == "clickstream.collect.commit" and line["events"] == 1 for line in lines)
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert secret not in json.dumps(lines)
    assert "127.0.0" not in json.dumps(lines)
