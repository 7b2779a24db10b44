from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.metrics.filled_mart import FilledMart

from clickstream.warehouse.duckdb import DuckWarehouse


@pytest.fixture(scope="session")
def mart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledMart]:
    """One mart for all tests here: `fill` empties it first."""
    folder: Path = tmp_path_factory.mktemp("metrics")
    opened = DuckWarehouse.open(folder / "warehouse.duckdb", threads=1)
    with opened as warehouse, FilledMart.open(folder / "mart.duckdb") as filled:
        filled.warehouse = warehouse
        yield filled
