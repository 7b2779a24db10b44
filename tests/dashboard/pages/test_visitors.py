"""The page Visitors: the list of sessions, and the timeline of one visitor down to the raw line."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import BrowserPage
from tests.dashboard.pages.loaded import ANN, HOSTILE, LoadedShop

pytest_plugins = ["tests.dashboard.stage"]


def test_the_sessions_behind_a_figure_lead_to_the_timeline_of_a_visitor_and_to_the_raw_line(
    loaded_page: BrowserPage, loaded: LoadedShop
) -> None:
    loaded_page.open("?page=visitors")
    page = loaded_page.page
    rows = page.locator(".sessions tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("10 Mar, 12:00")
    expect(rows.nth(1).locator(".step")).to_have_text("Order")
    expect(rows.nth(1).locator(".done")).to_have_count(4)
    expect(rows.nth(2).locator(".mark")).to_have_text("Bot")
    expect(rows.nth(3)).to_contain_text("Email")
    page.get_by_role("link", name="With an order").click()
    expect(rows).to_have_count(1)
    rows.get_by_text(ANN).click()
    facts = page.locator(".facts dd")
    expect(facts).to_have_text(["9 Mar 2026, 13:00:00", "Email", "2", "1", "1,299.00\u00a0EUR"])
    expect(page.locator(".record-page h3")).to_have_count(2)
    names = page.locator(".timeline .what")
    expect(names).to_have_text(["Checkout completed", "Add to cart", "Product view", "Page view"])
    names.nth(2).click()
    expect(page.locator(".record")).to_contain_text("context_product_name")
    expect(page.locator(".raw-line")).to_be_hidden()
    page.get_by_text("Show raw event").click()
    stored = loaded.app.raw_lines.read(
        *loaded.pipeline.rows("select raw_object, raw_line from clickstream_events where event_name = 'product_view'")[
            0
        ]
    )
    assert stored.text
    expect(page.locator(".raw-line")).to_be_visible()
    expect(page.locator(".raw-line")).to_have_text(stored.text)
    names.nth(2).click()
    expect(page.locator(".record")).to_have_count(0)
    only = page.get_by_text("Only this visitor").get_attribute("href")
    assert only == f"?visitor_id={quote(ANN)}"
    page.go_back()
    expect(page.locator(".record")).to_have_count(1)
    page.get_by_text("← Sessions").click()
    expect(rows).to_have_count(1)
    assert "visitor=" not in page.url


@pytest.mark.slow
def test_a_link_to_some_instants_and_a_step_narrows_the_list(loaded_page: BrowserPage) -> None:
    loaded_page.open("?page=visitors&between=2026-03-10T10:00:00Z..2026-03-10T11:30:00Z")
    page = loaded_page.page
    rows = page.locator(".sessions tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="With a checkout").click()
    expect(page.locator("#visitors-body .nothing")).to_have_text("No sessions with a checkout in these days.")
    page.get_by_text("Began 10 Mar 2026, 11:00:00").click()
    page.get_by_role("link", name="All", exact=True).click()
    expect(rows).to_have_count(4)


@pytest.mark.slow
def test_an_address_that_names_nothing_says_so(loaded_page: BrowserPage) -> None:
    loaded_page.open("?page=visitors&visitor=unknown%00&open=x&before=y&between=z&reached=w&rows=0")
    expect(loaded_page.page.locator(".facts, .record-page .nothing").first).to_contain_text("No events of this visitor")


@pytest.mark.slow
def test_hostile_text_stays_text_and_long_text_is_cut(loaded_page: BrowserPage) -> None:
    page = loaded_page.page
    loaded_page.open("?page=visitors")
    page.locator(".sessions tbody tr").first.locator(".text-cell a").first.click()
    expect(page.locator(".timeline .what")).to_contain_text("<script>document.title")
    page.locator(".timeline .what").click()
    expect(page.locator(".record")).to_contain_text(r"\u202egnp.exe")
    longest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.record dd')].map((el) => el.textContent.trim().length))"
    )
    assert longest == 500
    page.get_by_text("Show raw event").click()
    expect(page.locator(".raw-line")).to_contain_text(r"<script>document.title = 'x'</script>\u202egnp.exe")
    assert page.title() == "Visitors · Clickstream"
    assert page.locator("#content script").count() == 0
    assert HOSTILE[-8] not in page.locator("#content").inner_text()
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
