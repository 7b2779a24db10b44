from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.warehouse.contract import Warehouse
from tests.engines import empty_warehouse
from tests.postgres import Cluster


@pytest.fixture
def any_warehouse(tmp_path: Path, server: Cluster | None) -> Iterator[Warehouse]:
    """An empty warehouse of each engine."""
    with empty_warehouse(tmp_path, server) as opened:
        yield opened


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """Name of an empty PostgreSQL database with the schema."""
    name = cluster.take()
    yield name
    cluster.give_back(name)
