"""The dashboards served over a real socket, and a real browser that opens them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request
from starlette.applications import Starlette
from starlette.routing import Mount

from clickstream import pace
from clickstream.dashboard.app import Dashboards, make_app
from clickstream.mart.keeper import MartKeeper
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.seeded import seed

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer


@dataclass
class BrowserPage:
    """A page in the browser, with the errors it reported and the requests it sent to other hosts."""

    page: Page
    origin: str
    browser_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def open(self, query: str = "", path: str = "/sbw_dashboard") -> None:
        self.page.goto(f"{self.origin}{path}{query}")

    def note_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def figure(self, key: str) -> str:
        """Return the exact value of a key figure."""
        return self.page.locator(f"#overview-card_{key} .value").get_attribute("title") or ""

    def wait_for_figure(self, key: str, value: str) -> None:
        self.page.wait_for_selector(f"#overview-card_{key} .value[title='{value}']")


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show new loads at once: how long the pauses are depends on the machine."""
    monkeypatch.setattr(pace, "PAUSES_PER_COST", 0)


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile for all tests, so that scripts are cached."""
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop_keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MartKeeper]:
    """The mart of the seeded shop, for all tests that only read."""
    folder = tmp_path_factory.mktemp("shop")
    opened = DuckWarehouse.open(folder / "warehouse.duckdb", threads=1)
    with opened as warehouse, MartKeeper(folder / "mart.duckdb", warehouse) as keeper:
        seed(warehouse)
        keeper.refresh()
        yield keeper


@pytest.fixture(scope="session")
def shop_app(shop_keeper: MartKeeper) -> Iterator[Dashboards]:
    """The dashboards of the seeded shop, for all tests that only read."""
    app = make_app(shop_keeper, ZoneInfo("UTC"), Clock())
    yield app
    app.close()


@pytest.fixture
def shop_page(profile: BrowserContext, app_server: AppServer, shop_app: Dashboards) -> Iterator[BrowserPage]:
    """A browser page for the dashboards of the seeded shop."""
    with open_page(profile, app_server, shop_app) as opened:
        yield opened


@pytest.fixture
def keeper(warehouse: DuckWarehouse, tmp_path: Path) -> Iterator[MartKeeper]:
    """The mart of this test's own warehouse, kept up to date on a thread."""
    with MartKeeper(tmp_path / "mart.duckdb", warehouse) as opened:
        opened.start()
        yield opened


@pytest.fixture
def browser_page(
    profile: BrowserContext, app_server: AppServer, keeper: MartKeeper, clock: Clock
) -> Iterator[BrowserPage]:
    """A browser page for the dashboards of this test's own warehouse."""
    app = make_app(keeper, ZoneInfo("UTC"), clock)
    with open_page(profile, app_server, app) as opened:
        yield opened
    app.close()


@contextmanager
def open_page(profile: BrowserContext, app_server: AppServer, app: Dashboards) -> Iterator[BrowserPage]:
    """Open `app` at desktop size. The test fails if the browser reports an error or sends a request to another host."""
    app_server.app = Starlette(routes=[Mount("/sbw_dashboard", app)])  # mounted as in production
    opened = BrowserPage(profile.new_page(), app_server.origin)
    opened.page.on(
        "console", lambda m: opened.browser_errors.append(m.text) if m.type in ("error", "warning") else None
    )
    opened.page.on("pageerror", lambda error: opened.browser_errors.append(str(error)))
    opened.page.on("request", opened.note_request)
    yield opened
    opened.page.close()
    assert opened.browser_errors == []
    assert opened.foreign_requests == []
