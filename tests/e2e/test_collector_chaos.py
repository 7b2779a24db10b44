"""A collector under load, killed at random moments, with its raw store gone for a while: nothing acknowledged is lost.

Each attempt to send marks its events, so that afterwards every line in the raw store belongs to a known attempt: each
attempt that was answered is there whole, and a surplus copy comes from one whose answer was lost.
"""

from __future__ import annotations

import gzip
import http.client
import json
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from clickstream.raw.keys import day_prefix
from clickstream.raw.store import LocalStore
from tests.e2e.load import assert_exactly_once
from tests.e2e.platform import Platform, kill

EVENTS = 5
CLIENTS = 4


@dataclass
class ChosenPlatform(Platform):
    """A platform with settings of its own."""

    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return super().environment() | self.settings


@dataclass
class Sender:
    """Sends batches over one connection; what was not answered goes out again, and now and then what was, too."""

    port: int
    name: str
    stop: threading.Event
    random: Random
    answered: dict[str, list[str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    refused: int = 0
    _connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        number = attempt = 0
        while not self.stop.is_set():
            ids = [f"{self.name}-{number + offset}" for offset in range(EVENTS)]
            number += EVENTS
            wanted = 2 if self.random.random() < 0.1 else 1
            while wanted and not self.stop.is_set():
                attempt += 1
                wanted -= self._send(ids, f"{self.name}/{attempt}")
        self._hang_up()

    def _send(self, ids: list[str], attempt: str) -> bool:
        events = [{"eventName": "x", "eventId": i, "clientId": self.name, "properties": {"try": attempt}} for i in ids]
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self._connection.request("POST", "/clickstream", json.dumps(events))
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.lost.add(attempt)
            self._hang_up()
            time.sleep(0.02)
            return False
        if answer.status == 200:
            self.answered[attempt] = ids
            return True
        assert answer.status == 503, "input is never the reason of another 5xx"
        self.lost.add(attempt)
        self.refused += 1
        time.sleep(0.05)
        return False

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def lines_of(raw: Path) -> list[dict[str, Any]]:
    store = LocalStore(raw)
    keys = [day_prefix(day) + name for day in store.days() for name in store.file_names(day)]
    found = []
    for key, data in zip(keys, store.read_many(keys), strict=True):
        found += [json.loads(line) for line in (gzip.decompress(data).splitlines() if key.endswith(".gz") else [data])]
    return found


def take_store_away(raw: Path, seconds: float) -> None:
    """A file stands where the folder was: whatever is written fails, as on a disk that went away."""
    away = raw.with_name("raw.away")
    raw.rename(away)
    raw.write_text("")
    time.sleep(seconds)
    raw.unlink()
    away.rename(raw)


@pytest.mark.parametrize("ack", ["store", "disk"])
@pytest.mark.parametrize("kills", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_kills_and_a_store_that_goes_away(tmp_path: Path, ack: str, kills: int) -> None:
    random = Random(f"{ack}{kills}")
    platform = ChosenPlatform(tmp_path / "data", settings={"CLICKSTREAM_ACK": ack})
    stop = threading.Event()
    senders = [
        Sender(platform.collector_port, f"c{number}", stop, Random(f"{ack}{number}")) for number in range(CLIENTS)
    ]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    try:
        collector = platform.start_collector()
        for thread in threads:
            thread.start()
        for number in range(kills):
            time.sleep(random.uniform(0.1, 0.8))
            if number == kills // 2:
                before = sum(len(sender.answered) for sender in senders)
                take_store_away(platform.data / "raw", 1.5)
                during = sum(len(sender.answered) for sender in senders) - before
            kill(collector)
            collector = platform.start_collector()
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        platform.close()
    refused = sum(sender.refused for sender in senders)
    assert (refused > 0) if ack == "store" else (refused == 0 and during > 10), "what a store that is away means"
    assert_nothing_lost(senders, lines_of(platform.data / "raw"), kills)
    assert_exactly_once(platform, {name for sender in senders for ids in sender.answered.values() for name in ids})


@pytest.mark.parametrize("ack", ["store", "disk"])
def test_collector_that_is_told_to_stop_finishes_what_it_accepted(tmp_path: Path, ack: str) -> None:
    platform = ChosenPlatform(tmp_path / "data", settings={"CLICKSTREAM_ACK": ack})
    stop = threading.Event()
    senders = [Sender(platform.collector_port, f"c{number}", stop, Random(number)) for number in range(CLIENTS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    collector = platform.start_collector()
    try:
        for thread in threads:
            thread.start()
        time.sleep(1)
        collector.send_signal(signal.SIGTERM)
        _, said = collector.communicate(timeout=20)
        time.sleep(0.2)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert (collector.returncode, said) == (0, b"")
    assert_nothing_lost(senders, lines_of(platform.data / "raw"), kills=1)
    assert list((platform.data / "spool").glob("*.wal")) == []


def assert_nothing_lost(senders: list[Sender], lines: list[dict[str, Any]], kills: int) -> None:
    stored = Counter((line["eventId"], line["properties"]["try"]) for line in lines)
    answered = {attempt: ids for sender in senders for attempt, ids in sender.answered.items()}
    lost = {attempt for sender in senders for attempt in sender.lost}
    assert len(answered) > 20 * kills, "there was load"
    assert len(lost) >= kills, "the kills were felt"
    missing = [attempt for attempt, ids in answered.items() if any(not stored[name, attempt] for name in ids)]
    assert missing == []
    assert {attempt for _, attempt in stored} <= answered.keys() | lost
    doubled = [place for place, count in stored.items() if count > 1]
    assert doubled == [], "an object is written under one name, also after a crash"
