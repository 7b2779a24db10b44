"""The pages in a real browser, over a real warehouse."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, expect

from clickstream.dashboard.app import make_app
from clickstream.errors import WarehouseError
from clickstream.mart.file import Mart
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import mart_position
from clickstream.mart.source import Position
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage, open_page
from tests.dashboard.seeded import put_click, put_load, seed

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer

pytest_plugins = ["tests.dashboard.stage"]


def test_overview_shows_the_figures_of_the_warehouse(shop_page: BrowserPage) -> None:
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    figures = {key: shop_page.figure(key) for key in ("visitors", "page_views", "events", "events_per_session")}
    assert figures == {"visitors": "20", "page_views": "20", "events": "60", "events_per_session": "3.00"}
    assert shop_page.figure("median_session_s").replace("\u00a0", " ") == "2 m"
    expect(shop_page.page).to_have_title("Overview · Clickstream")
    rows = shop_page.page.locator("#overview-products tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("A1")
    expect(rows.first.locator("td").first).to_have_text("20")
    expect(shop_page.page.locator("#overview-series canvas")).to_be_visible()


def test_a_filter_changes_figures_and_address_and_survives_a_reload(shop_page: BrowserPage) -> None:
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    shop_page.page.locator("#overview-countries").get_by_text("Poland").click()
    shop_page.wait_for_figure("sessions", "10")
    assert shop_page.page.url.endswith("?country=PL")
    shop_page.page.reload()
    shop_page.wait_for_figure("sessions", "10")
    shop_page.page.locator(".chip").click()
    shop_page.wait_for_figure("sessions", "20")
    assert shop_page.page.url.endswith("/sbw_dashboard/")
    shop_page.page.go_back()
    shop_page.wait_for_figure("sessions", "10")


@pytest.mark.slow
def test_the_filter_menu_adds_a_filter(shop_page: BrowserPage) -> None:
    shop_page.open()
    shop_page.page.get_by_text("Add filter").click()
    expect(shop_page.page.locator("#filter_values li")).to_have_count(2)
    shop_page.page.get_by_role("button", name="Category").click()
    shop_page.page.locator("#filter_values").get_by_text("sale").click()
    shop_page.wait_for_figure("events", "10")
    assert "category=sale" in shop_page.page.url


@pytest.mark.slow
def test_days_are_chosen_by_preset_or_by_dates(shop_page: BrowserPage) -> None:
    shop_page.open()
    shop_page.page.locator(".dates summary").click()
    shop_page.page.get_by_role("link", name="Last 7 days").click()
    shop_page.wait_for_figure("sessions", "14")
    shop_page.page.locator(".dates summary").click()
    shop_page.page.get_by_label("First day").fill("2026-03-02")
    shop_page.page.get_by_label("Last day").fill("2026-03-03")
    shop_page.page.get_by_role("button", name="Apply").click()
    shop_page.wait_for_figure("sessions", "4")
    shop_page.page.wait_for_url("**?from=2026-03-02&to=2026-03-04")


@pytest.mark.slow
def test_dragging_over_the_chart_selects_days(shop_page: BrowserPage) -> None:
    shop_page.open("?from=2026-03-01&to=2026-03-11")
    shop_page.wait_for_figure("sessions", "20")
    box = shop_page.page.locator("#overview-series canvas").bounding_box()
    assert box is not None
    shop_page.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    shop_page.page.mouse.down()
    shop_page.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 110, steps=5)
    shop_page.page.mouse.up()
    shop_page.page.wait_for_url(lambda url: "from=2026-03-01" not in url)
    shop_page.page.wait_for_selector("#overview-card_sessions .value:not([title='20'])")
    shop_page.page.go_back()
    shop_page.wait_for_figure("sessions", "20")


@pytest.mark.slow
def test_people_only_hides_bots_and_shows_how_many_events_are_hidden(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        cursor.execute("update sessions set is_bot = true, load_id = 2 where country = 'PL'")
        put_load(cursor, 2, clock.now)
    browser_page.open()
    browser_page.wait_for_figure("sessions", "20")
    browser_page.page.get_by_role("button", name="People only").click()
    browser_page.wait_for_figure("sessions", "10")
    expect(browser_page.page.locator("#hidden_bots")).to_have_text("30 bot events hidden")
    assert browser_page.page.url.endswith("?humans=true")
    browser_page.page.get_by_role("button", name="People only").click()
    browser_page.wait_for_figure("sessions", "20")


def test_the_first_order_shows_revenue_cards(warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock) -> None:
    seed(warehouse)
    browser_page.open()
    browser_page.wait_for_figure("events", "60")
    with warehouse.transaction() as cursor:
        cursor.execute(
            """
            insert into orders (order_id, event_id, ordered_at, total, currency, total_differs, is_bot, is_sample,
                load_id)
            values ('1', uuid(), $at, 1234.5, 'EUR', false, false, false, 2)
            """,
            {"at": clock.now - timedelta(hours=1)},
        )
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    browser_page.wait_for_figure("revenue", "1,234.50 EUR")
    expect(browser_page.page.locator("#overview-card_revenue .value")).to_be_visible()
    expect(browser_page.page.locator("#overview-card_events .value")).to_be_hidden()


@pytest.mark.slow
def test_a_new_event_appears_after_at_most_three_checks(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mart is checked once a second; how long updating and drawing take depends on the machine."""
    seed(warehouse)
    browser_page.open()
    browser_page.wait_for_figure("events", "60")
    ask, calls = catalog.ask, list[str]()

    def recorded_position(mart: Mart) -> Position:
        position = mart_position(mart)
        calls.extend(["check"] if position.load_id == 2 else [])
        return position

    def recorded_ask(*arguments: Any, **more: Any) -> Answer:
        calls.append("ask")
        return ask(*arguments, **more)

    monkeypatch.setattr("clickstream.dashboard.answers.loads.mart_position", recorded_position)
    monkeypatch.setattr(catalog, "ask", recorded_ask)
    clock.forward(seconds=30)
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    browser_page.wait_for_figure("events", "61")
    after = calls[calls.index("check") :]
    assert after[: after.index("ask")].count("check") <= 3


@pytest.mark.slow
def test_products_are_sorted_on_the_server(shop_page: BrowserPage) -> None:
    shop_page.open("?page=products")
    names = shop_page.page.locator("#products-ranking tbody th")
    expect(names).to_have_count(3)
    expect(names.first).to_contain_text("A1")
    shop_page.page.get_by_label("Group by").select_option("category")
    expect(names.first).to_have_text("trousers")
    shop_page.page.locator("#products-ranking thead").get_by_text("Sessions").click()
    expect(shop_page.page.locator("#products-ranking th[aria-sort]")).to_contain_text("Sessions")
    assert shop_page.page.url.endswith("?page=products&by=category&sort=view_sessions")


@pytest.mark.slow
def test_a_page_without_matching_events_offers_to_clear_the_filters(shop_page: BrowserPage) -> None:
    shop_page.open("?country=FR")
    shop_page.page.get_by_text("Clear filters").click()
    shop_page.wait_for_figure("sessions", "20")


@pytest.mark.slow
def test_sample_data_has_a_banner_and_is_hidden_by_the_first_real_event(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse, is_sample=True)
    browser_page.open()
    expect(browser_page.page.locator("#notice .banner")).to_contain_text("This is sample data")
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    browser_page.wait_for_figure("events", "1")
    browser_page.page.get_by_text("Show it").click()
    browser_page.wait_for_figure("events", "61")
    assert browser_page.page.url.endswith("?sample=include")


def test_a_failed_metric_shows_an_error_and_the_rest_of_the_page_works(
    warehouse: DuckWarehouse, browser_page: BrowserPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = catalog.ask

    def ask(mart: Mart, metric: str, question: Question, **more: Any) -> Answer:
        if metric == "products":
            raise WarehouseError("reading the warehouse", "the disk failed", "check the disk")
        return answer(mart, metric, question, **more)

    monkeypatch.setattr(catalog, "ask", ask)
    seed(warehouse)
    browser_page.open()
    failed = browser_page.page.locator("#overview-products .failure")
    expect(failed).to_contain_text("Top products could not be loaded. Reading the warehouse: the disk failed.")
    browser_page.wait_for_figure("sessions", "20")
    monkeypatch.setattr(catalog, "ask", answer)
    failed.get_by_text("Try again").click()
    expect(browser_page.page.locator("#overview-products tbody tr")).to_have_count(3)


@pytest.mark.parametrize("part", ["warehouse", "mart"])
def test_an_unreadable_warehouse_or_mart_shows_an_error_and_keeps_the_figures(
    warehouse: DuckWarehouse, keeper: MartKeeper, browser_page: BrowserPage, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*_: object) -> Never:
        raise WarehouseError("reading the warehouse", "the disk failed")

    seed(warehouse)
    browser_page.open()
    browser_page.wait_for_figure("sessions", "20")
    monkeypatch.setattr(warehouse if part == "warehouse" else keeper.mart, "reading", fail)
    expect(browser_page.page.locator("#freshness")).to_have_text("Warehouse not readable")
    expect(browser_page.page.locator("#notice .failure")).to_contain_text("the disk failed")
    assert browser_page.figure("sessions") == "20"


@pytest.mark.slow
def test_a_mart_that_is_being_built_shows_how_much_is_done(
    profile: BrowserContext, app_server: AppServer, warehouse: DuckWarehouse, tmp_path: Path, clock: Clock
) -> None:
    seed(warehouse)
    with MartKeeper(tmp_path / "mart.duckdb", warehouse) as keeper:
        keeper.building = (250_000, 1_000_000)
        app = make_app(keeper, ZoneInfo("UTC"), clock)
        with open_page(profile, app_server, app) as opened:
            opened.open()
            note = opened.page.locator("#notice .banner")
            expect(note).to_contain_text("Preparing the figures. 25 % of 1,000,000 events are read.")
            keeper.refresh()
            opened.wait_for_figure("sessions", "20")
            expect(note).to_have_count(0)
        app.close()


@pytest.mark.slow
def test_a_stopped_loader_has_a_banner_until_the_next_load(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    browser_page.open()
    browser_page.wait_for_figure("sessions", "20")
    banner = browser_page.page.locator("#notice .late-banner")
    expect(banner).to_have_count(0)
    clock.forward(minutes=4)
    expect(banner).to_contain_text("New events are not being loaded. The last pass finished")
    assert browser_page.figure("sessions") == "20"
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    expect(banner).to_have_count(0)


@pytest.mark.slow
def test_pages_fit_the_width_of_a_phone(shop_page: BrowserPage) -> None:
    shop_page.page.set_viewport_size({"width": 360, "height": 740})
    shop_page.open()
    for page in ("overview", "products", "funnel"):
        shop_page.page.locator(f"nav [data-page={page}]").click()
        shop_page.page.wait_for_selector(f".page[data-page={page}] .ranking")
        assert shop_page.page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.slow
def test_the_chosen_theme_is_kept_after_a_reload(shop_page: BrowserPage) -> None:
    shop_page.open()
    background = "getComputedStyle(document.body).backgroundColor"
    light = shop_page.page.evaluate(background)
    shop_page.page.get_by_label("Switch between light and dark theme").click()
    dark = shop_page.page.evaluate(background)
    shop_page.page.reload()
    assert light != dark == shop_page.page.evaluate(background)
    shop_page.page.get_by_label("Switch between light and dark theme").click()
    assert shop_page.page.evaluate(background) == light
