"""Fixtures that every room's tests share: a folder as the raw store, a DuckDB file, a clock one can set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def ns(self) -> int:
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "raw")
    store.prepare()
    return store


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckWarehouse]:
    with DuckWarehouse.open(tmp_path / "warehouse.duckdb", threads=1) as opened:
        yield opened
