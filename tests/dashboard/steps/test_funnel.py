"""The page of the funnel: its bars and losses, its steps in the address, and its groups."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.drawings.funnel import funnel_bars
from clickstream.dashboard.view import View
from tests.dashboard.conftest import BrowserPage

pytest_plugins = ["tests.dashboard.stage"]

SKIRTS = "product_view,product_view[category = skirts]"
TO_SKIRTS = View(page="funnel").with_option(steps=SKIRTS).query()


def step(number: int, reached: int, before: int | None, first: int, median: float | None = None) -> Row:
    return {
        "step": number,
        "label": f"event_{number}",
        "reached": reached,
        "dropped": None if before is None else before - reached,
        "rate_previous": None if before is None else reached / before if before else None,
        "rate_first": reached / first if first else None,
        "median_step_s": median,
        "p90_step_s": median,
    }


def test_the_largest_loss_is_marked_once() -> None:
    rows = [step(1, 1000, None, 1000), step(2, 600, 1000, 1000, 192), step(3, 150, 600, 1000, 30)]
    html = str(funnel_bars(rows, "visitor")).replace("\u00a0", " ")
    assert html.count("largest loss") == 1
    assert html.index("400 left here, 40.0 %") < html.index("450 left here, 75.0 %") < html.index("largest loss")
    assert "60.0 % went on, half of them within 3 m 12 s" in html
    assert 'style="width:15.00%"' in html


def test_a_funnel_without_loss_marks_none() -> None:
    html = str(funnel_bars([step(1, 5, None, 5), step(2, 5, 5, 5, 1)], "session"))
    assert "0 left here" in html
    assert "largest loss" not in html


def test_a_step_that_was_not_reached_has_no_loss_after_it() -> None:
    html = str(funnel_bars([step(1, 5, None, 5), step(2, 0, 5, 5), step(3, 0, 0, 5)], "visitor"))
    assert html.count("left here") == 1
    assert html.count("step-bar") == 1
    assert "went on" not in html


def test_the_funnel_shows_who_went_on_and_who_left(shop_page: BrowserPage) -> None:
    shop_page.open(TO_SKIRTS)
    page = shop_page.page
    expect(page.locator("#funnel-card_started .value")).to_have_text("20")
    expect(page.locator("#funnel-card_rate .value")).to_have_text("50.0\u00a0%")
    expect(page.locator("#funnel-card_time .value")).to_have_text("1\u00a0m")
    expect(page.locator(".step-count")).to_have_text(["20 visitors", "10 visitors"])
    expect(page.locator(".step-loss")).to_contain_text("10 left here, 50.0\u00a0%")
    expect(page.locator(".step-name")).to_have_text(["Product view", "Product view (category: skirts)"])
    expect(page.locator("#funnel-bars .note")).to_contain_text("still have time")


@pytest.mark.slow
def test_steps_are_added_moved_and_removed_in_the_address(shop_page: BrowserPage) -> None:
    shop_page.open(TO_SKIRTS)
    page = shop_page.page
    chips = page.locator("#funnel-steps .step-chips li .text")
    expect(chips).to_have_count(2)
    page.get_by_text("Add step").click()
    page.locator("#funnel-events").get_by_text("Page view").click()
    expect(chips).to_have_text(["Product view", "Product view (category: skirts)", "Page view"])
    page.get_by_label("Move Page view one step earlier").click()
    expect(chips).to_have_text(["Product view", "Page view", "Product view (category: skirts)"])
    page.get_by_label("Remove Product view (category: skirts)").click()
    expect(chips).to_have_text(["Product view", "Page view"])
    page.get_by_text("Add step").click()
    page.get_by_label("Another page or event").fill("page:/cart")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(chips).to_have_text(["Product view", "Page view", "Page /cart"])
    expect(page.locator(".step-count")).to_have_text(["20 visitors", "0 visitors", "0 visitors"])
    page.get_by_text("Default steps").click()
    expect(chips).to_have_text(["Product view", "Add to cart", "Checkout", "Order placed"])
    page.wait_for_url("**/sbw_dashboard/?page=funnel")


def test_invalid_steps_are_explained_and_can_be_reset(shop_page: BrowserPage) -> None:
    shop_page.open("?page=funnel&steps=page:[")
    expect(shop_page.page.locator("#funnel-bars .failure")).to_contain_text("not a step at character 1")
    shop_page.page.get_by_text("Default steps").click()
    expect(shop_page.page.locator(".step-count").first).to_have_text("20 visitors")


@pytest.mark.slow
def test_a_first_step_that_was_not_taken_is_named(shop_page: BrowserPage) -> None:
    shop_page.open("?page=funnel&steps=search,purchase&unit=session")
    expect(shop_page.page.locator("#funnel-bars .nothing")).to_have_text(
        "No sessions took the first step in these days, “Search”."
    )


@pytest.mark.slow
def test_a_group_of_the_split_is_a_filter(shop_page: BrowserPage) -> None:
    shop_page.open(TO_SKIRTS)
    page = shop_page.page
    rows = page.locator("#funnel-groups tbody tr")
    expect(rows).to_contain_text(["Unknown device"])
    page.get_by_label("Split by").select_option("country")
    expect(rows).to_contain_text(["Germany", "Poland"])
    expect(rows.locator("td")).to_have_text(["10", "100.0\u00a0%", "10", "0.0\u00a0%"])
    rows.get_by_text("Poland").click()
    expect(page.locator(".step-count")).to_have_text(["10 visitors", "0 visitors"])
    assert "country=PL" in page.url


@pytest.mark.slow
def test_the_table_can_be_shown_and_downloaded(shop_page: BrowserPage, tmp_path: Path) -> None:
    shop_page.open(TO_SKIRTS)
    page = shop_page.page
    table = page.locator("#funnel-bars .chart-table")
    expect(page.locator(".step-count")).to_have_count(2)
    expect(table).to_be_hidden()
    tools = page.locator("[data-page=funnel] .chart-menu summary")
    tools.click()
    page.locator("[data-page=funnel]").get_by_text("Show as table").click()
    expect(table.locator("tbody tr").nth(1)).to_contain_text("50.0")
    tools.click()
    with page.expect_download() as started:
        page.locator("[data-page=funnel]").get_by_text("Download CSV").click()
    started.value.save_as(tmp_path / "funnel.csv")
    rows = list(csv.reader((tmp_path / "funnel.csv").read_text().splitlines()))
    assert [row[:3] for row in rows] == [
        ["Step", "Visitors", "Of the first step"],
        ["product_view", "20", "1.0"],
        ["product_view[category = skirts]", "10", "0.5"],
    ]
