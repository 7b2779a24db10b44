from __future__ import annotations

from pathlib import Path

import pytest

from clickstream.raw.contract import RawStore
from clickstream.raw.store import LocalStore


@pytest.fixture
def folder(tmp_path: Path) -> LocalStore:
    made = LocalStore(tmp_path / "raw")
    made.prepare()
    return made


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> RawStore:
    """Each kind of store in turn: all keep the same promises."""
    made: RawStore = request.getfixturevalue("folder" if request.param == "folder" else "s3_store")
    return made
