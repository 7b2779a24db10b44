from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.mart.file import Mart
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline
from tests.postgres import Cluster


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened


@pytest.fixture
def mart(tmp_path: Path) -> Iterator[Mart]:
    with Mart.open(tmp_path / "mart.duckdb") as opened:
        yield opened
