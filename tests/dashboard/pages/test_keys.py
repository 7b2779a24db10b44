"""Keys and buttons for periods."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import BrowserPage

pytest_plugins = ["tests.dashboard.stage"]


def test_keys_choose_a_period_or_its_neighbour(shop_page: BrowserPage) -> None:
    page = shop_page.page
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    page.keyboard.press("7")
    shop_page.wait_for_figure("sessions", "14")
    assert page.url.endswith("?period=7d")
    expect(page.locator("[data-step=next]")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("n")  # the next period is in the future
    page.keyboard.press("p")
    shop_page.wait_for_figure("sessions", "6")
    assert page.url.endswith("?from=2026-02-25&to=2026-03-04")
    page.keyboard.press("n")
    shop_page.wait_for_figure("sessions", "14")
    page.get_by_label("Previous period").click()
    shop_page.wait_for_figure("sessions", "6")
    page.keyboard.press("t")
    shop_page.wait_for_figure("sessions", "2")
    page.go_back()
    shop_page.wait_for_figure("sessions", "6")
    for key, period in (("3", "30d"), ("9", "90d")):
        page.keyboard.press(key)
        page.wait_for_url(f"**?period={period}")


@pytest.mark.slow
def test_keys_are_listed_can_be_turned_off_and_do_nothing_while_typing(shop_page: BrowserPage) -> None:
    page = shop_page.page
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    address = page.url
    page.get_by_text("Add filter").click()
    page.get_by_label("Search values").fill("")
    page.get_by_label("Search values").press_sequentially("7tp?")
    expect(page.get_by_label("Search values")).to_have_value("7tp?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+7")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Last 7 days")
    page.keyboard.press("7")
    dialog.get_by_text("Turn keys off").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("7")
    assert page.url == address
    page.keyboard.press("?")
    dialog.get_by_text("Turn keys on").click()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("7")
    shop_page.wait_for_figure("sessions", "14")
