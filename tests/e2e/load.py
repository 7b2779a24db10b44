"""Load on a running platform, and the proof that nothing of it was lost or doubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.e2e.platform import Platform


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


def assert_exactly_once(platform: Platform, acknowledged: set[str]) -> None:
    """Every acknowledged event is in the warehouse, no event is there twice, and the ledger says the same."""
    platform.run("etl", "run")
    (counted,) = platform.json("query", "select count(*), count(distinct source_event_id) from clickstream_events")[
        "rows"
    ]
    assert counted[0] == counted[1]
    loaded: set[str] = set()
    for client in {name.split("-")[0] for name in acknowledged}:
        sql = f"select source_event_id from clickstream_events where client_id = '{client}'"
        loaded |= {row[0] for row in platform.json("query", sql, "--rows", "1000000")["rows"]}
    assert acknowledged <= loaded
    ledger = platform.json("check")
    assert ledger["balanced"]
    assert ledger["totals"]["pending"] == 0
