"""Opens the warehouse that a URL names. Entry points call it; all others are given what it returns.

In: `duckdb:///relative`, `duckdb:////absolute` or `postgresql://…`. Out: an open Warehouse with its schema up to date.
"""

from __future__ import annotations

from pathlib import Path

from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import MEMORY_MB, DuckWarehouse

DUCKDB = "duckdb:///"


def open_warehouse(url: str, memory_mb: int = MEMORY_MB) -> Warehouse:
    """Open it. Raises WarehouseError; WarehouseBusyError when another process holds the DuckDB file.

    memory_mb: what DuckDB may hold; PostgreSQL has its own settings.
    """
    if url.startswith(DUCKDB):
        return DuckWarehouse.open(Path(url.removeprefix(DUCKDB)), memory_mb=memory_mb)
    from clickstream.warehouse.postgres import PostgresWarehouse  # noqa: PLC0415 - the embedded default does not load it

    return PostgresWarehouse.open(url)
