"""The page Data health: the tab appears with a shop, and shows what the truth check found, or why it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from playwright.sync_api import BrowserContext, expect

from clickstream.dashboard.app import make_app
from clickstream.dashboard.pages.data_health import OrderSource, Result
from clickstream.dashboard.view import PAGES, Days
from clickstream.errors import ShopError
from clickstream.mart.keeper import MartKeeper
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage, open_page
from tests.dashboard.seeded import seed

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer


pytest_plugins = ["tests.dashboard.stage"]


def counts(orders: int, missing: int, **more: Any) -> dict[str, Any]:
    captured = orders - missing
    row = {"orders": orders, "browser": captured - 1, "server": captured, "both": captured - 1, "missing": missing}
    rates = {"rate": captured / orders, "browser_rate": (captured - 1) / orders}
    return row | rates | {"pending": 0, "doubled": 0, "different": 0} | more


RESULT: Result = {
    "totals": counts(200, 3),
    "refunds": {"refunds": 5, "pending": 1, "captured": 4, "missing": 0, "doubled": 0, "different": 0},
    "days": [counts(120, 3, name="2026-03-10"), counts(80, 0, name="2026-03-09")],
    "browsers": [counts(200, 3, name="Firefox")],
    "channels": [counts(150, 3, name="email"), counts(50, 0, name="<i>direct</i>")],
    "problems": [{"kind": "missing", "order": "CS-10007", "details": "neither the browser nor the server reported it"}],
    "problem_count": 3,
}


def test_page_shows_rates_groups_and_problems(
    profile: BrowserContext, app_server: AppServer, warehouse: DuckWarehouse, keeper: MartKeeper, clock: Clock
) -> None:
    seed(warehouse)
    asked: list[Days] = []

    def read(days: Days) -> Result:
        asked.append(days)
        return RESULT

    app = make_app(keeper, ZoneInfo("UTC"), clock)
    app.orders = OrderSource(lambda: True, read)
    with open_page(profile, app_server, app) as opened:
        opened.open("?from=2026-03-01&to=2026-03-11")
        opened.page.wait_for_selector("#overview-card_events .value")
        opened.page.get_by_role("navigation").get_by_role("link", name="Data health").click()
        opened.page.wait_for_selector("#data_health-card_rate .value[title='98.5\u00a0%']")
        expect(opened.page.locator("#data_health-card_missing .value")).to_have_text("3")
        expect(opened.page.locator("#data_health-card_missing .caption")).to_have_text("of 200 orders")
        expect(opened.page.locator("#data_health-card_captured .value")).to_have_text("4")
        expect(opened.page.locator("#data_health-card_captured .caption")).to_have_text("of 4 refunds")
        expect(opened.page.locator("#data_health-days tbody tr")).to_have_count(2)
        expect(opened.page.locator("#data_health-channels")).to_contain_text("<i>direct</i>")
        expect(opened.page.locator("#data_health-problems")).to_contain_text("CS-10007 missing")
        expect(opened.page.locator("#data_health-problems")).to_contain_text("and 2 more")
    app.close()
    assert {(str(days.first), str(days.end)) for days in asked} == {("2026-03-01", "2026-03-11")}


def test_failure_is_shown_on_the_page_and_the_tab_is_missing_without_a_shop(
    profile: BrowserContext, app_server: AppServer, keeper: MartKeeper, clock: Clock, browser_page: BrowserPage
) -> None:
    browser_page.open()
    expect(browser_page.page.get_by_role("navigation").get_by_role("link")).to_have_count(len(PAGES) - 1)

    def fail(_days: Days) -> Result:
        raise ShopError("reading the shop's orders", "the server does not respond", "start it")

    app = make_app(keeper, ZoneInfo("UTC"), clock)
    app.orders = OrderSource(lambda: True, fail)
    with open_page(profile, app_server, app) as opened:
        opened.open("?page=data-health&from=2026-03-01&to=2026-03-11")
        expect(opened.page.locator("#data_health-days")).to_contain_text("the server does not respond")
    app.close()
