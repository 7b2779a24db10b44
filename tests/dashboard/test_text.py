"""Text from events on the pages: anyone who can send an event chooses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from clickstream.dashboard import formats
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import seed

pytest_plugins = ["tests.dashboard.stage"]

NAMES = {
    "trousers": "!Hey phone",
    "skirts": "Hey phone",
    "sale": "=1+1 <img src=x onerror=alert(1)>\n\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred\x07", r"\x1b[31mred\x07", id="control characters"),
        pytest.param("line\nbreak\ttab", r"line\nbreak\ttab", id="line break and tab"),
        pytest.param("\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe", r"\u202egnp.exe", id="right-to-left override"),
        pytest.param("\N{ZERO WIDTH SPACE}", r"\u200b", id="nothing visible"),
        pytest.param("  ", r"\x20\x20", id="blanks alone"),
        pytest.param("<b>&amp;", "<b>&amp;", id="markup is escaped by the page"),
        pytest.param("شاشة \N{GRINNING FACE}", "شاشة \N{GRINNING FACE}", id="any language"),
    ],
)
def test_text_from_events_is_safe_to_show(text: str, shown: str) -> None:
    assert formats.safe_text(text) == shown
    assert formats.cut(text) == shown


def test_names_are_shown_as_text_and_a_click_filters_by_exactly_that_name(
    warehouse: DuckWarehouse, browser_page: BrowserPage
) -> None:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        for old, new in NAMES.items():
            sql = "update clickstream_events set context_product_category = $new where context_product_category = $old"
            cursor.execute(sql, {"old": old, "new": new})
    browser_page.open("?page=products&by=category")
    names = browser_page.page.locator("#products-ranking tbody th")
    expect(names).to_have_text(["!Hey phone", r"=1+1 <img src=x onerror=alert(1)>\n\x1b[31m\u202e", "Hey phone"])
    browser_page.page.get_by_label("Chart options").filter(visible=True).click()
    with browser_page.page.expect_download() as download:
        browser_page.page.get_by_text("Download CSV").filter(visible=True).click()
    csv = Path(download.value.path()).read_text("utf-8")
    assert csv.partition(",")[0] == "Day"
    assert ",\"'=1+1 <img src=x" in csv
    assert ",2,0,1,1\n" in csv
    names.first.get_by_role("link").click()
    expect(names).to_have_count(1)
    expect(browser_page.page.locator(".chip")).to_contain_text("Category: !Hey phone")
    browser_page.page.locator("nav [data-page=overview]").click()
    browser_page.wait_for_figure("events", "20")
