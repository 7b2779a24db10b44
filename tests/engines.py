"""An empty warehouse of either engine, for tests that run on both.

A PostgreSQL database returns to its cluster when the warehouse is closed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.postgres import Cluster


@cache
def _migrated() -> bytes:
    """Return the content of an empty DuckDB file with the schema: a copy takes half as long as the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        DuckWarehouse.open(path, threads=1).close()
        return path.read_bytes()


@contextmanager
def empty_warehouse(folder: Path, cluster: Cluster | None) -> Iterator[Warehouse]:
    """Open an empty warehouse: a database of `cluster` if one is given, else a DuckDB file in `folder`.

    A file that is there already is opened with what it contains.
    """
    if cluster is None:
        path = folder / "warehouse.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(_migrated())
        with DuckWarehouse.open(path, threads=1) as opened:
            yield opened
        return
    database = cluster.take()
    try:
        with PostgresWarehouse.open(cluster.url(database)) as warehouse:
            yield warehouse
    finally:
        cluster.give_back(database)
