"""Attribution on the page Acquisition: what each model gives to a channel."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import expect

from tests.dashboard.conftest import BrowserPage

pytest_plugins = ["tests.dashboard.stage", "tests.dashboard.pages.buyers"]


def test_models_stand_side_by_side_and_look_back_as_far_as_chosen(buyers_page: BrowserPage, tmp_path: Path) -> None:
    buyers_page.open("?page=acquisition")
    page = buyers_page.page
    rows = page.locator("#acquisition-attribution tbody tr")
    expect(rows.locator("th")).to_have_text(["Direct", "Email", "Organic search"])
    credits_ = page.locator("#acquisition-attribution tbody tr .credit")
    expect(credits_).to_have_text([*["1.0"] * 5, *("0.0", "1.0", "0.5", "0.5", "0.5"), *("1.0", "0.0", *["0.5"] * 3)])
    expect(rows.nth(1).locator("td").nth(3)).to_have_attribute("title", "0.50 orders, 25.0\u00a0% of all, 40.00 EUR")

    # Ada's visit in January is 44 days before her order: it takes the place of the direct one.
    page.get_by_label("How far back visits count").select_option("60 days")
    expect(rows.locator("th")).to_have_text(["Email", "Organic search", "Direct"])
    expect(rows.nth(0).locator(".credit")).to_have_text(["1.0", "2.0", "1.5", "1.5", "1.5"])
    expect(rows.nth(2).locator(".credit")).to_have_text(["0.0"] * 5)
    assert page.url.endswith("?page=acquisition&lookback=60")

    page.get_by_label("Divide orders by").select_option("medium")
    expect(rows.locator("th")).to_have_text(["email", "organic", "No medium"])
    tools = page.locator(".panel", has=page.locator("#acquisition-attribution")).locator(".chart-menu")
    tools.locator("summary").click()
    with page.expect_download() as started:
        tools.get_by_text("Download CSV").click()
    started.value.save_as(tmp_path / "attribution.csv")
    head, *lines = csv.reader((tmp_path / "attribution.csv").read_text().splitlines())
    assert head[:4] == ["Medium", "Orders touched", "First touch (orders)", "First touch (EUR)"]
    for column in range(2, len(head), 2):  # each model gives away all orders and all revenue
        assert sum(float(line[column]) for line in lines) == 2
        assert sum(float(line[column + 1]) for line in lines) == 130

    rows.get_by_text("organic").click()
    page.wait_for_url("**medium=organic**")
    expect(page.locator("#acquisition-attribution")).to_have_text(
        "No orders in these days, so there is nothing to divide."
    )
