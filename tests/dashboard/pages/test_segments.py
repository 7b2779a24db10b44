"""The filter by segment: its box in the menu, its chip, and rules in words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from clickstream.dashboard.segments import examples, problem_of, segment_in_words
from clickstream.dashboard.view import View
from tests.dashboard.conftest import BrowserPage

pytest_plugins = ["tests.dashboard.stage"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("did(purchase)", "Order placed"),
        ("did(purchase, >= 2, 30d)", "Order placed at least 2× in the last 30 days"),
        (
            "did(add_to_cart_click, range) and not did(purchase, range)",
            "Add to cart in these days and not Order placed in these days",
        ),
        ("spent(eur, > 100)", "spent more than 100 EUR"),
        (
            "(country = DE or channel != paid_search) and sessions >= 2",
            "(first country DE or first channel not Paid search) and at least 2 sessions",
        ),
        ("first_seen = range", "first seen in these days"),
        ("first_seen >= 2026-03-01", "first seen since 2026-03-01"),
        ("not (did(search, 1d) and login_state = (none))", "not (Search on the last day and sign-in Not known)"),
        ("did(page:/p/*, = 0, 2026-03-01..2026-03-08)", "Page /p/* exactly 0× from 2026-03-01 to before 2026-03-08"),
        ("nonsense\u202e(", r"nonsense\u202e("),
    ],
    ids=str,
)
def test_a_rule_is_shown_in_words(rule: str, words: str) -> None:
    assert segment_in_words(rule) == words


def test_every_example_is_a_rule() -> None:
    for text in examples("GBP").values():
        assert problem_of(text) is None


def test_the_address_holds_segments_and_visitors() -> None:
    view = View.parse("?segment=did(purchase, >= 2),!country = DE&visitor_id=u,v")
    assert view.filters == (
        ("segment", r"did(purchase\, >= 2)"),
        ("segment", "!country = DE"),
        ("visitor_id", "u"),
        ("visitor_id", "v"),
    )
    assert View.parse(view.query()) == view


def test_a_rule_is_checked_counted_and_applied(shop_page: BrowserPage) -> None:
    shop_page.open()
    shop_page.wait_for_figure("sessions", "20")
    page = shop_page.page
    page.get_by_text("Add filter").click()
    page.get_by_role("button", name="Segment").click()
    box, check = page.get_by_label("Visitors who match this rule"), page.locator("#segment_check")
    expect(box).to_be_focused()
    box.fill("did(product_view, many)")
    expect(check.get_by_role("alert")).to_contain_text("at character 19, found 'many)'")
    expect(check.get_by_role("link")).to_have_count(0)
    page.locator("#segment_examples").get_by_text("Came back").click()
    expect(check).to_contain_text("0 of 20 visitors in these days match")
    box.fill("did(product_view[category = skirts])")
    expect(check).to_contain_text("10 of 20 visitors in these days match")
    box.press("Enter")
    shop_page.wait_for_figure("sessions", "10")
    chip = page.locator(".chip")
    expect(chip).to_contain_text("Segment: Product view (category: skirts)")
    page.reload()
    shop_page.wait_for_figure("sessions", "10")
    chip.click()
    shop_page.wait_for_figure("sessions", "20")


def test_an_address_with_an_invalid_rule_says_what_is_wrong(shop_page: BrowserPage) -> None:
    shop_page.open("?segment=did(")
    expect(shop_page.page.locator(".chips .problem")).to_contain_text("xpected a step at character 5")
    expect(shop_page.page.locator(".nothing").first).to_contain_text("described at the top of the page")
    expect(shop_page.page.locator(".failure")).to_have_count(0)
    shop_page.page.locator(".chip").click()
    shop_page.wait_for_figure("sessions", "20")


@pytest.mark.slow
def test_a_visitor_is_a_filter(shop_page: BrowserPage) -> None:
    shop_page.open("?visitor_id=stranger")
    shop_page.wait_for_figure("sessions", "0")
    expect(shop_page.page.locator(".chip")).to_contain_text("Visitor: stranger")
