"""What visitors search for, on the page Behaviour, and what they buy together, on the page Products."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.pages.behaviour import search_ranking
from clickstream.metrics.question import Answer, Column
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage
from tests.dashboard.seeded import put_load, seed

pytest_plugins = ["tests.dashboard.stage"]

NAMES = ("term", "searches", "visitors", "no_result_rate", "view_sessions", "order_sessions", "exit_sessions")
STRANGE = '<img src=x onerror="alert(1)">'
_SEARCH = """
insert into clickstream_events (event_id, event_timestamp, event_name, client_id, search_term, search_results,
    is_page_view, is_sample, received_at, load_id)
values (uuid(), $at, 'search', 'someone', $term, $results, false, false, $at, 2)
"""
_ORDER = """
insert into orders (order_id, event_id, items_event_id, ordered_at, total, currency, total_differs, is_bot, is_sample,
    load_id)
select $order, e, e, $at, 30, 'EUR', false, false, false, 2 from (select cast($event as uuid) as e)
"""
_LINE = """
insert into order_lines (event_id, line_number, product_id, product_name, quantity, price)
values (cast($event as uuid), $line, $product, $name, 1, 10)
"""


def terms(*rows: tuple[Any, ...], without_term: int = 0) -> Answer:
    columns = tuple(Column(name, "int") for name in NAMES)
    return Answer("search_terms", columns, list(rows), {"searches_without_term": without_term})


def test_terms_that_never_found_anything_are_named_and_marked() -> None:
    rows = [(f"term {n}", 9, 9, 1.0 if n > 20 else 0.5, 3, 1, 0) for n in range(30)]
    html = str(search_ranking(terms(*rows, without_term=2)))
    assert "30 terms. Never found anything: “term 21”, “term 22”, “term 23”, “term 24”, “term 25” and 4 more." in html
    assert "2 searches without a term left out. The 20 most frequent:" in html
    assert html.count("<tr>") == 1 + 20
    assert "no results" not in html  # those are after the 20 most frequent
    assert "no results" in str(search_ranking(terms(("sock", 1, 1, 1.0, 0, 0, 1))))
    assert "no results" not in str(search_ranking(terms(("sock", 1, 1, None, 0, 0, 1))))


def test_without_a_search_the_panel_shows_the_event_to_send() -> None:
    assert "No searches in these days. When a visitor searches, send the term" in str(search_ranking(terms()))
    html = str(search_ranking(terms(without_term=1)))
    assert "1 search in these days, but none with a term." in html
    assert "&quot;search&quot;: {&quot;term&quot;" in html or '"search": {"term"' in html


@pytest.mark.slow
def test_search_terms_are_listed_with_those_that_found_nothing(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        for term, results in (("shoes", 12), ("shoes", 0), ("shoes", None), (STRANGE, 0), (None, 3)):
            at = clock.now - timedelta(hours=1)
            cursor.execute(_SEARCH, {"at": at, "term": term, "results": results})
        put_load(cursor, 2, clock.now)
    browser_page.open("?page=behaviour")
    panel = browser_page.page.locator("#behaviour-searches")
    rows = panel.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("shoes")
    expect(rows.first.locator("td").first).to_have_text("3")
    expect(rows.first).to_contain_text("50.0\u00a0%")
    expect(rows.nth(1)).to_contain_text("no results")
    expect(rows.nth(1).locator("[title]").first).to_have_attribute("title", STRANGE)
    expect(panel).to_contain_text("1 search without a term left out.")


@pytest.mark.slow
def test_products_bought_together_are_filters(
    warehouse: DuckWarehouse, browser_page: BrowserPage, clock: Clock
) -> None:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        for number in range(4):
            order = {"order": f"o{number}", "event": f"00000000-0000-4000-8000-00000000000{number}"}
            cursor.execute(_ORDER, {**order, "at": clock.now - timedelta(hours=2)})
            basket = (("A1", "Trousers one"), ("B1", "Skirt one")) if number else (("A1", "Trousers one"),)
            for line, (product, name) in enumerate(basket):
                line_of = {"event": order["event"], "line": line}
                cursor.execute(_LINE, {**line_of, "product": product, "name": name})
        put_load(cursor, 2, clock.now)
    browser_page.open("?page=products")
    page = browser_page.page
    pair = page.locator("#products-pairs tbody tr")
    expect(pair).to_have_count(1)
    expect(pair.locator("td")).to_have_text(["3", "75.0\u00a0%", "100.0\u00a0%", "1.00"])
    page.locator(".panel").filter(has=page.locator("#products-pairs")).locator("button.explain").click()
    expect(page.locator("#explain")).to_contain_text("clickstream metric bought_together")
    page.keyboard.press("Escape")
    pair.get_by_text("Skirt one").click()
    page.wait_for_url("**?page=products&product_id=B1")
    expect(page.locator("#products-pairs .nothing")).to_contain_text("No two products are in the same three orders")
