"""A PostgreSQL server for the benchmarks: the binaries of the tests, with durable settings and typical memory.

Out: an open, empty warehouse on the benchmark's disk, and COPY into and out of it. fsync stays on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.postgres import PostgresCursor, PostgresWarehouse

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import binaries, running_cluster

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "log_min_messages": "fatal",  # no process reads the log: a full pipe would block the server
}


@contextmanager
def postgres_warehouse(folder: Path) -> Iterator[PostgresWarehouse]:
    """Open an empty warehouse on a server that runs until the block ends, with its files below `folder`."""
    programs = binaries()
    if programs is None:
        raise SystemExit("no PostgreSQL found: run make setup")
    folder.chmod(0o755)  # the server runs as another user than root
    with running_cluster(programs, folder.resolve(), SETTINGS) as cluster:
        with cluster.admin() as owner:
            owner.execute("create database bench")
        with PostgresWarehouse.open(cluster.url("bench")) as warehouse:
            yield warehouse


def copy_out(cursor: Cursor, table: str, file: BinaryIO) -> None:
    """Write a table as CSV."""
    assert isinstance(cursor, PostgresCursor)
    with cursor.connection.cursor() as raw, raw.copy(f"copy {table} to stdout (format csv)".encode()) as copy:
        for block in copy:
            file.write(block)


def copy_in(warehouse: PostgresWarehouse, table: str, path: Path) -> None:
    """Append a CSV file to a table, in one transaction."""
    with warehouse.transaction() as cursor:
        cursor.copy_csv(table, path)
