"""A DuckDB warehouse for benchmarks, loaded by the real ETL, and work in a separate process.

A process that has run the ETL keeps some of its memory, so that a peak is only meaningful in a process that did not.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from _generator import START, write_batches
from clickstream.etl.run import Loader
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse

FILE, RAW = "warehouse.duckdb", "raw"
P = ParamSpec("P")
R = TypeVar("R")


def in_child(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function of a module in a new process, and return its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def make_warehouse(folder: Path, events: int, days: int) -> None:
    """Write `events` events over `days` days as raw objects below `folder`, and load them into a DuckDB warehouse."""
    write_batches(folder / RAW, events, days)
    with DuckWarehouse.open(folder / FILE) as warehouse:
        load_all(warehouse, folder, days)


def load_all(warehouse: Warehouse, folder: Path, days: int) -> None:
    """Load all raw objects below `folder` in one pass."""
    after = START + timedelta(days=days + 3)
    with closing(Loader(warehouse, LocalStore(folder / RAW), folder / "stage", lambda: after)) as loader:
        loader.run_pass()
