"""The page Live: its bars without a browser, and how it stays current in one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from clickstream.dashboard.answers import loads
from clickstream.dashboard.charts.trend import minute_bars
from clickstream.metrics import catalog
from clickstream.metrics.question import Answer, Column
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import FIRST, seed

pytest_plugins = ["tests.dashboard.stage"]

LAST_VISITS = FIRST + timedelta(days=9)
"""The last day of the seeded shop: two visits with three events each, a minute apart."""


def minutes(events: list[int]) -> Answer:
    first = datetime(2026, 3, 10, 11, 31, tzinfo=UTC)
    rows = [(first + timedelta(minutes=number), count, count // 2) for number, count in enumerate(events)]
    columns = tuple(Column(name, "int") for name in ("minute", "events", "visitors"))
    return Answer("live_minutes", columns, rows, {})


def test_each_minute_is_a_bar_in_local_time_and_the_last_one_is_hatched() -> None:
    chart = minute_bars(minutes([4] * 30), ZoneInfo("Europe/Berlin"))
    (bars,) = chart.option["series"]
    assert bars["type"] == "bar"
    assert [isinstance(value, dict) for value in bars["data"]] == [False] * 29 + [True]
    assert chart.option["xAxis"]["data"][0] == "12:31"
    assert chart.tips[-1] == ("13:00 (incomplete)", [("Events", "4"), ("Visitors", "2")])
    assert chart.ranges == []


def test_half_an_hour_without_events_is_a_sentence() -> None:
    assert minute_bars(minutes([0] * 30), ZoneInfo("UTC")).note == "No events in the last 30 minutes."


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "LIVE_PAUSE_S", 0.2)
    monkeypatch.setattr(loads, "INTERVAL_S", 0.2)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_time_passes_on_the_page_without_a_new_load(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    clock.now = LAST_VISITS + timedelta(minutes=4, seconds=30)
    browser_page.open("?page=live&channel=email")
    page = browser_page.page
    now, recent = (page.locator(f"#live-card_{key} .value") for key in ("visitors_5m", "visitors_30m"))
    expect(now).to_have_text("2")
    expect(page.locator("#live-card_page_views .value")).to_have_text("2")
    expect(page.locator("#live-minutes canvas")).to_be_visible()
    expect(page.locator("#live-page_path tbody")).to_contain_text("No page")
    expect(page.locator("#live-state")).to_contain_text("do not apply here, nor do the filters by channel.")
    clock.forward(minutes=4)  # less than the longest age of the other pages' answers
    expect(now).to_have_text("0")
    expect(recent).to_have_text("2")
    clock.forward(minutes=30)
    expect(page.locator("#live-state")).to_contain_text("No visitors in the last 30 minutes. The last event came")
    expect(recent).to_have_text("0")


def show_tab(page: Page, *, is_hidden: bool) -> None:
    """Behave as if the browser's tab went to the background, or came back."""
    hide = "(value) => Object.defineProperty(document, 'hidden', {value, configurable: true})"
    page.evaluate(hide, is_hidden)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_nothing_is_computed_while_the_page_is_not_seen(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(warehouse)
    ask, moments = catalog.ask, list[datetime]()

    def recorded(*arguments: Any, **more: Any) -> Answer:
        if arguments[1] == "live":
            moments.append(arguments[2].as_of)
        return ask(*arguments, **more)

    def calls() -> int:
        before = len(moments)
        for _ in range(10):
            clock.forward(seconds=1)
            page.wait_for_timeout(100)
        return len(moments) - before

    monkeypatch.setattr(catalog, "ask", recorded)
    browser_page.open("?page=live")
    page = browser_page.page
    expect(page.locator("#live-card_visitors_30m .value")).to_have_text("0")
    assert calls() > 0
    show_tab(page, is_hidden=True)
    calls()  # one may be on its way
    assert calls() == 0
    show_tab(page, is_hidden=False)
    assert calls() > 0
    page.locator("nav [data-page=products]").click()
    expect(page.locator("#products-ranking tbody tr")).to_have_count(3)
    assert calls() == 0
