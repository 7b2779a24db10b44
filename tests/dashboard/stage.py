"""One browser and one server for all tests that open pages: a plugin, listed in `pytest_plugins` of these tests.

Playwright can be started once per thread, and Shiny runs on one event loop per process, so all test packages share
these fixtures.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, expect, sync_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

PATIENCE_MS = 120_000  # for a browser to start, or a page to show its content: less than a second on an idle machine
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium. If it is not installed these tests are skipped; in CI they fail."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium: install it (Debian: apt-get install chromium)")
        pytest.skip("no chromium: the pages were not tested")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS), timeout=PATIENCE_MS)
        yield opened
        opened.close()


class AppServer:
    """One server for all tests, because Shiny runs on one event loop per process; each test sets its app."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.origin = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def app_server() -> Iterator[AppServer]:
    """Serve on a free loopback port."""
    opened = AppServer()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(opened, lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        opened.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield opened
        server.should_exit = True
        thread.join()
