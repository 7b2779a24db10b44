"""The dashboards served over a real socket, and a real browser to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request
from starlette.applications import Starlette
from starlette.routing import Mount

from clickstream.dashboard.app import Dashboards, make_app
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.seeded import seed

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import Stage


@dataclass
class Look:
    """A page, and what went wrong or out of the house while it was looked at."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, query: str = "", path: str = "/sbw_dashboard") -> None:
        self.page.goto(f"{self.origin}{path}{query}")

    def note_stranger(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.strangers.append(request.url)

    def figure(self, key: str) -> str:
        """The exact value of a key figure."""
        return self.page.locator(f"#overview-card_{key} .value").get_attribute("title") or ""

    def wait_for_figure(self, key: str, value: str) -> None:
        self.page.wait_for_selector(f"#overview-card_{key} .value[title='{value}']")


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One profile for all tests: its cache holds the scripts."""
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboards]:
    """The dashboards of the seeded shop, for all tests that only look."""
    with DuckWarehouse.open(tmp_path_factory.mktemp("shop") / "warehouse.duckdb", threads=1) as warehouse:
        seed(warehouse)
        app = make_app(warehouse, ZoneInfo("UTC"), Clock())
        yield app
        app.close()


@pytest.fixture
def shop(profile: BrowserContext, stage: Stage, shop_app: Dashboards) -> Iterator[Look]:
    """A browser in front of the seeded shop's dashboards."""
    with looking(profile, stage, shop_app) as look:
        yield look


@pytest.fixture
def look(profile: BrowserContext, stage: Stage, warehouse: DuckWarehouse, clock: Clock) -> Iterator[Look]:
    """A browser in front of the dashboards of this test's own warehouse."""
    app = make_app(warehouse, ZoneInfo("UTC"), clock)
    with looking(profile, stage, app) as look:
        yield look
    app.close()


@contextmanager
def looking(profile: BrowserContext, stage: Stage, app: Dashboards) -> Iterator[Look]:
    """A page at desktop size on `app`. Whatever the browser complains of, or asks of another host, fails the test."""
    stage.app = Starlette(routes=[Mount("/sbw_dashboard", app)])  # mounted as in production
    look = Look(profile.new_page(), stage.origin)
    look.page.on("console", lambda m: look.complaints.append(m.text) if m.type in ("error", "warning") else None)
    look.page.on("pageerror", lambda error: look.complaints.append(str(error)))
    look.page.on("request", look.note_stranger)
    yield look
    look.page.close()
    assert look.complaints == []
    assert look.strangers == []
