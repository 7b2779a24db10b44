from __future__ import annotations

from collections.abc import Iterator

import pytest

from clickstream.warehouse.duckdb import DuckWarehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckWarehouse]:
    """One warehouse for all tests here: `fill` empties it first."""
    with DuckWarehouse.open(tmp_path_factory.mktemp("metrics") / "warehouse.duckdb", threads=1) as opened:
        yield opened
