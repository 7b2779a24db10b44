"""A real `clickstream forget`, killed at random moments: the ledger balances, and the next one completes it."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from clickstream.etl.erasure.raw_store import open_receipts
from clickstream.raw.store import LocalStore
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.etl.warehouses import contents

PEOPLE = ("anna", "berta", "cleo")


def command(data: Path, person: str) -> list[str]:
    return [sys.executable, "-m", "clickstream", "forget", "--user-id", person, "--yes", "--data", str(data)]


def fill(pipeline: Pipeline) -> None:
    for batch in range(60):
        events = [
            received(
                pipeline.clock.now,
                userId=PEOPLE[(batch + number) % 3],
                clientId=f"c{number}",
                eventId=f"{batch}.{number}",
            )
            for number in range(40)
        ]
        pipeline.put_batch([*events, events[0]], ago_s=batch)
    pipeline.load()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_an_erasure_killed_at_any_moment_is_completed_by_the_next_one(tmp_path: Path, seed: int) -> None:
    random, clock = Random(seed), Clock(datetime.now(UTC))
    with open_pipeline(tmp_path, clock) as pipeline:
        fill(pipeline)
    started = time.monotonic()
    subprocess.run(command(tmp_path, "unknown"), check=True, capture_output=True)
    usual_s = time.monotonic() - started
    store = LocalStore(tmp_path / "raw")
    for person in ("anna", "berta"):
        for _ in range(3):
            running = subprocess.Popen(command(tmp_path, person), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.5, 1.2) * usual_s)
            running.kill()
            running.wait()
            with open_pipeline(tmp_path, clock) as pipeline:
                assert pipeline.ledger().is_balanced
        done = subprocess.run(command(tmp_path, person), check=True, capture_output=True, text=True)
        assert "nothing is left" in done.stdout
    assert open_receipts(store) == []
    with open_pipeline(tmp_path, clock) as pipeline, open_pipeline(tmp_path / "again", clock) as again:
        for key in store.keys("events/"):
            again.store.put([(key, store.read(key))])
        again.load()
        assert contents(again.warehouse) == contents(pipeline.warehouse)
        assert {row[0] for row in pipeline.rows("select user_id from clickstream_events")} == {"cleo"}
