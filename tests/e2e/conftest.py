"""`platform`: the installed command on a new data directory; what it starts is stopped at the end of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import Platform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = Platform(tmp_path / "data")
    yield opened
    opened.close()
