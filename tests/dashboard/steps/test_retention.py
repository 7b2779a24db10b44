"""The page of retention: the curve, the heat map and its incomplete cells."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.sync_api import expect

from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.drawings.cohorts import cohort_map, retention_curve
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import FIRST, put_load, seed

pytest_plugins = ["tests.dashboard.stage"]

_RETURN = """
insert into clickstream_events (event_id, event_timestamp, event_name, client_id, session_id, session_key, country,
    is_page_view, is_sample, received_at, load_id)
values (uuid(), $at, 'page_view', 'DE0', 'again', 'again', 'DE', true, false, $at, 2)
"""
_SESSION = """
insert into sessions (session_key, client_id, session_id, session_start, session_end, events, page_views, key_events,
    country, is_sample, load_id)
values ('again', 'DE0', 'again', $at, $at, 1, 1, 0, 'DE', false, 2)
"""


def cell(cohort: int | None, size: int, period: int, returned: int, is_complete: bool = True) -> Row:
    return {
        "cohort": None if cohort is None else date(2026, 3, 2) + timedelta(weeks=cohort),
        "size": size,
        "period": period,
        "returned": returned,
        "rate": returned / size,
        "is_complete": is_complete,
    }


ROWS = [
    cell(0, 40, 0, 40),
    cell(0, 40, 1, 8),
    cell(0, 40, 2, 1, is_complete=False),
    cell(1, 50, 0, 50),
    cell(1, 50, 1, 2, is_complete=False),
    cell(None, 90, 0, 90),
    cell(None, 40, 1, 8),
]


def test_cells_have_their_number_and_incomplete_ones_are_hatched() -> None:
    html = str(cohort_map(ROWS, "week"))
    assert html.count('class="cell open-cell"') == 2
    assert html.count('class="cell"') == 3
    assert html.count('class="no-cell"') == 1
    assert "1 of 40 visitors of 2–8 Mar 2026 came back in week 2, not over yet" in html
    # The largest share after the first week has the strongest colour.
    assert html.count("--strength:45%") == 3


def test_the_curve_begins_after_the_first_period() -> None:
    chart = retention_curve(ROWS, "week")
    assert chart.option["series"][0]["data"] == [0.2]
    assert chart.option["xAxis"]["data"] == ["Week 1"]
    assert "max" not in chart.option["yAxis"]
    assert chart.tips == [("Week 1", [("Came back", "20.0\u00a0%"), ("Visitors", "8 of 40")])]


def test_the_axis_ends_at_100_percent_if_all_or_none_came_back() -> None:
    for returned in (0, 40):
        assert retention_curve([cell(None, 40, 1, returned)], "day").option["yAxis"]["max"] == 1


def test_without_a_whole_period_the_curve_says_why() -> None:
    chart = retention_curve([cell(0, 4, 0, 4, is_complete=False)], "month")
    assert chart.note == "No visitor of these days has had a whole month after the first one yet."


def test_a_visitor_who_comes_back_is_in_the_cell_of_that_day(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    at = FIRST + timedelta(days=3)
    with warehouse.transaction() as cursor:
        cursor.execute(_RETURN, {"at": at})
        cursor.execute(_SESSION, {"at": at})
        put_load(cursor, 2, clock.now)
    browser_page.open("?page=retention")
    page = browser_page.page
    page.get_by_label("Group visitors by").select_option("day")
    rows = page.locator(".cohorts tbody tr")
    expect(rows).to_have_count(10)
    expect(rows.first.locator("th, td")).to_have_text(
        ["Sun 1 Mar 2026", "2", "100%", "0%", "0%", "50%", *["0%"] * 6], use_inner_text=True
    )
    expect(rows.first.locator(".open-cell")).to_have_count(1)
    expect(page.locator("#retention-series canvas")).to_be_visible()
    page.get_by_label("What puts a visitor in a row").select_option("purchase")
    expect(page.locator("#retention-cohorts .nothing")).to_have_text(
        "No visitor had a first event of this kind in these days: order placed."
    )
    assert page.url.endswith("?page=retention&by=day&start=purchase")
