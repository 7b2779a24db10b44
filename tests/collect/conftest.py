"""A real collector on a real port, in a thread of the test process, with a folder as its store."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from clickstream.collect.app import Collector
from clickstream.collect.intake import IntakeConfig
from clickstream.collect.objects import Layout, StoreSink
from clickstream.collect.server import MAX_CONNECTIONS, listen, server_config
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from clickstream.raw.store import LocalStore
from tests.patience import wait_until


@dataclass
class Reply:
    """A response as the client received it."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Client:
    """Sends HTTP requests to the collector, and reads what it stored."""

    port: int
    store: RawStore
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def send(self, body: Any, method: str = "POST", path: str = "/clickstream", **headers: str) -> Reply:
        """Send bytes as they are, anything else as JSON; header names in snake_case."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, data, self.headers | named)
            response = connection.getresponse()
            text = response.read()
            headers = {key.lower(): value for key, value in response.getheaders()}
            return Reply(response.status, headers, json.loads(text) if text else {})
        finally:
            connection.close()

    def stored(self) -> list[dict[str, Any]]:
        """Return every event in the raw store, in the order of the objects' names."""
        keys = [f"{day_prefix(day)}{name}" for day in self.store.days() for name in sorted(self.store.file_names(day))]
        events = []
        for key, data in zip(keys, self.store.read_many(keys), strict=True):
            lines = gzip.decompress(data).splitlines() if key.endswith(".gz") else [data]
            events += [json.loads(line) for line in lines]
        return events

    def objects(self) -> list[str]:
        return sorted(name for day in self.store.days() for name in self.store.file_names(day))

    def waiting(self) -> int:
        """Return how many requests wait until their events are durable."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as response:
            found = re.search(rb"^clickstream_waiting_requests (\d+)$", response.read(), re.MULTILINE)
        assert found is not None
        return int(found[1])


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Client]:
    with running(LocalStore(tmp_path / "raw")) as client:
        yield client


class running:  # noqa: N801 - used as a context manager, like a function
    """Run a collector that writes to `store` until the block ends. parts: fields of IntakeConfig."""

    def __init__(
        self, store: RawStore, layout: Layout = "batch", connections: int = MAX_CONNECTIONS, **parts: Any
    ) -> None:
        store.prepare()
        self.client = Client(0, store)
        sink = StoreSink(store, layout, time.time_ns)
        app = Collector(store, sink, IntakeConfig(**{"origins": ("https://shop.example",), **parts}))
        self.server = uvicorn.Server(server_config(app, connections))
        self.listener = listen(0)
        self.client.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]})

    def __enter__(self) -> Client:
        self.thread.start()
        wait_until(lambda: self.server.started)
        return self.client

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(60)
        self.listener.close()


class GatedStore(LocalStore):
    """A folder on a disk that can stall."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = threading.Event()

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        self.gate.wait(60)
        super().put(objects)
