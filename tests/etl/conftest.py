from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline
from tests.postgres import Cluster


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock, server: Cluster | None) -> Iterator[Pipeline]:
    with open_pipeline(tmp_path, clock, server) as opened:
        yield opened
