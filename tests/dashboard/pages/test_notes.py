"""Notes on days: a line in every chart over time, their texts below it, in its tooltip and in its table."""

from __future__ import annotations

from datetime import date

from playwright.sync_api import expect

from clickstream.warehouse.duckdb import DuckWarehouse
from clickstream.warehouse.notes import add_note, remove_note
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import seed

pytest_plugins = ["tests.dashboard.stage"]

HOSTILE = '<img src=x onerror="alert(1)"> {a|b} \u202eltr'
SHOWN = '<img src=x onerror="alert(1)"> {a|b} \\u202eltr'
LINES = """
echartOf(document.querySelector('#overview-series')).drawn.getOption().series
    .filter(({name}) => name.startsWith('note ')).map(({data}) => data[1].value[0])
"""


def test_a_chart_over_time_shows_the_notes_of_its_days(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    add_note(warehouse, date(2026, 2, 1), "before the range", clock.now)
    add_note(warehouse, date(2026, 3, 4), HOSTILE, clock.now)
    browser_page.open("?from=2026-03-01&to=2026-03-11")
    page = browser_page.page
    notes = page.locator("[data-page=overview] .chart-notes li")
    expect(notes).to_have_text([f"14 Mar 2026{SHOWN}"])
    assert page.evaluate(LINES) == [3]
    add_note(warehouse, date(2026, 3, 9), "new checkout", clock.now)  # shown without a reload or a load
    expect(notes).to_have_count(2)
    assert page.evaluate(LINES) == [3, 8]
    page.locator("[data-page=overview] .chart-menu summary").first.click()
    page.locator("[data-page=overview]").get_by_text("Show as table").click()
    cells = page.locator("[data-page=overview] .chart-table td.note-cell")
    assert cells.all_text_contents() == ["", "", "", SHOWN, "", "", "", "", "new checkout", ""]
    box = page.locator("#overview-series canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.85, box["y"] + 150)
    expect(page.locator(".tip-note")).to_have_text("2new checkout")
    remove_note(warehouse, 2)
    expect(notes).to_have_text(["19 Mar 2026new checkout"])
    assert page.evaluate(LINES) == [8]
