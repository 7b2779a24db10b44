"""Collector and ETL read the examples of contract/ as the examples state. Node checks them against the schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from clickstream.collect.envelope import Envelope, read_envelope
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received
from tests.tracker.conftest import TRACKER

CONTRACT = TRACKER.parent / "contract"
EXAMPLES = sorted([*CONTRACT.glob("good/*.json"), *CONTRACT.glob("bad/*.json")])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str | None]:
    """The field_errors of every example that the collector accepts, after the real ETL."""
    clock = Clock()
    with open_pipeline(tmp_path_factory.mktemp("contract"), clock) as pipeline:
        keys = {}
        for path in EXAMPLES:
            for event in judge(path).accepted:
                keys[pipeline.put_batch([{**event, "_ingest": received(clock())["_ingest"]}])] = path
        pipeline.load()
        return {
            keys[key]: errors
            for key, errors in pipeline.rows("select raw_object, field_errors from clickstream_events")
        }


def judge(path: Path) -> Envelope:
    event = json.loads(path.read_text("utf-8"))["event"]
    return read_envelope(json.dumps({"events": [event]}).encode(), lambda: str(uuid4()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_example_is_refused_or_loads_as_it_states(path: Path, loaded: dict[Path, str | None]) -> None:
    example: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert (path.parent.name == "good") is (len(example) == 1)
    codes = [rejection.code for rejection in judge(path).rejected]
    assert codes == [code for code in [example.get("rejected")] if code]
    if not codes:
        assert loaded[path] == (",".join(example.get("fieldErrors", [])) or None)


def test_unit_tests_of_the_tracker_pass(node: str) -> None:
    tests = sorted(map(str, (TRACKER / "test").glob("*.test.mjs")))
    done = subprocess.run(
        [node, "--test", *tests], capture_output=True, text=True, timeout=600, check=False, cwd=TRACKER
    )
    assert done.returncode == 0, done.stdout + done.stderr
