"""Warehouses of every engine for the tests that run on all of them.

A PostgreSQL's databases go back to their cluster when it is closed.
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
    """An empty warehouse: a file in `folder`, or a database of `cluster` when one is given."""
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
