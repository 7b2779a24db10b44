"""Rewrites a DuckDB file without its unused blocks.

In: the path of a file that no process holds. Out: the same tables in a smaller file. DuckDB keeps unused blocks, and
with them bytes of deleted rows, until new rows need the space: after an erasure, only a new file surely lacks them.
Guarantee: the old file exists until the new one is whole and on disk; a crash leaves one of the two.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from clickstream.durable import sync
from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.warehouse.duckdb import opening_error, quoted, remove_database


def compact(path: Path) -> tuple[int, int]:
    """Compact the file; return its size in bytes before and after.

    Raises WarehouseBusyError when a process holds the file, WarehouseError when it cannot be compacted.
    """
    if not path.exists():
        raise WarehouseError(f"compacting the warehouse {path}", "the file does not exist", "check the path")
    before = path.stat().st_size
    fresh = path.with_name(f"{path.name}.compact")
    remove_database(fresh)
    try:
        with duckdb.connect() as copier:
            copier.execute("set TimeZone = 'UTC'")
            copier.execute(f"attach {quoted(path)} as old")
            copier.execute("checkpoint old")
            copier.execute("detach old")
            # This holds the file, so that no process writes to it, and leaves no log beside it when it closes.
            copier.execute(f"attach {quoted(path)} as old (read_only)")
            if path.with_name(f"{path.name}.wal").exists():
                raise WarehouseBusyError(str(path), "a process that opened it meanwhile")
            copier.execute(f"attach {quoted(fresh)} as fresh")
            copier.execute("copy from database old to fresh")
            copier.execute("checkpoint fresh")
            copier.execute("detach fresh")
            sync(fresh)
            fresh.replace(path)
            sync(path.parent)
    except BaseException as error:  # Ctrl-C too: it is a copy of all data, which no erasure would reach
        remove_database(fresh)
        if isinstance(error, duckdb.Error):
            raise opening_error(path, error) from error
        raise
    return before, path.stat().st_size
