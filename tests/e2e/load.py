"""Load on a running platform, and the checks that no event was lost or loaded twice.

A Sender knows which events were acknowledged, and marks each attempt to send, so that every line in the raw store
belongs to a known attempt. `assert_nothing_lost` compares the two; `assert_exactly_once` compares the warehouse.
"""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from tests.e2e.platform import Platform
from tests.patience import wait_until

EVENTS = 5  # per attempt
LOAD = 25  # acknowledged attempts before each kill, at least


@dataclass
class Sender:
    """Sends batches without pause over one connection, as the tracker does: same ids again until acknowledged.

    One batch in ten is sent again although it was acknowledged. Names of attempts are unique. begun_at: start of each
    attempt (s, monotonic clock). lost: attempts without a 200. refused: how many of them got a 503.
    """

    port: int
    name: str
    stop: threading.Event
    random: Random
    answered: dict[str, list[str]] = field(default_factory=dict)
    begun_at: dict[str, float] = field(default_factory=dict)
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
        self._disconnect()

    def _send(self, ids: list[str], attempt: str) -> bool:
        events = [{"eventName": "x", "eventId": i, "clientId": self.name, "properties": {"try": attempt}} for i in ids]
        self.begun_at[attempt] = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            headers = {"Content-Type": "application/json"}
            self._connection.request("POST", "/clickstream", json.dumps(events), headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self.lost.add(attempt)
            self._disconnect()
            time.sleep(0.02)
            return False
        if response.status == 200:
            self.answered[attempt] = ids
            return True
        assert response.status == 503, "input never causes another 5xx"
        self.lost.add(attempt)
        self.refused += 1
        time.sleep(0.05)
        return False

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def under_load(platform: Platform, senders: int, seed: str = "") -> Iterator[list[Sender]]:
    """Run senders during the block."""
    stop = threading.Event()
    running = [
        Sender(platform.collector_port, f"c{number}", stop, Random(f"{seed}{number}")) for number in range(senders)
    ]
    threads = [threading.Thread(target=sender.run) for sender in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def acknowledged(senders: Sequence[Sender]) -> set[str]:
    """Return the ids of all acknowledged events."""
    return {name for sender in senders for ids in sender.answered.values() for name in ids}


def lost(senders: Sequence[Sender]) -> int:
    """Return the number of attempts without a 200."""
    return sum(len(sender.lost) for sender in senders)


def wait_for_load(senders: Sequence[Sender], more: int = LOAD) -> None:
    """Wait until this many more attempts are acknowledged."""
    wanted = sum(len(sender.answered) for sender in senders) + more
    wait_until(lambda: sum(len(sender.answered) for sender in senders) >= wanted, "load")


def wait_until_felt(senders: Sequence[Sender], lost_before: int) -> None:
    """Wait until more attempts have failed than before."""
    wait_until(lambda: lost(senders) > lost_before, "attempt that fails")


def assert_exactly_once(platform: Platform, acknowledged: set[str], passes: int = 1) -> None:
    """Assert that the warehouse has every acknowledged event, no event twice, and that the ledger agrees.

    passes: load passes after which nothing is pending, at most. A PUT that was on its way to a bucket when the
    collector was killed was not acknowledged, and may arrive later.
    """
    for _ in range(passes):
        platform.run("etl", "run")
        ledger = platform.json("check")
        if ledger["totals"]["pending"] == 0:
            break
    assert ledger["balanced"], ledger
    assert ledger["totals"]["pending"] == 0, ledger
    rows = platform.json("query", "select source_event_id from clickstream_events", "--rows", "1000000")["rows"]
    ids = {row[0] for row in rows}
    assert len(ids) == len(rows)
    assert acknowledged <= ids


def lines_of(store: RawStore) -> list[dict[str, Any]]:
    """Return every event in the raw store, including copies."""
    keys = [day_prefix(day) + name for day in store.days() for name in store.file_names(day)]
    found = []
    for key, data in zip(keys, store.read_many(keys), strict=True):
        found += [json.loads(line) for line in (gzip.decompress(data).splitlines() if key.endswith(".gz") else [data])]
    return found


def assert_nothing_lost(senders: list[Sender], lines: list[dict[str, Any]], kills: int) -> None:
    """Assert that each acknowledged attempt is stored whole and once, and that other lines come from lost attempts."""
    stored = Counter((line["eventId"], line["properties"]["try"]) for line in lines)
    answered = {attempt: ids for sender in senders for attempt, ids in sender.answered.items()}
    unanswered = {attempt for sender in senders for attempt in sender.lost}
    assert len(answered) >= LOAD * kills, "there was load"
    assert len(unanswered) >= kills, "the kills were felt"
    missing = [attempt for attempt, ids in answered.items() if any(not stored[name, attempt] for name in ids)]
    assert missing == []
    assert {attempt for _, attempt in stored} <= answered.keys() | unanswered
    doubled = [copy for copy, count in stored.items() if count > 1]
    assert doubled == [], "an object is written under one name, also after a crash"
