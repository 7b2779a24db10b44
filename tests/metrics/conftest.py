from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.engines import empty_warehouse
from tests.postgres import Cluster

from clickstream.warehouse.contract import Warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory, server: Cluster | None) -> Iterator[Warehouse]:
    """One warehouse of each engine for all tests here: `fill` empties it first."""
    with empty_warehouse(tmp_path_factory.mktemp("metrics"), server) as opened:
        yield opened
