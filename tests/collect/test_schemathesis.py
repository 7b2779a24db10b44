"""The published OpenAPI document against the running collector, checked by schemathesis.

It generates requests that the document allows and requests that it forbids, and compares the responses with it. One of
its checks is excluded: it expects 400 where the contract has 413, and where only some events of a request are accepted.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collect.conftest import Client

EXAMPLES = 40


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_responses_to_generated_requests_agree_with_the_document(collector: Client, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{collector.port}/openapi.json"
    command = [sys.executable, "-m", "schemathesis.cli", "run", url, f"--max-examples={EXAMPLES}", "--no-color"]
    done = subprocess.run(
        [
            *command,
            "--phases=examples,coverage,fuzzing",
            "--seed=1",
            "--generation-database=none",
            "--exclude-checks=negative_data_rejection",
            "--suppress-health-check=too_slow",
            "--request-timeout=60",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(collector.stored()) > EXAMPLES, "some requests were accepted"
