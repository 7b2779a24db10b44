"""A simulated world that was sent once to a real collector, and loaded into a warehouse of each engine, with a mart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clickstream.mart.file import Mart
from clickstream.mart.refresh import build
from tests.conftest import Clock
from tests.e2e.platform import Platform
from tests.etl.pipeline import Pipeline, open_pipeline
from tests.postgres import Cluster
from tests.sources.simulate.story_events import Story, make_story


@dataclass
class SentWorld:
    """raw: what the collector stored. sent: the output of `--json`. truth: the file of `--truth`."""

    raw: Path
    sent: dict[str, Any]
    truth: dict[str, Any]

    def story(self) -> Story:
        return make_story(self.truth["simulated"])


def send_world(folder: Path, *options: str) -> SentWorld:
    """Simulate with these options against a new collector."""
    platform = Platform(folder / "data")
    truth = folder / "truth.json"
    try:
        platform.start_collector()
        sent = platform.json("simulate", "--collector", platform.collector_url, "--truth", str(truth), *options)
    finally:
        platform.close()
    return SentWorld(platform.data / "raw", sent, json.loads(truth.read_text("utf-8")))


@dataclass
class LoadedWorld(Pipeline):
    """A pipeline that loaded a world, with its mart."""

    mart: Mart


@contextmanager
def loaded_world(folder: Path, world: SentWorld, server: Cluster | None = None) -> Iterator[LoadedWorld]:
    shutil.copytree(world.raw, folder / "raw")
    with (
        open_pipeline(folder, Clock(datetime.now(UTC)), server) as pipeline,
        Mart.open(folder / "mart.duckdb") as mart,
    ):
        pipeline.load()
        build(mart, pipeline.warehouse)
        yield LoadedWorld(**vars(pipeline), mart=mart)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> SentWorld:
    """Two weeks of 2024 with a change of clocks in the middle, long over.

    A request of 5 s or more, on a machine that is too busy, moves its events: then everything is sent again.
    """
    when = ("--from", "2024-03-25", "--days", "14", "--tz", "Europe/Berlin")
    for _ in range(3):
        sent = send_world(tmp_path_factory.mktemp("world"), "--visitors", "300", "--seed", "a small shop", *when)
        if sent.sent["slow_requests"] == 0:
            break
    return sent


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory, world: SentWorld) -> Iterator[LoadedWorld]:
    """The world in DuckDB. The metrics are asked here only: the mart of either engine is the same (tests/mart)."""
    with loaded_world(tmp_path_factory.mktemp("counted"), world) as opened:
        yield opened


@pytest.fixture(scope="session")
def loaded(
    tmp_path_factory: pytest.TempPathFactory, world: SentWorld, server: Cluster | None, request: pytest.FixtureRequest
) -> Iterator[LoadedWorld]:
    """The world in a warehouse of each engine."""
    if server is None:
        yield request.getfixturevalue("counted")
        return
    with loaded_world(tmp_path_factory.mktemp("loaded"), world, server) as opened:
        yield opened


@pytest.fixture(scope="session")
def story(world: SentWorld) -> Story:
    return world.story()
