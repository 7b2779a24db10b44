"""Load on a running platform, and the proof that nothing of it was lost or doubled.

A `Client` knows what was acknowledged. A `Sender` also marks each attempt to send, so that every line in the raw store
belongs to a known attempt: `assert_nothing_lost` compares the two, `assert_exactly_once` looks into the warehouse.
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
from http.client import HTTPException
from random import Random
from typing import Any

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from tests.e2e.platform import Platform
from tests.patience import wait_until

EVENTS = 5
LOAD = 25  # attempts that are answered before a kill, at least


@dataclass
class Client:
    """Sends batches without pause; one that was not answered is sent again with the same ids, as the tracker does."""

    platform: Platform
    name: str
    stop: threading.Event
    acknowledged: set[str] = field(default_factory=set)
    repeated: int = 0

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            ids = [f"{self.name}-{number + offset}" for offset in range(5)]
            number += 5
            while not self._post(ids) and not self.stop.is_set():
                self.repeated += 1
                time.sleep(0.02)

    def _post(self, ids: list[str]) -> bool:
        try:
            self.platform.post([{"eventName": "x", "eventId": name, "clientId": self.name} for name in ids])
        except (OSError, HTTPException):
            return False
        self.acknowledged.update(ids)
        return True


@dataclass
class Sender:
    """Sends batches over one connection; what was not answered goes out again, and now and then what was, too.

    begun_at: when each attempt was begun (s, of the monotonic clock).
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
        self._hang_up()

    def _send(self, ids: list[str], attempt: str) -> bool:
        events = [{"eventName": "x", "eventId": i, "clientId": self.name, "properties": {"try": attempt}} for i in ids]
        self.begun_at[attempt] = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
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


@contextmanager
def under_load(platform: Platform, clients: int) -> Iterator[list[Client]]:
    """Clients that send as long as the block runs."""
    stop = threading.Event()
    running = [Client(platform, f"client{number}", stop) for number in range(clients)]
    threads = [threading.Thread(target=client.run) for client in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def wait_for_events(clients: Sequence[Client], more: int) -> None:
    """Until so many more events were acknowledged."""
    wanted = sum(len(client.acknowledged) for client in clients) + more
    wait_until(lambda: sum(len(client.acknowledged) for client in clients) >= wanted, "load")


def wait_until_felt(clients: Sequence[Client], repeated: int) -> None:
    """Until the clients have sent again more often than that."""
    wait_until(lambda: sum(client.repeated for client in clients) > repeated, "batch that is sent again")


def assert_exactly_once(platform: Platform, acknowledged: set[str], passes: int = 1) -> None:
    """Every acknowledged event is in the warehouse, no event is there twice, and the ledger says the same.

    passes: after how many at the latest nothing is pending. What a collector had sent to a bucket when it was killed
    was not acknowledged, and may land there after its death.
    """
    for _ in range(passes):
        platform.run("etl", "run")
        ledger = platform.json("check")
        if ledger["totals"]["pending"] == 0:
            break
    assert ledger["balanced"], ledger
    assert ledger["totals"]["pending"] == 0, ledger
    (counted,) = platform.json("query", "select count(*), count(distinct source_event_id) from clickstream_events")[
        "rows"
    ]
    assert counted[0] == counted[1]
    loaded: set[str] = set()
    for client in {name.split("-")[0] for name in acknowledged}:
        sql = f"select source_event_id from clickstream_events where client_id = '{client}'"
        loaded |= {row[0] for row in platform.json("query", sql, "--rows", "1000000")["rows"]}
    assert acknowledged <= loaded


def wait_for_load(senders: Sequence[Sender], more: int) -> None:
    """Until so many more attempts were answered."""
    wanted = sum(len(sender.answered) for sender in senders) + more
    wait_until(lambda: sum(len(sender.answered) for sender in senders) >= wanted, "load")


def lines_of(store: RawStore) -> list[dict[str, Any]]:
    """Every event in the raw store, copies too."""
    keys = [day_prefix(day) + name for day in store.days() for name in store.file_names(day)]
    found = []
    for key, data in zip(keys, store.read_many(keys), strict=True):
        found += [json.loads(line) for line in (gzip.decompress(data).splitlines() if key.endswith(".gz") else [data])]
    return found


def assert_nothing_lost(senders: list[Sender], lines: list[dict[str, Any]], kills: int) -> None:
    stored = Counter((line["eventId"], line["properties"]["try"]) for line in lines)
    answered = {attempt: ids for sender in senders for attempt, ids in sender.answered.items()}
    lost = {attempt for sender in senders for attempt in sender.lost}
    assert len(answered) >= LOAD * kills, "there was load"
    assert len(lost) >= kills, "the kills were felt"
    missing = [attempt for attempt, ids in answered.items() if any(not stored[name, attempt] for name in ids)]
    assert missing == []
    assert {attempt for _, attempt in stored} <= answered.keys() | lost
    doubled = [place for place, count in stored.items() if count > 1]
    assert doubled == [], "an object is written under one name, also after a crash"
