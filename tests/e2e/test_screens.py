"""Every screen of the dashboards, in every state, theme and size: no clipped, overlapping or low-contrast content.

Screenshots are saved in the folder SCREENS_DIR (default: a temporary one).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp

from clickstream.errors import WarehouseError
from clickstream.mart.file import Mart
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Question
from tests.conftest import Clock
from tests.e2e.screens import SIZES, TROUBLE, Case, Screen, owners

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer

pytest_plugins = ["tests.dashboard.stage"]

PAGES, THEMES = (
    (
        *("overview", "live", "acquisition", "behaviour", "products", "funnel", "retention", "customers"),
        *("visitors", "data-health", "raw-events"),
    ),
    ("light", "dark"),
)
RANKINGS = {
    **{"overview": 5, "live": 2, "acquisition": 5, "behaviour": 3, "products": 2, "funnel": 1},
    **{"customers": 4, "data-health": 2},
}
RECORDS = {"visitors": 1, "raw-events": 1}
CARDS = {"overview": 6, "live": 6, "funnel": 4, "customers": 10, "data-health": 6}
DRAWINGS = {"behaviour": 2}  # charts that are HTML
CANVASES = {"behaviour": 0, "funnel": 0, "data-health": 2, "visitors": 0, "raw-events": 0}
NOW = Clock()
# Each page once in `make test`, and the two densest in the dark on a phone; every combination in `make test-slow`.
QUICK = {
    ("empty", "overview", "light", "desktop"),
    *(("data", page, "light", "desktop") for page in PAGES),
    *(("data", page, "dark", "phone") for page in ("overview", "visitors")),
}
CASES = [
    pytest.param(
        Case(*each),
        id=str(Case(*each)),
        marks=() if each in QUICK else pytest.mark.slow,
    )
    for each in product(("data", "empty"), PAGES, THEMES, SIZES)
]
FAILING = [  # the failing Overview: tests/dashboard/test_pages.py
    pytest.param(Case("failing", "overview", "light", "desktop"), marks=pytest.mark.slow),
    Case("failing", "products", "dark", "desktop"),
]
STALE = [
    Case("stale", "overview", "light", "desktop"),
    pytest.param(Case("stale", "overview", "dark", "phone"), marks=pytest.mark.slow),
]
DAY = "from=2026-03-09&to=2026-03-10"
ONE_DAY = [
    Case("day", "overview", "light", "desktop", DAY),
    pytest.param(Case("day", "products", "light", "desktop", DAY), marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def apps(app_server: AppServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ASGIApp]]:
    with owners(tmp_path_factory.mktemp("owners"), NOW, app_server.origin) as made:
        yield made


@pytest.fixture(scope="module")
def screen(browser: Browser, app_server: AppServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    folder = Path(os.environ.get("SCREENS_DIR") or tmp_path_factory.mktemp("screens"))
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield Screen(context.new_page(), app_server.origin, folder)
    context.close()


def show(case: Case, screen: Screen, app_server: AppServer, apps: dict[str, ASGIApp]) -> Page:
    """Open the page of `case` and check what holds for every screen."""
    app_server.app = apps[case.state]
    screen.show(case, NOW.now + timedelta(minutes=14 if case.state == "stale" else 0, seconds=8))
    assert screen.all_faults() == []
    page = screen.page
    title = case.page.replace("-", " ").capitalize()
    heading = "No events yet" if case.state == "empty" else title
    expect(page.locator("h1").filter(visible=True)).to_have_text([heading])
    expect(page.locator("nav [aria-current]")).to_have_text(title)
    return page


@pytest.mark.parametrize("case", CASES)
def test_a_screen_is_complete_and_without_faults(
    case: Case, screen: Screen, app_server: AppServer, apps: dict[str, ASGIApp]
) -> None:
    page = show(case, screen, app_server, apps)
    if case.state == "empty":
        expect(page.locator(".no-data code")).to_contain_text("curl http://127.0.0.1:8000/clickstream")
        return
    shown = page.locator(f".page[data-page={case.page}]")
    expect(shown.locator(".echart canvas").filter(visible=True)).to_have_count(CANVASES.get(case.page, 1))
    expect(shown.locator(".drawing").filter(visible=True)).to_have_count(DRAWINGS.get(case.page, 0))
    expect(shown.locator(".card .value").filter(visible=True)).to_have_count(CARDS.get(case.page, 0))
    expect(shown.locator(".records").filter(visible=True)).to_have_count(RECORDS.get(case.page, 0))
    expect(shown.locator(".ranking").filter(visible=True)).to_have_count(RANKINGS.get(case.page, 0))
    expect(shown.locator(".failure")).to_have_count(0)


@pytest.mark.parametrize("case", FAILING, ids=str)
def test_a_failed_metric_does_not_affect_the_rest_of_the_page(
    case: Case, screen: Screen, app_server: AppServer, apps: dict[str, ASGIApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = catalog.ask

    def ask(mart: Mart, metric: str, question: Question, **more: Any) -> Answer:
        if metric == "products":
            raise WarehouseError("reading the warehouse", "the disk failed", "check the disk")
        return answer(mart, metric, question, **more)

    monkeypatch.setattr(catalog, "ask", ask)
    shown = show(case, screen, app_server, apps).locator(f".page[data-page={case.page}]")
    is_overview = case.page == "overview"
    expect(shown.locator(".failure button")).to_have_count(2 if is_overview else 1)
    expect(shown.locator(".echart canvas").filter(visible=True)).to_have_count(1)
    expect(shown.locator(".ranking").filter(visible=True)).to_have_count(3 if is_overview else 1)


@pytest.mark.parametrize("case", STALE, ids=str)
def test_a_failing_loader_has_a_banner(
    case: Case, screen: Screen, app_server: AppServer, apps: dict[str, ASGIApp]
) -> None:
    page = show(case, screen, app_server, apps)
    expect(page.locator("#notice .late-banner")).to_contain_text("The last pass finished 14 m ago.")
    expect(page.locator("#notice .late-banner")).to_contain_text(TROUBLE)
    expect(page.locator("#freshness .dot")).to_have_attribute("data-level", "late")
    expect(page.locator(".card .value").filter(visible=True)).to_have_count(6)


@pytest.mark.parametrize("case", ONE_DAY, ids=str)
def test_a_single_day_is_drawn(case: Case, screen: Screen, app_server: AppServer, apps: dict[str, ASGIApp]) -> None:
    page = show(case, screen, app_server, apps)
    expect(page.locator(f"#{case.page}-series canvas").filter(visible=True)).to_have_count(1)
