"""Shared fixtures: raw store, warehouse, clock, and the servers that tests need (PostgreSQL, S3).

`warehouse` is a DuckDB file unless the conftest of a package overrides it; `engine` runs a test once per engine.
Each worker of a run starts a server once, when the first test needs it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import hypothesis
import pytest

from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import LocalStore
from clickstream.warehouse.dialects import Engine
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.engines import empty_warehouse
from tests.postgres import Cluster, binaries, running_cluster
from tests.seaweed import BUCKET, Seaweed, running_seaweed

T = TypeVar("T")
# Examples have no time limit: how long they take depends on the machine.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@dataclass
class Clock:
    """A clock that advances only by `forward`."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def ns(self) -> int:
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL server of this worker."""
    programs = binaries()
    if programs is None:
        reason = "PostgreSQL is not installed; run make setup"
        if os.environ.get("CI") == "true":
            raise AssertionError(reason)
        pytest.skip(reason)
    with running_cluster(programs) as running:
        yield running


def pytest_configure() -> None:
    """Give the programs that tests start the default signal handlers.

    In the background and under nohup, a shell ignores SIGINT or SIGHUP, and child processes inherit that; they do not
    inherit a handler.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run end-to-end tests first: they are the longest, and last they would leave one worker idle."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses `engine` on each engine; ENGINES in its module overrides the list.

    A test with the mark `quick_on("duckdb")` is slow on all other engines: what it proves depends little on the engine.
    """
    if "engine" in metafunc.fixturenames:
        engines = getattr(metafunc.module, "ENGINES", ("duckdb", "postgres"))
        mark = metafunc.definition.get_closest_marker("quick_on")
        quick = engines if mark is None else mark.args
        cases = [pytest.param(engine, marks=() if engine in quick else pytest.mark.slow) for engine in engines]
        metafunc.parametrize("engine", cases, scope="session")


@pytest.fixture(scope="session")
def server(engine: Engine, request: pytest.FixtureRequest) -> Cluster | None:
    """The server of this engine; None for DuckDB, whose databases are files."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if engine == "postgres" else None
    return cluster


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "raw")
    store.prepare()
    return store


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckWarehouse]:
    with empty_warehouse(tmp_path, None) as opened:
        assert isinstance(opened, DuckWarehouse)
        yield opened


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """The S3 server of this worker."""
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def s3_store(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """An empty raw store on the S3 server, under a new prefix; the environment has its credentials."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    store = S3Store(Bucket(BUCKET, uuid4().hex, seaweed.endpoint))
    store.prepare()
    return store


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on another thread: this one may already run the event loop of a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
