"""The page Behaviour: the drawings without a browser, and the page with one."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from playwright.sync_api import Page, expect

from clickstream.dashboard.drawings.flow import Flow, flow
from clickstream.dashboard.drawings.heat import heat_map
from clickstream.metrics.question import Answer, Column
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import FIRST, LAST_PASS, put_load

pytest_plugins = ["tests.dashboard.stage"]

STRANGE = '/p/"><b>1'
VISITS = (  # the start of a visit, and the pages that it went through, a minute each
    (datetime(2026, 3, 9, 10, 0, tzinfo=UTC), ("/", "/p/1", "/cart")),
    (datetime(2026, 3, 9, 10, 30, tzinfo=UTC), ("/", "/p/1", STRANGE)),
    (datetime(2026, 3, 9, 15, 0, tzinfo=UTC), ("/",)),
    (datetime(2026, 3, 8, 20, 0, tzinfo=UTC), ("/c/laptops", "/p/1")),
)
_EVENT = """
insert into clickstream_events (event_id, event_timestamp, event_name, client_id, session_id, session_key, page_path,
    is_page_view, is_sample, received_at, load_id)
values (uuid(), $at, 'page_view', $visit, $visit, $visit, $path, true, false, $at, 1)
"""
_SESSION = """
insert into sessions (session_key, client_id, session_id, session_start, session_end, events, page_views, key_events,
    entry_page, exit_page, is_sample, load_id)
values ($visit, $visit, $visit, $start, $end, $views, $views, 0, $landing, $exit, false, 1)
"""


def put_visits(warehouse: DuckWarehouse) -> None:
    with warehouse.transaction() as cursor:
        for number, (start, paths) in enumerate(VISITS):
            visit = {"visit": f"visit-{number}"}
            views = [start + timedelta(minutes=n) for n in range(len(paths))]
            for at, path in zip(views, paths, strict=True):
                cursor.execute(_EVENT, {**visit, "at": at, "path": path})
            session = {"start": start, "end": views[-1], "views": len(views), "landing": paths[0], "exit": paths[-1]}
            cursor.execute(_SESSION, {**visit, **session})
        cursor.execute(
            "insert into seen (client_id, first_seen_at, load_id) select client_id, session_start, 1 from sessions"
        )
        put_load(cursor, 1, FIRST)
        cursor.execute("insert into passes values ($at)", {"at": LAST_PASS})


def week(values: dict[tuple[int, int], int], hours: float = 2) -> Answer:
    """An answer of `peak_activity`: Sunday is not in its days."""
    names = ("weekday", "hour", "value", "hours_in_range", "per_hour")
    columns = tuple(Column(name, "int") for name in names)
    rows = []
    for weekday in range(1, 8):
        spent = 0 if weekday == 7 else hours
        for hour in range(24):
            value = values.get((weekday, hour), 0)
            rows.append((weekday, hour, value, spent, value / spent if spent else None))
    return Answer("peak_activity", tuple(columns), rows, {"tz": "Europe/Warsaw"})


def file_of(html: str) -> list[list[str]]:
    found = re.search(r'data-csv="([^"]*)"', html)
    assert found is not None
    return list(csv.reader(StringIO(found[1].replace("&#13;", "").replace("&#10;", "\n").replace("&quot;", '"'))))


def test_a_cell_is_as_dark_as_its_value_per_hour_and_an_hour_outside_the_days_is_hatched() -> None:
    html = str(heat_map(week({(2, 14): 8, (5, 9): 2}), "Sessions"))
    assert "in the time zone Europe/Warsaw." in html
    assert "Busiest: Tuesday 14:00–15:00, 4.00 per hour." in html
    assert '<td title="Tuesday 14:00–15:00: 4.00 per hour (8 in 2 hours)" style="--heat:1.000"></td>' in html
    assert '<td title="Friday 09:00–10:00: 1.00 per hour (2 in 2 hours)" style="--heat:0.250"></td>' in html
    assert html.count('class="missing"') == 24
    assert ["Tuesday", "14", "8", "2", "4.0"] in file_of(html)
    assert len(file_of(html)) == 1 + 7 * 24


def test_a_week_without_activity_says_so() -> None:
    assert str(heat_map(week({}), "Orders")) == '<p class="nothing">No orders in these days.</p>'


def links(*rows: tuple[int, str, str, int]) -> list[dict[str, int | str]]:
    return [dict(zip(("step", "source", "target", "sessions"), row, strict=True)) for row in rows]


WAYS = links((1, "/", "/p/1", 6), (1, "/", "(exit)", 2), (1, "(other)", "/p/1", 2), (2, "/p/1", "(exit)", 8))


def drawn(is_backward: bool = False) -> str:
    layout = Flow(str, lambda node: None if node.startswith("(") else f"?anchor={node}", ("A", "B", "C"), is_backward)
    return str(flow(WAYS, layout))


def test_the_height_of_a_node_and_of_its_bands_is_its_share_of_the_sessions() -> None:
    html = drawn()
    nodes = dict(re.findall(r'title="(\S+): \d+ sessions, [^"]*"[^>]*>\s*<i style="height:([\d.]+)px', html))
    assert nodes == {"/": "224.0", "(other)": "56.0", "/p/1": "224.0", "(exit)": "224.0"}  # of 280; the last (exit)
    bands = re.findall(r'<path d="M[\d.]+,([\d.]+)C[^V]*V[\d.]+C[\d.]+,[\d.]+ [\d.]+,([\d.]+)', html)
    assert [round(float(bottom) - float(top)) for top, bottom in bands] == [168, 56, 56, 224]
    assert "<title>/ → /p/1: 6 sessions</title>" in html


def test_only_named_nodes_are_links_and_the_rest_is_last() -> None:
    html = drawn()
    assert re.findall(r'<a href="\?anchor=([^"]*)"', html) == ["/", "/p/1"]
    assert html.index('title="/p/1: 8 sessions') < html.index('title="(exit): 2 sessions')


def test_time_runs_to_the_right_in_both_directions() -> None:
    heads = r">([ABC])</span>"
    assert re.findall(heads, drawn()) == ["A", "B", "C"]
    assert re.findall(heads, drawn(is_backward=True)) == ["C", "B", "A"]
    assert "<title>/p/1 → /: 6 sessions</title>" in drawn(is_backward=True)


def nodes(page: Page, column: int) -> list[str]:
    """Return the nodes of a column of five, or fewer: those with the same left edge."""
    found = page.locator("#behaviour-paths .flow-node").evaluate_all(
        "(all) => all.map((el) => [el.style.left, el.title.split(',')[0]])"
    )
    lefts = sorted({left for left, _ in found}, key=lambda left: float(left.rstrip("%")))
    return [title for left, title in found if left == lefts[column]]


def test_pages_activity_and_ways_are_those_of_the_warehouse(
    warehouse: DuckWarehouse, browser_page: BrowserPage
) -> None:
    put_visits(warehouse)
    page = browser_page.page
    browser_page.open("?page=behaviour")
    ranked = page.locator("#behaviour-ranking tbody tr")
    expect(ranked).to_have_count(5)
    expect(ranked.first).to_contain_text("/")
    expect(ranked.first.locator("td").first).to_have_text("3")
    cell = page.locator("#behaviour-activity td[title^='Monday 10:00']")
    expect(cell).to_have_attribute("title", re.compile(r"\(2 in 5 hours\)"))
    expect(page.locator("#behaviour-paths .caption").first).to_contain_text("4 sessions, from the first page on.")
    assert nodes(page, 0) == ["/: 3 sessions", "/c/laptops: 1 session"]
    assert nodes(page, 1) == ["/p/1: 3 sessions", "Left: 1 session"]
    assert nodes(page, 2) == ["/cart: 1 session", f"{STRANGE}: 1 session", "Left: 1 session"]
    expect(page.locator("#behaviour-paths b")).to_have_count(0)
    ways = page.locator("#behaviour-journeys tbody tr")
    expect(ways).to_have_count(4)
    expect(ways.first.locator("th")).to_have_text(re.compile(r"^\s*/\s*→\s*/p/1\s*→\s*/cart\s*$"))
    expect(ways.first.locator("td").nth(1)).to_have_text("25.0\u00a0%")


@pytest.mark.slow
def test_a_click_starts_at_a_page_or_filters_by_it(warehouse: DuckWarehouse, browser_page: BrowserPage) -> None:
    put_visits(warehouse)
    page = browser_page.page
    browser_page.open("?page=behaviour")
    caption = page.locator("#behaviour-paths .caption").first
    page.locator("#behaviour-paths").get_by_title("/p/1: 3 sessions").click()
    expect(caption).to_contain_text("3 sessions with /p/1: what followed the first time.")
    assert nodes(page, 0) == ["/p/1: 3 sessions"]
    page.get_by_role("link", name="What came before?").click()
    expect(caption).to_contain_text("what came before the last time.")
    assert page.url.endswith("?page=behaviour&anchor=%2Fp%2F1&direction=before")
    page.get_by_role("link", name="Show all sessions").click()
    expect(caption).to_contain_text("4 sessions, from the first page on.")

    page.get_by_label("Pages", exact=True).last.select_option("landing")
    page.locator("#behaviour-ranking").get_by_text("/c/laptops").click()
    expect(page.locator("#behaviour-ranking tbody tr")).to_have_count(1)
    expect(page.locator(".chip").first).to_contain_text("Landing page: /c/laptops")
    expect(caption).to_contain_text("1 session, from the first page on.")
    page.locator("nav [data-page=overview]").click()
    page.wait_for_url("**/?landing_page=%2Fc%2Flaptops")


@pytest.mark.slow
def test_a_drawing_has_a_table_and_a_file(warehouse: DuckWarehouse, browser_page: BrowserPage) -> None:
    put_visits(warehouse)
    page = browser_page.page
    browser_page.open("?page=behaviour")
    panel = page.locator(".panel", has=page.locator("#behaviour-paths"))
    table = panel.locator(".chart-table")
    expect(panel.locator(".flow-node").first).to_be_visible()
    expect(table).to_be_hidden()
    panel.get_by_label("Chart options").click()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert rows[:2] == [["Column", "From", "To", "Sessions"], ["1", "/", "/p/1", "2"]]
    panel.get_by_label("Chart options").click()
    panel.get_by_role("button", name="Show as table").click()
    expect(table.locator("tbody tr").first).to_have_text(re.compile(r"First\s+/\s+/p/1\s+2"))


@pytest.mark.slow
def test_a_filter_by_event_says_why_there_are_no_ways(warehouse: DuckWarehouse, browser_page: BrowserPage) -> None:
    put_visits(warehouse)
    page = browser_page.page
    browser_page.open("?page=behaviour&event=page_view")
    for part in ("paths", "journeys"):
        expect(page.locator(f"#behaviour-{part} .nothing")).to_contain_text("it cannot be filtered by event.")
    page.locator("#behaviour-paths").get_by_text("Remove the filter by event").click()
    expect(page.locator("#behaviour-paths .flow-node").first).to_be_visible()
    expect(page.locator("#behaviour-journeys tbody tr")).to_have_count(4)
