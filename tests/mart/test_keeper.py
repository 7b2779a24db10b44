"""When a running keeper refreshes its mart."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clickstream.mart import keeper as keepers
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import mart_position
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, received


def load_one(pipeline: Pipeline, clock: Clock) -> int:
    pipeline.put_event(received(clock.now))
    loaded = pipeline.load().load_id
    assert loaded is not None
    return loaded


def wait_for(keeper: MartKeeper, load_id: int, seconds: float = 30) -> bool:
    """Wait until the mart shows a load."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if mart_position(keeper.mart).load_id >= load_id:
            return True
        pause.wait(0.01)
    return False


def test_a_load_is_shown_at_once_while_anyone_watches(
    pipeline: Pipeline, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "PAUSE_S", 600.0)
    monkeypatch.setattr(keepers, "UNWATCHED_PAUSE_S", 600.0)
    first = load_one(pipeline, clock)
    with MartKeeper(tmp_path / "watched.duckdb", pipeline.warehouse) as keeper:
        keeper.start()
        assert wait_for(keeper, first)
        second = load_one(pipeline, clock)
        keeper.notice_load()
        assert not wait_for(keeper, second, seconds=0.3), "it is not watched"
        keeper.add_watcher()
        assert wait_for(keeper, second)
        third = load_one(pipeline, clock)
        keeper.notice_load()
        assert wait_for(keeper, third)
