"""The page Raw events: rows and their raw lines, pages by key, and newer rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.answers import records
from clickstream.dashboard.pages import raw_events
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.pages.loaded import LoadedShop
from tests.dashboard.seeded import LAST_PASS, put_click, seed

pytest_plugins = ["tests.dashboard.stage"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine does not stop a search early."""
    monkeypatch.setattr(records, "SEARCH_S", 60.0)


def test_a_row_opens_its_columns_and_the_line_as_it_was_received(loaded_page: BrowserPage, loaded: LoadedShop) -> None:
    loaded_page.open("?page=raw-events")
    page = loaded_page.page
    rows = page.locator(".events tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("<script>document.title")
    expect(rows.nth(3)).to_contain_text("Bot")
    expect(rows.nth(2)).to_contain_text("10 Mar, 12:00:00")
    rows.nth(2).get_by_role("button").focus()
    page.keyboard.press("Enter")
    key = loaded.pipeline.rows(
        "select raw_object, raw_line from clickstream_events where event_name = 'add_to_cart_click'"
    )
    expect(page.locator(".opened .raw-line")).to_have_text(loaded.app.raw_lines.read(*key[0]).text)
    expect(page.locator(".opened .record")).to_contain_text("2026-03-10 12:00:00.000000 Europe/Warsaw")
    expect(page.locator(".opened code")).to_have_text(f"clickstream raw cat {key[0][0]} {key[0][1]}")
    page.locator(".events").get_by_text("Laptop 14").first.click()
    expect(rows).to_have_count(2)
    page.locator(".events").get_by_text("Email").click()
    expect(rows).to_have_count(1)
    page.locator(".events").get_by_text("ann@").click()
    expect(page.locator(".timeline .what")).to_have_count(4)


@pytest.mark.slow
def test_older_events_follow_without_a_gap_and_newer_ones_are_announced(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_events, "ROWS", 25)
    seed(warehouse)
    browser_page.open("?page=raw-events")
    page = browser_page.page
    rows = page.locator(".events tbody tr")
    titles = "[...document.querySelectorAll('.events tbody th a')].map((el) => el.dataset.key)"
    expect(rows).to_have_count(25)
    seen = page.evaluate(titles)
    for count in (25, 10):
        page.get_by_text("Older events").click()
        expect(rows).to_have_count(count)
        page.wait_for_function(f"!{seen!r}.includes(document.querySelector('.events tbody th a').dataset.key)")
        seen += page.evaluate(titles)
    assert len(set(seen)) == 60
    expect(page.get_by_text("Older events")).to_have_count(0)
    page.get_by_text("Newest events").click()
    expect(rows).to_have_count(25)
    clock.forward(seconds=5)
    put_click(warehouse, LAST_PASS + timedelta(seconds=1), 2)
    page.get_by_role("button", name="Show 1 newer event").click()
    expect(rows.first).to_contain_text("Click")
    expect(page.locator(".newer")).to_have_count(0)
