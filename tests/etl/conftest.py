from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline


@pytest.fixture
def pipeline(tmp_path: Path, clock: Clock) -> Iterator[Pipeline]:
    opened = open_pipeline(tmp_path, clock)
    yield opened
    opened.loader.close()
    opened.warehouse.close()
