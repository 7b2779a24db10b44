"""The warehouse: one adapter per engine, the schema, and SQL that is written once for both.

`open_warehouse` opens the one that a URL names. Entry points call it; everything below them receives the Warehouse.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clickstream.warehouse.contract import Warehouse

DUCKDB = "duckdb:///"
MEMORY_MB = 256
"""MiB that DuckDB may use, including the blocks of the file that it has read; the rest is read again, or spilled."""


def open_warehouse(url: str, memory_mb: int = MEMORY_MB) -> Warehouse:
    """Open the warehouse at `duckdb:///relative`, `duckdb:////absolute` or `postgresql://…`, its schema up to date.

    memory_mb: the limit of DuckDB; PostgreSQL has its own settings.
    Raises WarehouseError; WarehouseBusyError when another process holds the DuckDB file.
    """
    # Each process loads only the driver of its engine.
    if url.startswith(DUCKDB):
        from clickstream.warehouse.duckdb import DuckWarehouse  # noqa: PLC0415

        return DuckWarehouse.open(Path(url.removeprefix(DUCKDB)), memory_mb=memory_mb)
    from clickstream.warehouse.postgres import PostgresWarehouse  # noqa: PLC0415

    return PostgresWarehouse.open(url)
