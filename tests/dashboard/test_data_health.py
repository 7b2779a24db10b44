"""The page Data health: what became of every line, and with a shop what the truth check found, or why it cannot."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, expect

from clickstream.dashboard.app import make_app
from clickstream.dashboard.pages.data_health import OrderSource, Result
from clickstream.dashboard.view import Days
from clickstream.errors import ShopError
from clickstream.mart.keeper import MartKeeper
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import open_page
from tests.dashboard.seeded import seed
from tests.etl.pipeline import open_pipeline
from tests.metrics import oracle_health as oracle
from tests.metrics.health_worlds import Traffic, records

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer


pytest_plugins = ["tests.dashboard.stage"]
EVER = oracle.Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))


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


@pytest.mark.slow
def test_a_failure_of_the_shop_is_shown_and_the_rest_of_the_page_works(
    profile: BrowserContext, app_server: AppServer, warehouse: DuckWarehouse, keeper: MartKeeper, clock: Clock
) -> None:
    seed(warehouse)

    def fail(_days: Days) -> Result:
        raise ShopError("reading the shop's orders", "the server does not respond", "start it")

    app = make_app(keeper, ZoneInfo("UTC"), clock)
    app.orders = OrderSource(lambda: True, fail)
    with open_page(profile, app_server, app) as opened:
        opened.open("?page=data-health&from=2026-03-01&to=2026-03-11")
        expect(opened.page.locator("#data_health-days")).to_contain_text("the server does not respond")
        expect(opened.page.locator("#data_health-clock tbody tr")).to_have_count(1)
    app.close()


def test_the_page_accounts_for_every_line_and_says_what_is_wrong(
    profile: BrowserContext, app_server: AppServer, tmp_path: Path, clock: Clock
) -> None:
    with ExitStack() as stack:
        pipeline = stack.enter_context(open_pipeline(tmp_path, clock))
        keeper = stack.enter_context(MartKeeper(tmp_path / "mart.duckdb", pipeline.warehouse))
        traffic = Traffic(pipeline, Random(3))
        traffic.store(12, oldest_s=4 * 86_400)
        traffic.load()
        keeper.start()
        app = make_app(keeper, ZoneInfo("UTC"), clock)
        stack.callback(app.close)
        opened = stack.enter_context(open_page(profile, app_server, app))
        page = opened.page
        opened.open("?from=2026-03-01&to=2026-03-11&country=DE")
        page.locator("#freshness a").click()
        expect(page.locator("#data_health-ledger .chart-note")).to_contain_text("Run clickstream check")
        expect(page.locator("#data_health-balance .failure")).to_contain_text("The ledger could not be loaded")

        app.connect(records(pipeline))
        page.locator("#data_health-balance").get_by_text("Try again").click()
        lines = len(traffic.sent.lines)
        expect(page.locator("#data_health-balance .good")).to_contain_text(f"{lines} accepted = ")
        expect(page.locator("#data_health-balance .note")).to_contain_text("Filters do not apply")
        expect(page.locator("#data_health-ledger canvas")).to_be_visible()
        bad = oracle.bad_rows(traffic.sent, EVER)
        expect(page.locator("#data_health-bad_rows tbody tr")).to_have_count(len(bad))
        expect(page.locator("#data_health-bad_rows .command").last).to_contain_text("clickstream bad replay --all")
        expect(page.locator("#data_health-card_bad_lines .value")).to_have_text(str(sum(row["rows"] for row in bad)))
        expect(page.locator("#data_health-bots tbody tr")).to_have_count(len(oracle.bots(traffic.sent, EVER)) - 1)
        expect(page.locator("#data_health-orders tbody tr")).to_have_count(
            len(oracle.orders(traffic.sent, EVER, ZoneInfo("UTC")))
        )

        with pipeline.warehouse.transaction() as cursor:
            cursor.execute("delete from bad_rows where reason = 'not_an_object'")
        clock.forward(minutes=6)
        expect(page.locator("#data_health-balance .bad")).to_contain_text("not add up")
        expect(page.locator("#data_health-card_missing_lines .value.bad")).to_be_visible()
