"""Loaders that are killed, and loaders that run at the same time: each event once, the ledger balanced."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clickstream.etl.ledger import check
from clickstream.raw.store import LocalStore
from clickstream.warehouse import open_warehouse
from clickstream.warehouse.dialects import Engine
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.etl.warehouses import contents
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OBJECTS, LINES = 24, 50
# One pass in a process, with chunks of four objects so that there are many transactions to interrupt.
LOADER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from clickstream.etl import run
from clickstream.etl.chunk import ChunkSize
from clickstream.etl.run import Loader
from clickstream.raw.store import LocalStore
from clickstream.warehouse import open_warehouse
raw, stage, url = sys.argv[1:]
run.WHOLE_CHUNK = ChunkSize(1 << 20, objects=4)
with open_warehouse(url) as warehouse:
    loader = Loader(warehouse, LocalStore(Path(raw)), Path(stage), lambda: datetime(2026, 3, 10, 12, 30, tzinfo=UTC))
    print("ready", flush=True)
    loader.run_pass()
    loader.close()
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The objects, loaded by one undisturbed loader: every warehouse must be equal to it."""
    chance = random.Random(7)
    with open_pipeline(tmp_path_factory.mktemp("clean"), Clock(NOW + timedelta(minutes=30))) as pipeline:
        for _ in range(OBJECTS):
            pipeline.put_batch([_event(chance) for _ in range(LINES)], ago_s=chance.randint(0, 1800))
        pipeline.load()
        assert pipeline.ledger().is_balanced
        yield pipeline


def _event(chance: random.Random) -> dict[str, object]:
    moment = NOW + timedelta(seconds=chance.randint(-7200, 0))
    who = {"clientId": f"c{chance.randint(0, 9)}", "userId": chance.choice((None, "u1", "u2"))}
    name = chance.choice(("page_view", "product_view", "add_to_cart_click"))
    return received(moment, eventId=f"e{chance.randint(0, 1500)}", eventName=name, pageUrl="/p", **who)


@pytest.fixture
def url(engine: Engine, server: Cluster | None, tmp_path: Path) -> Iterator[str]:
    """Address of an empty warehouse that any process may open."""
    if server is None:
        yield f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
        return
    database = server.take()
    yield server.url(database)
    server.give_back(database)


def start_loader(clean: Pipeline, url: str, stage: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", LOADER, clean.store.location, str(stage), url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", process.communicate()[1].decode()
    return process


def assert_same(clean: Pipeline, url: str) -> None:
    with open_warehouse(url) as warehouse:
        assert check(warehouse, LocalStore(Path(clean.store.location))).is_balanced
        found, expected = contents(warehouse), contents(clean.warehouse)
    assert found == expected


def kill_and_load_again(clean: Pipeline, url: str, stage: Path, kills: int, chance: random.Random) -> None:
    for _ in range(kills):
        process = start_loader(clean, url, stage)
        time.sleep(chance.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = start_loader(clean, url, stage)
    assert process.communicate(timeout=600)[1] == b""
    assert process.returncode == 0
    assert_same(clean, url)
    assert list(stage.iterdir()) == []


def test_a_killed_loader_loses_and_doubles_nothing(clean: Pipeline, url: str, tmp_path: Path) -> None:
    kill_and_load_again(clean, url, tmp_path / "stage", 1, random.Random(1))


@pytest.mark.slow
def test_a_loader_that_is_killed_twenty_times_loses_and_doubles_nothing(
    clean: Pipeline, url: str, tmp_path: Path
) -> None:
    kill_and_load_again(clean, url, tmp_path / "stage", 20, random.Random(2))


def test_two_loaders_at_once_load_each_event_once(clean: Pipeline, cluster: Cluster, tmp_path: Path) -> None:
    database = cluster.take()
    url = cluster.url(database)
    loaders = [start_loader(clean, url, tmp_path / "stage") for _ in range(2)]
    assert [loader.communicate(timeout=600)[1] for loader in loaders] == [b"", b""]
    assert_same(clean, url)
    cluster.give_back(database)
