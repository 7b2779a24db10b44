"""The page Customers: the drawings of lifetime value without a browser, and the page with one."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.drawings.lifetime import value_curve, value_map
from tests.dashboard.conftest import BrowserPage

pytest_plugins = ["tests.dashboard.stage", "tests.dashboard.pages.buyers"]

OPEN = {"is_complete": False}


def cell(cohort: date | None, period: int, revenue: int, customers: int = 2, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"cohort": cohort, "customers": customers, "period": period, "orders": customers}
    row |= {"revenue": Decimal(revenue), "net_revenue": Decimal(revenue - 1)}
    return row | {"revenue_per_customer": revenue / customers, "is_complete": True, **more}


JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
ROWS = [
    cell(JANUARY, 0, 100),
    cell(JANUARY, 1, 150),
    cell(JANUARY, 2, 300, **OPEN),
    cell(FEBRUARY, 0, 60),
    cell(FEBRUARY, 1, 60, **OPEN),
    cell(None, 0, 160, customers=4),
    cell(None, 1, 150),
]


def test_a_cell_is_as_dark_as_its_value_and_hatched_until_its_month_has_ended() -> None:
    html = str(value_map(ROWS, "EUR"))
    assert html.count('class="cell open-cell"') == 2
    assert html.count('class="no-cell"') == 2  # February has no month 2, nor have all cohorts together
    assert 'style="--strength:45%"' in html
    assert "January 2026, month 2: 2 customers, 2 orders, revenue 300.00 EUR, net 299.00 EUR, not over yet" in html
    assert "All, complete months" in html


def test_the_file_of_the_cohorts_has_each_cell() -> None:
    attribute = value_map(ROWS, "EUR").attrs["data-csv"]
    assert list(csv.reader(StringIO(str(attribute))))[:3] == [
        ["Cohort", "Month", "Customers", "Orders", "Revenue (EUR)", "Net revenue (EUR)", "Complete"],
        ["2026-01", "0", "2", "2", "100", "99", "yes"],
        ["2026-01", "1", "2", "2", "150", "149", "yes"],
    ]


def test_the_curve_is_that_of_all_cohorts() -> None:
    chart = value_curve(ROWS, "EUR")
    assert chart.option["series"][0]["data"] == [40, 75]
    assert chart.tips[1] == ("Month 1", [("Revenue per customer", "75.00 EUR"), ("Customers", "2")])
    assert value_curve(ROWS[:6], "EUR").note.startswith("The curve begins")


def test_the_page_shows_who_buys_and_who_comes_back(buyers_page: BrowserPage) -> None:
    buyers_page.open("?page=customers")
    page = buyers_page.page
    values = {key: page.locator(f"#customers-card_{key} .value") for key in ("customers", "repeat_rate", "carts")}
    expect(values["customers"]).to_have_text("2")
    expect(values["repeat_rate"]).to_have_text("50.0\u00a0%")
    expect(values["carts"]).to_have_text("2")
    expect(page.locator("#customers-card_median_days_between_orders .value")).to_have_text("44")
    expect(page.locator("#customers-card_abandonment_rate .caption")).to_have_text("1 left behind")
    expect(page.locator("#customers-customer tbody tr")).to_have_text(
        [" First order 80.00 1", " Repeat order 50.00 1"], use_inner_text=False
    )
    expect(page.locator("#customers-payment_method tbody th")).to_have_text(["PayPal", "Card"])
    expect(page.locator("#customers-coupon")).to_have_text("No order of these days had a coupon.")
    expect(page.locator("#customers-cohorts tbody th")).to_have_text(
        ["January 2026", "March 2026", "All, complete months"]
    )
    expect(page.locator("#customers-curve canvas")).to_be_visible()
    page.locator("#customers-left").get_by_text("Desk lamp").click()
    page.wait_for_url("**?page=customers&product_id=LAMP")
    expect(page.locator("#customers-groups")).to_have_text("A filter by product does not apply here. Remove it above.")


@pytest.mark.slow
def test_a_group_lists_its_customers_who_lead_to_their_timelines(buyers_page: BrowserPage) -> None:
    buyers_page.open("?page=customers")
    page = buyers_page.page
    names = page.locator("#customers-list tbody th")
    expect(names).to_have_text(["ada", "ben"])
    page.locator("#customers-groups").get_by_text("Loyal").click()
    expect(names).to_have_text(["ada"])
    expect(page.locator("#customers-list_title")).to_have_text("Loyal")
    assert page.url.endswith("?page=customers&group=loyal")
    assert names.locator("a").get_attribute("href") == "?page=visitors&visitor=ada"
    page.locator("#customers-groups").get_by_text("Loyal").click()
    expect(names).to_have_count(2)
    page.locator("#customers-groups").get_by_text("Champions").click()
    expect(page.locator("#customers-list")).to_have_text("No customers in this group.")
