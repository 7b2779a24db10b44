"""The Explain panel: it opens at once by mouse, keyboard or address, and shows rows and their raw lines as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from clickstream.dashboard.answers.raw_lines import ERASED, RawLines
from clickstream.dashboard.app import make_app
from clickstream.dashboard.view import Explained, View
from clickstream.etl.erasure.forget import Eraser
from clickstream.mart.keeper import MartKeeper
from tests.collect.conftest import running
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage, open_page
from tests.etl.pipeline import open_pipeline

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer

pytest_plugins = ["tests.dashboard.stage"]

CARD = "overview-card_sessions"
TO_CARD = View(explained=Explained(CARD)).query()
HOSTILE = {
    "eventName": "<img src=x onerror=alert(1)>",
    "pageUrl": "https://shop.example/<script>alert(2)</script>",
    "userId": "u-1",
    "clientId": "é\u202eabc</code>",
    "eventId": "00000000-0000-4000-8000-000000000001",
    "properties": {"note": "a&amp;b  \\ \u2028 👩‍👩‍👧 " + "x" * 10_000},
}


def count(page: Page) -> int:
    """Return the number of rows behind what is explained."""
    return int(page.locator("#explain-count").get_attribute("data-count") or "")


def has_focus(page: Page) -> bool:
    """Whether the focus is within the panel, or on the browser's own controls."""
    found: bool = page.evaluate(
        "[document.body, null].includes(document.activeElement) || explain.contains(document.activeElement)"
    )
    return found


def test_an_address_of_what_is_explained_is_read_and_written() -> None:
    view = View.parse("?page=products&explain=products-ranking&value=A%26B")
    assert view.explained == Explained("products-ranking", "", "A&B")
    assert view.query() == "?page=products&explain=products-ranking&value=A%26B"
    assert View.parse("?at=2026-03-01&value=x").query() == "?"


def test_a_key_figure_is_explained_by_mouse_and_keyboard(shop_page: BrowserPage) -> None:
    shop_page.open()
    page = shop_page.page
    shop_page.wait_for_figure("sessions", "20")
    mark = page.locator(f".card:has(#{CARD}) .explain")
    mark.click()
    sheet = page.locator("#explain")
    expect(sheet).to_be_visible()
    expect(sheet.locator("#explain-definition")).to_contain_text("Visits that began in these days")
    expect(sheet.locator("h2")).to_have_text("Sessions")
    expect(sheet.locator(".rows tbody tr")).to_have_count(20)
    assert count(page) == 20
    expect(sheet.locator(".command code").first).to_contain_text("clickstream metric overview --from 2026-02-09")
    expect(sheet.locator(".sql code").first).to_contain_text("execute explained(")
    assert page.url.endswith(TO_CARD)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(mark).to_be_focused()
    assert "explain" not in page.url
    page.keyboard.press("Enter")
    expect(sheet.locator(".rows tbody tr")).to_have_count(20)
    for _ in range(40):
        page.keyboard.press("Tab")
        assert has_focus(page)
    page.go_back()
    expect(sheet).to_be_hidden()


@pytest.mark.slow
def test_an_address_opens_the_panel(shop_page: BrowserPage) -> None:
    shop_page.open(f"{TO_CARD}&country=DE")
    page = shop_page.page
    expect(page.locator("#explain-count")).to_have_text("10 sessions")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#explain")).to_be_hidden()
    page.wait_for_url("**/sbw_dashboard/?country=DE")
    shop_page.open("?explain=nothing")
    shop_page.wait_for_figure("sessions", "20")
    expect(page.locator("#explain")).to_be_hidden()


@pytest.mark.parametrize("metric", ["page_views", pytest.param("events", marks=pytest.mark.slow)])
def test_a_point_of_the_chart_opens_as_many_rows_as_it_says(shop_page: BrowserPage, metric: str) -> None:
    shop_page.open(f"?metric={metric}&from=2026-03-01&to=2026-03-11&tz=Asia/Kathmandu")
    page = shop_page.page
    panel = page.locator(".panel:has(#overview-series)")
    panel.get_by_title("Chart options").click()
    panel.get_by_text("Show as table").click()
    links = panel.locator(".chart-table td a")
    expect(links).to_have_count(10)
    said = links.nth(3).text_content()
    links.nth(3).press("Enter")
    expect(page.locator("#explain .part")).to_have_text("Wed 4 Mar 2026")
    assert str(count(page)) == said
    page.keyboard.press("Escape")
    box = panel.locator(".echart").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 30, box["y"] + 150)
    expect(page.locator("#explain .part")).to_have_text("Tue 10 Mar 2026")
    expect(page.locator("#explain-count")).to_have_attribute("data-count", links.nth(9).text_content() or "")


@pytest.mark.slow
def test_a_row_of_a_ranking_opens_its_rows(shop_page: BrowserPage) -> None:
    shop_page.open("?page=products")
    page = shop_page.page
    row = page.locator("#products-ranking tbody tr", has_text="A1")
    row.locator("td a").click()
    expect(page.locator("#explain .part")).to_have_text("product: A1")
    expect(page.locator("#explain-count")).to_have_text("20 product views")
    expect(page.locator(".rows tbody tr").first).to_contain_text("10 Mar 2026, 10:01:00")
    page.get_by_label("Raw line of row 1", exact=True).click()
    expect(page.locator("#raw_line .note")).to_contain_text("no raw line")


def test_a_raw_line_is_shown_as_it_was_posted_until_it_is_erased(
    profile: BrowserContext, app_server: AppServer, tmp_path: Path
) -> None:
    posted = json.dumps(HOSTILE, ensure_ascii=False, separators=(",", ":")).encode()
    clock = Clock(datetime.now(UTC) + timedelta(minutes=10))
    with open_pipeline(tmp_path, clock) as pipeline, running(pipeline.store) as collector:
        assert collector.send(posted).status < 300
        assert pipeline.load().bad == 0
        with MartKeeper(tmp_path / "mart.duckdb", pipeline.warehouse) as keeper:
            keeper.refresh()
            app = make_app(keeper, ZoneInfo("UTC"), clock)
            app.raw_lines = RawLines(pipeline.store, pipeline.warehouse)
            with open_page(profile, app_server, app) as opened:
                opened.open("?explain=overview-card_events")
                page = opened.page
                expect(page.locator(".rows tbody tr")).to_contain_text("<img src=x onerror=alert(1)>")
                page.get_by_label("Raw line of row 1", exact=True).click()
                line = page.locator("#raw_line code").last
                expect(line).to_be_visible()
                shown = (line.text_content() or "").encode()
                assert shown.startswith(posted[:-1] + b',"_ingest":{')
                assert page.evaluate("document.querySelectorAll('#explain img, #explain script').length") == 0
                eraser = Eraser(pipeline.loader)
                assert eraser.forget(eraser.user("u-1")).lines == 1
                page.get_by_label("Raw line of row 1", exact=True).click()
                expect(page.locator("#raw_line .note")).to_have_text(ERASED)
            app.close()
