"""The tracker in a real browser, with a real collector: fixtures. One collector a session, one profile a test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clickstream.collect.tracker import FOLDER
from tests.tracker.site import Stand, Visit, open_stand, patient

TRACKER = Path(__file__).parents[2] / "tracker"


@pytest.fixture(scope="session")
def node() -> str:
    """A Node that can run the tracker's own tests: on PATH, else the one that set-up installed."""
    found = subprocess.run([str(TRACKER / "node.sh"), "--which"], capture_output=True, text=True, check=False)
    if found.returncode != 0 or not (TRACKER / "node_modules").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("no Node, or the tracker was not built: make setup")
        pytest.skip("no Node, or the tracker was not built: make setup")
    return found.stdout.strip()


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    assert (FOLDER / "clickstream.js").exists(), "the tracker was not built: make setup"
    with open_stand(tmp_path_factory.mktemp("stand")) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, stand: Stand, request: pytest.FixtureRequest) -> Iterator[Visit]:
    context = patient(browser.new_context())
    yield Visit(stand, context, folder_of(request.node.name), stand.site.origin)
    context.close()


def folder_of(test: str) -> str:
    return re.sub(r"\W+", "-", test.removeprefix("test_"))[:80].strip("-")
