"""What the collector does not take, or not now: keys, rates, slow and large requests, a store that is slow or full."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from pathlib import Path

import pytest

from clickstream.collect import commit
from clickstream.collect.connection import limited
from clickstream.collect.counters import Counters
from clickstream.collect.door import MAX_ADDRESSES, Door, Rules
from clickstream.collect.server import IDLE_TIMEOUT_S, JsonLines
from clickstream.collect.spool import read_wal
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.patience import wait_until
from tests.ports import free_port

GOOD = {"eventName": "page_view"}
KEYS = (b"first-key-0123456789", b"second-key-012345678")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/clickstream", {"X_Write_Key": KEYS[0].decode()}, 200, id="header"),
        pytest.param("/clickstream", {"X_Write_Key": KEYS[1].decode()}, 200, id="another key"),
        pytest.param(f"/clickstream?a=1&writeKey={KEYS[0].decode()}", {}, 200, id="query"),
        pytest.param("/clickstream", {}, 401, id="none"),
        pytest.param("/clickstream", {"X_Write_Key": "first-key"}, 401, id="a part of one"),
        pytest.param("/clickstream?writeKey=", {}, 401, id="an empty one"),
    ],
)
def test_post_needs_one_of_the_keys(store: LocalStore, path: str, headers: dict[str, str], status: int) -> None:
    with running(store, rules=Rules(write_keys=KEYS)) as client:
        answer = client.send(GOOD, path=path, **headers)
        assert answer.status == status
        assert answer.body.get("error") == (None if status == 200 else "invalid_write_key")
        assert client.send(b"", "GET", "/health").status == 200, "only events need one"
        assert len(client.stored()) == (status == 200)
        assert all(KEYS[0].decode() not in json.dumps(event) for event in client.stored())


def test_more_than_the_rate_is_429_and_says_when_to_come_again(store: LocalStore) -> None:
    with running(store, rules=Rules(rate_limit=0.5)) as client:
        assert [client.send(GOOD).status for _ in range(6)] == [200] * 6
        # In the time that each takes some of the rate comes back: who is slow is refused later.
        refused = next(answer for _ in range(1_000) if (answer := client.send(GOOD)).status != 200)
        assert (refused.status, refused.body["error"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "2"


def test_rates_are_counted_by_address_and_forgotten_in_a_table_that_is_bounded() -> None:
    door = Door(Rules(rate_limit=1.0))
    assert [door.refusal("1.2.3.4", {}, b"", 0.0) for _ in range(11)] == [None] * 11
    assert door.refusal("1.2.3.4", {}, b"", 0.0) is not None
    assert door.refusal("1.2.3.5", {}, b"", 0.0) is None
    assert door.refusal("1.2.3.4", {}, b"", 2.0) is None, "it has waited"
    assert [door.refusal(f"2001:db8::{n:x}", {}, b"", 0.0) for n in range(11)] == [None] * 11
    assert door.refusal("2001:db8::ffff", {}, b"", 0.0) is not None, "a /64 is one sender"
    for number in range(MAX_ADDRESSES + 10):
        door.refusal(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", {}, b"", 3.0)
    assert len(door._busy_until) == MAX_ADDRESSES


TRUSTED = Rules(trusted_proxies=(ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")))


@pytest.mark.parametrize(
    ("rules", "peer", "forwarded", "sender"),
    [
        pytest.param(Rules(), "127.0.0.1", b"9.9.9.9", "127.0.0.1", id="nobody is trusted"),
        pytest.param(TRUSTED, "8.8.8.8", b"9.9.9.9", "8.8.8.8", id="a stranger says something"),
        pytest.param(TRUSTED, "127.0.0.1", b"9.9.9.9", "9.9.9.9", id="a proxy"),
        pytest.param(TRUSTED, "127.0.0.1", b"6.6.6.6, 9.9.9.9, 10.1.2.3", "9.9.9.9", id="two proxies, and a lie"),
        pytest.param(TRUSTED, "127.0.0.1", b"9.9.9.9:4711", "9.9.9.9", id="with a port"),
        pytest.param(TRUSTED, "127.0.0.1", b"[2001:db8::1]:80", "2001:db8::1", id="IPv6"),
        pytest.param(TRUSTED, "127.0.0.1", b"9.9.9.9, nonsense", "127.0.0.1", id="nonsense"),
        pytest.param(TRUSTED, "127.0.0.1", b"10.0.0.1", "10.0.0.1", id="only proxies"),
        pytest.param(TRUSTED, None, b"9.9.9.9", None, id="no peer"),
    ],
)
def test_forwarded_address_is_believed_only_from_trusted_proxies(
    rules: Rules, peer: str | None, forwarded: bytes, sender: str | None
) -> None:
    assert Door(rules).sender(peer, [(b"x-forwarded-for", forwarded)]) == sender


@contextmanager
def connected(client: Client) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        yield connection


def test_head_that_is_too_large_is_431(collector: Client) -> None:
    for size in (40_000, 400_000):
        with connected(collector) as connection:
            connection.sendall(b"POST /clickstream HTTP/1.1\r\nHost: x\r\nX-Large: ")
            for _ in range(size // 1000):
                try:
                    connection.sendall(b"a" * 1000)
                except OSError:
                    break  # it has heard enough
            answer = b""
            try:
                connection.sendall(b"\r\n\r\n")
                answer = connection.recv(1000)
            except OSError:
                pass  # the answer was lost with the connection
            assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
    assert collector.send(GOOD).status == 200
    assert collector.send(GOOD, X_Some="a" * 20_000).status == 200, "large is not too large"


def test_head_that_does_not_come_ends_the_connection(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "HEAD_TIMEOUT_S", 0.3)
    with running(store) as client:
        for begin in (b"", b"POST /clickstream HTTP/1.1\r\nHost: x\r\n"):
            with connected(client) as connection:
                started = time.monotonic()
                with suppress(ConnectionError):  # it may be over before the beginning was sent
                    connection.sendall(begin)
                    assert connection.recv(100) == b""
                assert time.monotonic() - started < IDLE_TIMEOUT_S, "no other limit ends it so soon"


def test_body_that_does_not_come_is_408(store: LocalStore) -> None:
    with running(store, body_timeout_s=0.2) as client, connected(client) as connection:
        connection.sendall(b"POST /clickstream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request_timeout" in answer
        assert client.send(GOOD).status == 200


def test_store_that_stalls_is_503_in_time_and_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(commit, "MAX_HELD_BYTES", 100_000)
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        first = client.send(GOOD)
        assert (first.status, first.body["error"], first.headers["retry-after"]) == (503, "unavailable", "5")
        assert client.send([{"eventName": "x" * 200}] * 500).status == 503, "too much would wait"
        monkeypatch.setattr(commit, "ANSWER_WITHIN_S", 60)
        store.gate.set()
        wait_until(lambda: client.send(GOOD).status == 200)
        assert client.send(GOOD).status == 200
    assert len(client.stored()) >= 2


def test_full_disk_is_503_and_never_an_acknowledgement(tmp_path: Path) -> None:
    """A collector on a file system of 1 MiB, in a name space of its own."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    script = f"mount -t tmpfs -o size=1m tmpfs {tmp_path} && exec {sys.executable} {__file__} {tmp_path}"
    for ack in ("store", "disk"):
        environment = os.environ | {"CLICKSTREAM_ACK": ack, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(
            ["unshare", "-Urm", "sh", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == f"{ack}: every acknowledged event is there, and there was a 503"


def fill_the_disk(folder: Path) -> None:
    """Runs in that name space: send until it is full, make room, send on, and look for everything acknowledged."""
    port, ballast = free_port(), folder / "ballast"
    ballast.write_bytes(bytes(300_000))
    command = [sys.executable, "-m", "clickstream", "collect", "--data", str(folder / "data"), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    client = Client(port, LocalStore(folder / "data" / "raw"))
    acknowledged: list[str] = []
    statuses = []
    for number in range(100_000):
        try:
            name = f"e{number}"
            status = client.send({"eventName": "x", "eventId": name, "fill": os.urandom(10_000).hex()}).status
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        statuses.append(status)
        if status == 200:
            acknowledged.append(name)
        elif status == 503 and ballast.exists():
            ballast.unlink()
        if statuses[-30:].count(503) == 30 or len(statuses) > 500:
            break
    assert set(statuses) == {200, 503}, set(statuses)
    first = statuses.index(503)
    assert 200 in statuses[first:], "it went on when there was room"
    process.terminate()
    process.wait(60)
    stored = {event["eventId"] for event in client.stored()} | waiting_in_spool(folder / "data" / "spool")
    assert set(acknowledged) <= stored, set(acknowledged) - stored
    print(f"{os.environ['CLICKSTREAM_ACK']}: every acknowledged event is there, and there was a 503")


def waiting_in_spool(folder: Path) -> set[str]:
    return {json.loads(line)["eventId"] for path in folder.glob("*.wal") for line in read_wal(path)}


def test_metrics_are_prometheus_text_and_add_up(collector: Client) -> None:
    collector.send([GOOD, GOOD, {"a": 1}])
    collector.send(b"nonsense", Origin="https://shop.example")
    collector.send(b"nonsense", Origin="https://evil.example")
    collector.send(b"", "OPTIONS", Origin="https://evil.example")
    with connected(collector) as connection:
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


def test_commit_times_fall_into_their_buckets() -> None:
    counters = Counters()
    for seconds in (0.0005, 0.003, 0.003, 99.0):
        counters.on_stored(seconds, is_stored=True)
    text = counters.text({}).decode()
    assert 'commit_seconds_bucket{le="0.001"} 1\n' in text
    assert 'commit_seconds_bucket{le="0.005"} 3\n' in text
    assert 'commit_seconds_bucket{le="10.0"} 3\n' in text
    assert 'commit_seconds_bucket{le="+Inf"} 4\n' in text


def test_log_lines_are_json_and_say_nothing_about_a_person(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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


if __name__ == "__main__":
    fill_the_disk(Path(sys.argv[1]))
