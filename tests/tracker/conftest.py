"""Fixtures: the tracker in Chromium with a real collector. One collector per worker, one browser profile per test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.tracker.site import TrackedSite, Visit, open_site, prepared

TRACKER = Path(__file__).parents[2] / "tracker"


@pytest.fixture(scope="session")
def node() -> str:
    """The Node that runs the tracker's unit tests: on PATH, or in .venv."""
    found = subprocess.run([str(TRACKER / "node.sh")], capture_output=True, text=True, check=False)
    if found.returncode != 0 or not (TRACKER / "node_modules").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Node or the built tracker is missing: run make setup")
        pytest.skip("Node or the built tracker is missing: run make setup")
    return found.stdout.strip()


@pytest.fixture(scope="session")
def tracked_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackedSite]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser, tracked_site: TrackedSite, request: pytest.FixtureRequest) -> Iterator[Visit]:
    context = prepared(browser.new_context())
    yield Visit(tracked_site, context, folder_of(request.node.name), tracked_site.site.origin)
    context.close()


def folder_of(test: str) -> str:
    return re.sub(r"\W+", "-", test.removeprefix("test_"))[:80].strip("-")
