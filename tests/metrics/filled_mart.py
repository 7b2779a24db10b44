"""A mart with its warehouse, which tests fill with plain events."""

from __future__ import annotations

from collections.abc import Sequence

from tests.metrics.filling import fill
from tests.metrics.oracle import Event

from clickstream.mart.file import Mart
from clickstream.mart.refresh import build
from clickstream.warehouse.duckdb import DuckWarehouse


class FilledMart(Mart):
    """A mart of a DuckDB warehouse. What other engines give is the same mart: tests/mart compares them."""

    warehouse: DuckWarehouse

    def fill(self, events: Sequence[Event], loads: int = 1) -> list[Event]:
        """Empty the warehouse, insert these events, and build the mart. Return them as stored, in event order."""
        rows = fill(self.warehouse, events, loads)
        build(self, self.warehouse)
        return rows
