"""Fixtures that every room's tests share: a folder as the raw store, a warehouse, a clock one can set.

`warehouse` is a DuckDB file unless a room's own conftest says otherwise; `engine` runs a test once on each engine.
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
from tests.postgres import Cluster, binaries, running_cluster
from tests.seaweed import BUCKET, Seaweed, running_seaweed

T = TypeVar("T")
# How long an example takes is the machine's affair; what it shows is the code's.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def ns(self) -> int:
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this test process."""
    programs = binaries()
    if programs is None:
        reason = "there is no PostgreSQL to test with: make setup"
        if os.environ.get("CI") == "true":
            raise AssertionError(reason)
        pytest.skip(reason)
    with running_cluster(programs) as running:
        yield running


def pytest_configure() -> None:
    """Programs that tests start have the usual signals, also when the tests run in the background or under nohup.

    There a shell has SIGINT or SIGHUP ignored, which programs inherit; a handler they do not.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `engine`, or for what needs it, runs on each; a module may name its own in ENGINES."""
    if "engine" in metafunc.fixturenames:
        engines = getattr(metafunc.module, "ENGINES", ("duckdb", "postgres"))
        metafunc.parametrize("engine", engines, scope="session")


@pytest.fixture(scope="session")
def server(engine: Engine, request: pytest.FixtureRequest) -> Cluster | None:
    """Where databases of this engine live; None for DuckDB, whose databases are files."""
    found: Cluster | None = request.getfixturevalue("cluster") if engine == "postgres" else None
    return found


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
    with DuckWarehouse.open(tmp_path / "warehouse.duckdb", threads=1) as opened:
        yield opened


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """A real S3 server, started for the first test that asks for it."""
    with running_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def s3_store(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """An empty raw store of its own on the S3 server; the environment holds the keys to it."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    store = S3Store(Bucket(BUCKET, uuid4().hex, seaweed.endpoint))
    store.prepare()
    return store


def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Run on a thread of its own: this one may have the loop of a browser that other tests use."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
