"""The pages in a real browser, over a real warehouse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from clickstream.dashboard import loads
from clickstream.errors import WarehouseError
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.contract import Table
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import Look
from tests.dashboard.seeded import put_click, seed

pytest_plugins = ["tests.dashboard.stage"]


def test_overview_shows_the_figures_of_the_warehouse(shop: Look) -> None:
    shop.open()
    shop.wait_for_figure("sessions", "20")
    figures = {key: shop.figure(key) for key in ("visitors", "page_views", "events", "events_per_session")}
    assert figures == {"visitors": "20", "page_views": "20", "events": "60", "events_per_session": "3.00"}
    assert shop.figure("median_session_s").replace("\u00a0", " ") == "2 m"
    expect(shop.page).to_have_title("Overview · Clickstream")
    rows = shop.page.locator("#overview-products tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("A1")
    expect(rows.first.locator("td").first).to_have_text("20")
    expect(shop.page.locator("#overview-series canvas")).to_be_visible()


def test_a_filter_changes_figures_and_address_and_a_reload_restores_it(shop: Look) -> None:
    shop.open()
    shop.wait_for_figure("sessions", "20")
    shop.page.locator("#overview-countries").get_by_text("Poland").click()
    shop.wait_for_figure("sessions", "10")
    assert shop.page.url.endswith("?country=PL")
    shop.page.reload()
    shop.wait_for_figure("sessions", "10")
    shop.page.locator(".chip").click()
    shop.wait_for_figure("sessions", "20")
    assert shop.page.url.endswith("/sbw_dashboard/")
    shop.page.go_back()
    shop.wait_for_figure("sessions", "10")


def test_the_menu_adds_a_filter(shop: Look) -> None:
    shop.open()
    shop.page.get_by_text("Add filter").click()
    expect(shop.page.locator("#filter_values li")).to_have_count(2)
    shop.page.get_by_role("button", name="Category").click()
    shop.page.locator("#filter_values").get_by_text("sale").click()
    shop.wait_for_figure("events", "10")
    assert "category=sale" in shop.page.url


def test_days_are_chosen_by_preset_and_by_hand(shop: Look) -> None:
    shop.open()
    shop.page.locator(".dates summary").click()
    shop.page.get_by_text("Last 7 days").click()
    shop.wait_for_figure("sessions", "14")
    shop.page.locator(".dates summary").click()
    shop.page.get_by_label("First day").fill("2026-03-02")
    shop.page.get_by_label("Last day").fill("2026-03-03")
    shop.page.get_by_text("Show these days").click()
    shop.wait_for_figure("sessions", "4")
    shop.page.wait_for_url("**?from=2026-03-02&to=2026-03-04")


def test_a_drag_over_the_chart_chooses_its_days(shop: Look) -> None:
    shop.open("?from=2026-03-01&to=2026-03-11")
    shop.wait_for_figure("sessions", "20")
    box = shop.page.locator("#overview-series canvas").bounding_box()
    assert box is not None
    shop.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    shop.page.mouse.down()
    shop.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 110, steps=5)
    shop.page.mouse.up()
    shop.page.wait_for_url(lambda url: "from=2026-03-01" not in url)
    shop.page.wait_for_selector("#overview-card_sessions .value:not([title='20'])")


def test_people_only_leaves_out_bots_and_says_how_many_events(
    warehouse: DuckWarehouse, look: Look, clock: Clock
) -> None:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        cursor.execute("update sessions set is_bot = true where country = 'PL'")
    look.open()
    look.wait_for_figure("sessions", "20")
    look.page.get_by_role("button", name="People only").click()
    look.wait_for_figure("sessions", "10")
    expect(look.page.locator("#hidden_bots")).to_have_text("30 bot events hidden")
    assert look.page.url.endswith("?humans=true")
    look.page.get_by_role("button", name="People only").click()
    look.wait_for_figure("sessions", "20")


def test_orders_put_money_on_the_cards(warehouse: DuckWarehouse, look: Look, clock: Clock) -> None:
    seed(warehouse)
    look.open()
    look.wait_for_figure("events", "60")
    with warehouse.transaction() as cursor:
        cursor.execute(
            """
            insert into orders (order_id, event_id, ordered_at, total, currency, total_differs, is_bot, is_sample)
            values ('1', uuid(), $at, 1234.5, 'EUR', false, false, false)
            """,
            {"at": clock.now - timedelta(hours=1)},
        )
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    look.wait_for_figure("revenue", "1,234.50 EUR")
    expect(look.page.locator("#overview-card_revenue .value")).to_be_visible()
    expect(look.page.locator("#overview-card_events .value")).to_be_hidden()


def test_a_new_event_shows_after_three_looks_at_most(
    warehouse: DuckWarehouse, look: Look, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks at the warehouse come once a second; how long drawing takes depends on the machine."""
    seed(warehouse)
    look.open()
    look.wait_for_figure("events", "60")
    fetch, ask, seen = warehouse.fetch, catalog.ask, list[str]()

    def noted_fetch(sql: str, *more: Any) -> Table:
        seen.extend(["look"] if sql == loads._LOOK else [])
        return fetch(sql, *more)

    def noted_ask(*asked: Any) -> Answer:
        seen.append("ask")
        return ask(*asked)

    monkeypatch.setattr(warehouse, "fetch", noted_fetch)
    monkeypatch.setattr(catalog, "ask", noted_ask)
    clock.forward(seconds=30)
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    seen.append("put")
    look.wait_for_figure("events", "61")
    after = seen[seen.index("put") :]
    until_asked = after[: after.index("ask")] if "ask" in after else []  # it may be asked at once
    assert until_asked.count("look") <= 3


def test_products_are_sorted_on_the_server(shop: Look) -> None:
    shop.open("?page=products")
    names = shop.page.locator("#products-ranking tbody th")
    expect(names).to_have_count(3)
    expect(names.first).to_contain_text("A1")
    shop.page.get_by_label("Group by").select_option("category")
    expect(names.first).to_have_text("trousers")
    shop.page.locator("#products-ranking thead").get_by_text("Sessions").click()
    expect(shop.page.locator("#products-ranking th[aria-sort]")).to_contain_text("Sessions")
    assert shop.page.url.endswith("?page=products&by=category&sort=view_sessions")


def test_without_events_the_page_says_how_to_send_one(look: Look) -> None:
    look.open()
    expect(look.page.locator(".no-data code")).to_contain_text("curl http://127.0.0.1:8000/clickstream")


def test_without_a_match_the_page_offers_to_clear_the_filters(shop: Look) -> None:
    shop.open("?country=FR")
    shop.page.get_by_text("Clear filters").click()
    shop.wait_for_figure("sessions", "20")


def test_sample_data_is_said_to_be_one_and_hidden_by_the_first_own_event(
    warehouse: DuckWarehouse, look: Look, clock: Clock
) -> None:
    seed(warehouse, is_sample=True)
    look.open()
    expect(look.page.locator("#notice .banner")).to_contain_text("This is sample data")
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    look.wait_for_figure("events", "1")
    look.page.get_by_text("Include it").click()
    look.wait_for_figure("events", "61")
    assert look.page.url.endswith("?sample=include")


def test_what_fails_is_said_and_the_rest_lives(
    warehouse: DuckWarehouse, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = catalog.ask

    def ask(warehouse: DuckWarehouse, metric: str, question: Question) -> Answer:
        if metric == "products":
            raise WarehouseError("reading the warehouse", "the disk is gone", "look at the disk")
        return answer(warehouse, metric, question)

    monkeypatch.setattr(catalog, "ask", ask)
    seed(warehouse)
    look.open()
    failed = look.page.locator("#overview-products .failure")
    expect(failed).to_contain_text("Top products could not be read. Reading the warehouse: the disk is gone.")
    look.wait_for_figure("sessions", "20")
    monkeypatch.setattr(catalog, "ask", answer)
    failed.get_by_text("Try again").click()
    expect(look.page.locator("#overview-products tbody tr")).to_have_count(3)


def test_a_warehouse_that_stops_answering_is_said_and_the_figures_stay(
    warehouse: DuckWarehouse, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*_: object) -> Table:
        raise WarehouseError("reading the warehouse", "the disk is gone")

    seed(warehouse)
    look.open()
    look.wait_for_figure("sessions", "20")
    monkeypatch.setattr(warehouse, "fetch", fetch)
    expect(look.page.locator("#freshness")).to_have_text("Warehouse not readable")
    expect(look.page.locator("#notice .failure")).to_contain_text("the disk is gone")
    assert look.figure("sessions") == "20"


def test_a_silent_loader_is_said_until_it_is_heard_again(warehouse: DuckWarehouse, look: Look, clock: Clock) -> None:
    seed(warehouse)
    look.open()
    look.wait_for_figure("sessions", "20")
    banner = look.page.locator("#notice .late-banner")
    expect(banner).to_have_count(0)
    clock.forward(minutes=4)
    expect(banner).to_contain_text("New events are not being loaded since")
    assert look.figure("sessions") == "20"
    put_click(warehouse, clock.now - timedelta(seconds=10), load_id=2)
    expect(banner).to_have_count(0)


def test_a_phone_needs_no_sideways_scrolling(shop: Look) -> None:
    shop.page.set_viewport_size({"width": 360, "height": 740})
    shop.open()
    for page in ("overview", "products"):
        shop.page.locator(f"nav [data-page={page}]").click()
        shop.page.wait_for_selector(f".page[data-page={page}] .ranking")
        assert shop.page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_theme_is_switched_and_remembered(shop: Look) -> None:
    shop.open()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = shop.page.evaluate(ground)
    shop.page.get_by_label("Switch between light and dark").click()
    dark = shop.page.evaluate(ground)
    shop.page.reload()
    assert light != dark == shop.page.evaluate(ground)
    shop.page.get_by_label("Switch between light and dark").click()
    assert shop.page.evaluate(ground) == light
