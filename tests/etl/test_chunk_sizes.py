"""Chunks begin small after a start or a failure and grow, so that a loader that is killed often makes progress."""

from __future__ import annotations

from typing import Any

import pytest

from clickstream.errors import WarehouseError
from clickstream.etl import load as loading
from clickstream.etl import run
from clickstream.etl.chunk import FIRST_CHUNK, GROWTH, SHORT_CHUNK, WHOLE_CHUNK, ChunkSizes
from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)
FEW = FIRST_CHUNK.objects


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of objects of the chunks that are loaded; the first one of more than FEW objects fails."""
    counts: list[int] = []

    def load(warehouse: Any, parsed: Any, stamp: Any) -> loading.Load:
        counts.append(len(parsed.chunk.objects))
        if counts[-1] > FEW and sum(count > FEW for count in counts) == 1:
            raise WarehouseError("writing the warehouse", "the server ended the connection")
        return loading.load(warehouse, parsed, stamp)

    monkeypatch.setattr(run, "load", load)
    return counts


def test_sizes_grow_up_to_the_limit() -> None:
    sizes = ChunkSizes()
    assert sizes.take(WHOLE_CHUNK) == FIRST_CHUNK
    assert sizes.take(WHOLE_CHUNK).objects == GROWTH * FIRST_CHUNK.objects
    assert [sizes.take(WHOLE_CHUNK) for _ in range(5)][-1] == WHOLE_CHUNK
    assert sizes.take(SHORT_CHUNK) == SHORT_CHUNK
    sizes.restart()
    assert sizes.take(WHOLE_CHUNK) == FIRST_CHUNK


def test_a_failed_chunk_is_tried_again_in_small_ones(pipeline: Pipeline, chunks: list[int]) -> None:
    for number in range(2 * FEW + 10):
        pipeline.put_event(received(pipeline.clock.now, eventId=f"e{number}"), ago_s=number)
    with pytest.raises(WarehouseError):
        pipeline.load()
    pipeline.load()
    assert chunks == [FEW, FEW + 10, FEW, 10]
    assert pipeline.totals() == {"accepted": 2 * FEW + 10, "loaded": 2 * FEW + 10}


def test_passes_without_new_objects_do_not_grow_chunks(pipeline: Pipeline, chunks: list[int]) -> None:
    for _ in range(3):
        pipeline.load()
    for number in range(FEW + 1):
        pipeline.put_event(received(pipeline.clock.now, eventId=f"e{number}"), ago_s=number)
    pipeline.load()
    assert chunks == [FEW, 1]
