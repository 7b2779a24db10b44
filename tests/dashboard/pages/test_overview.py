"""The page Overview: a key figure chooses the chart's figure, and what moved is named, in words and as filters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.charts.series import Measure
from clickstream.dashboard.drawings.movers import movers_list
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import put_load, seed

pytest_plugins = ["tests.dashboard.stage"]

TWO_PERIODS = "?from=2026-03-06&to=2026-03-11"  # compared with the five days before
BUSY_DAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
_EVENTS = """
insert into clickstream_events (event_id, event_timestamp, event_name, client_id, session_id, session_key, country,
    is_page_view, is_sample, received_at, load_id)
select uuid(), $at, 'page_view', 'p' || n, 'p' || n, 'p' || n, 'DE', true, false, $at, 2 from range(30) as visits (n)
"""
_SESSIONS = """
insert into sessions (session_key, client_id, session_id, session_start, session_end, events, page_views, key_events,
    country, channel, source, is_sample, load_id)
select client_id, client_id, client_id, $at, $at, 1, 1, 0, country, 'paid_search', 'bing', false, 2
from clickstream_events where load_id = 2
"""


def put_campaign(warehouse: DuckWarehouse) -> None:
    """Insert 30 more sessions on one day, all from paid search in Germany."""
    seed(warehouse)
    with warehouse.transaction() as cursor:
        cursor.execute(_EVENTS, {"at": BUSY_DAY})
        cursor.execute(_SESSIONS, {"at": BUSY_DAY})
        cursor.execute(
            "insert into seen (client_id, first_seen_at, load_id) select client_id, session_start, 2 "
            "from sessions where load_id = 2"
        )
        put_load(cursor, 2, BUSY_DAY)


def mover(now: Any, previous: Any, share: float | None) -> dict[str, Any]:
    return {"value_now": now, "value_previous": previous, "change": now - previous, "share_of_change": share}


@pytest.mark.parametrize(
    ("row", "measure", "text"),
    [
        (mover(470, 350, 0.61), Measure("Sessions"), "↑ +120 (+34.3 %) 61 % of the change"),
        (mover(20, 80, -0.5), Measure("Sessions"), "↓ −60 (−75.0 %) 50 % of the change, the other way"),
        (mover(15, 0, 1.25), Measure("Sessions"), "↑ +15 (new) 125 % of the change"),
        (mover(0, 40, None), Measure("Orders"), "↓ −40 (−100 %) no change in all"),
        (
            mover(Decimal("2500.5000"), Decimal("1000.0000"), 0.1),
            Measure("Revenue", "money", "EUR"),
            "↑ +1,501 EUR (+150 %) 10 % of the change",
        ),
    ],
    ids=["more", "against_the_change", "new", "gone", "money"],
)
def test_a_line_says_how_much_more_or_less_and_which_part_of_the_change(
    row: dict[str, Any], measure: Measure, text: str
) -> None:
    html = str(movers_list([row], measure, lambda _: ""))
    words = " ".join(" ".join(part.partition(">")[2] for part in html.split("<")).replace("\u00a0", " ").split())
    assert words == text


def test_what_moved_is_listed_and_each_line_is_a_filter(warehouse: DuckWarehouse, browser_page: BrowserPage) -> None:
    put_campaign(warehouse)
    browser_page.open(TWO_PERIODS)
    page = browser_page.page
    lines = page.locator("#overview-movers li")
    paid = lines.filter(has_text="Paid search")
    expect(paid).to_contain_text("Channel")
    expect(paid).to_contain_text("+30 (new)")
    expect(paid).to_contain_text("100\u00a0% of the change")
    expect(lines.filter(has_text="Germany")).to_contain_text("+30 (+600\u00a0%)")
    expect(page.locator("#overview-movers .caption")).to_contain_text("Sessions compared with 1–5 Mar 2026.")
    paid.get_by_role("link").click()
    browser_page.wait_for_figure("sessions", "30")
    assert "channel=paid_search" in page.url


@pytest.mark.slow
def test_when_nothing_moved_or_cannot_be_compared_the_card_says_so(shop_page: BrowserPage) -> None:
    note = shop_page.page.locator("#overview-movers .nothing")
    shop_page.open(TWO_PERIODS)
    expect(note).to_contain_text("Nothing moved by more than chance explains")
    expect(note).to_contain_text("at least 10 sessions, by 5 %")
    shop_page.open()
    expect(note).to_contain_text("No data from the comparison period (10 Jan – 8 Feb 2026)")
    shop_page.open(f"{TWO_PERIODS}&compare=none")
    note.get_by_text("Compare with the previous period").click()
    expect(note).to_contain_text("Nothing moved")
    assert shop_page.page.url.endswith(TWO_PERIODS)


def test_a_key_figure_chooses_the_figure_of_the_chart(shop_page: BrowserPage) -> None:
    page = shop_page.page
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    sessions, views = (page.get_by_role("button", name=name, exact=True) for name in ("Sessions", "Page views"))
    expect(sessions).to_have_attribute("aria-pressed", "true")
    views.focus()
    page.keyboard.press("Enter")
    expect(views).to_have_attribute("aria-pressed", "true")
    expect(sessions).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#overview-series")).to_have_attribute(
        "aria-label", "Page views, Mon 9 Feb 2026 to Tue 10 Mar 2026 (incomplete)"
    )
    assert page.url.endswith("?metric=page_views")
    expect(page.get_by_label("Figure").first).to_have_value("page_views")
    page.locator("#overview-card_visitors .value").click()
    expect(page.get_by_label("Figure").first).to_have_value("visitors")
    page.go_back()
    expect(views).to_have_attribute("aria-pressed", "true")
