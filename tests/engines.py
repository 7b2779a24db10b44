"""An empty warehouse of either engine, for tests that run on both.

A PostgreSQL database returns to its cluster when the warehouse is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.postgres import Cluster


@contextmanager
def empty_warehouse(folder: Path, cluster: Cluster | None) -> Iterator[Warehouse]:
    """Open an empty warehouse: a database of `cluster` if one is given, else a DuckDB file in `folder`."""
    if cluster is None:
        with DuckWarehouse.open(folder / "warehouse.duckdb", threads=1) as opened:
            yield opened
        return
    database = cluster.take()
    try:
        with PostgresWarehouse.open(cluster.url(database)) as warehouse:
            yield warehouse
    finally:
        cluster.give_back(database)
