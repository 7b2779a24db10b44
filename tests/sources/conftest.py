from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.planned_collector import PlannedCollector


@pytest.fixture
def collector() -> Iterator[PlannedCollector]:
    """A collector that accepts everything until its `plan` is replaced."""
    server = PlannedCollector()
    yield server
    server.close()
