"""Visits of the real shop in a real browser, and what became of them: orders, events, sessions, the truth check."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.shop_platform import CAMPAIGN, ShopPlatform, Visitor, running_shop
from tests.patience import wait_until

pytest_plugins = ["tests.dashboard.stage"]
pytestmark = pytest.mark.slow

LAPTOP, MOUSE, HEADPHONES = "orlune-vela-14", "pontiva-glide-pro", "sonavie-calm"
EVENTS = {
    "home_view", "category_view", "search", "product_view", "add_to_cart_click", "remove_from_cart_click",
    "wishlist_toggle", "login_open", "login_success", "checkout_start", "checkout_complete", "order_confirmed",
    "order_refunded",
}  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Iterator[ShopPlatform]:
    with running_shop() as opened:
        yield opened


@dataclass(frozen=True)
class Visit:
    """A visit that ended with an order, of which a part was refunded. stock: before it, by product."""

    number: str
    refund_id: str
    stock: dict[str, int]


@pytest.fixture(scope="module")
def visit(shop: ShopPlatform, browser: Browser) -> Visit:
    stock = dict(shop.rows("select product_id, quantity from inventory"))
    with Visitor(browser, shop) as ada:
        ada.land("/" + CAMPAIGN)
        ada.page.get_by_label("Search the shop").fill("Laptop")
        ada.page.keyboard.press("Enter")
        ada.page.wait_for_url("**/search?q=Laptop")
        ada.open("/categories/headphones")
        ada.add(LAPTOP)
        ada.page.get_by_role("button", name="Wishlist", exact=True).click()
        ada.page.get_by_role("button", name="On wishlist").wait_for()
        ada.add(MOUSE)
        ada.add(HEADPHONES)
        ada.open("/cart")
        ada.page.get_by_role("button", name="Remove Sonavie Calm").click()
        expect(ada.page.get_by_role("button", name="Remove Sonavie Calm")).to_have_count(0)
        ada.page.get_by_label("Coupon code").fill("welcome10")
        ada.page.get_by_role("button", name="Apply").click()
        ada.page.get_by_text("Remove code").wait_for()
        ada.sign_up("Ada Example", f"ada{time.time_ns()}@example.com", "Correct-Horse-9-Staple")
        number = ada.order(email=None)
        shop.wait_for_event("checkout_complete", number)
        ada.page.reload()
        ada.page.wait_for_timeout(3000)  # longer than the tracker waits before it sends
        assert ada.problems == []
    shop.wait_for_event("order_confirmed", number)
    refund = shop.platform.json("shop", "refund", number, "--amount", "10.00")
    shop.wait_for_event("order_refunded", number)
    return Visit(number, refund["refund_id"], stock)


def number_of(value: object) -> Decimal:
    return Decimal(str(value))


def test_order_is_in_the_shop_with_coupon_tax_and_stock(shop: ShopPlatform, visit: Visit) -> None:
    ((total, discount, tax, client),) = shop.rows(
        "select total, discount, tax, client_id from orders as o join users as u on u.id = o.user_id"
        " where number = %s and coupon = 'WELCOME10' and payment_method = 'pay_on_delivery'",
        visit.number,
    )
    assert discount > 0
    assert client is not None
    assert tax == (total * 20 / 120).quantize(Decimal("0.01"), ROUND_HALF_UP)
    left = dict(shop.rows("select product_id, quantity from inventory"))
    sold = {name: count - left[name] for name, count in visit.stock.items() if count != left[name]}
    assert sold == {LAPTOP: 1, MOUSE: 1}


def test_raw_store_has_every_event_once_and_both_sides_agree(shop: ShopPlatform, visit: Visit) -> None:
    stored = shop.stored_events()
    assert {event["eventName"] for event in stored} >= EVENTS
    sides = {event["eventName"]: event for event in stored if event.get("order", {}).get("id") == visit.number}
    assert sorted(sides) == ["checkout_complete", "order_confirmed", "order_refunded"]
    ids = {event["eventId"] for event in stored if event.get("order", {}).get("id") == visit.number}
    assert len(ids) == 3
    browser, server = sides["checkout_complete"], sides["order_confirmed"]
    for name in ("order", "clientId", "sessionId", "userId"):
        assert browser[name] == server[name], name
    assert shop.platform.json("check")["balanced"] is True


def test_warehouse_has_order_session_and_refund(shop: ShopPlatform, visit: Visit) -> None:
    ((real, client, session, user),) = shop.rows(
        "select array[total, discount, tax, shipping], client_id, session_id, u.subject"
        " from orders as o join users as u on u.id = o.user_id where number = %s",
        visit.number,
    )
    where = f"order_id = '{visit.number}'"
    ((*amounts, currency, coupon, method, differs, by_browser, by_server, who),) = shop.query(
        "select total, discount, tax, shipping, currency, coupon, payment_method, total_differs,"
        f" browser_at is not null, server_at is not null, user_id from orders where {where}"
    )
    assert [number_of(amount) for amount in amounts] == real
    assert (currency, coupon, method, who) == ("EUR", "WELCOME10", "pay_on_delivery", user)
    assert (differs, by_browser, by_server) == (False, True, True)
    found = shop.query(
        "select s.client_id, s.session_id, channel, source, campaign, s.orders"
        f" from sessions as s join orders as o on o.session_key = s.session_key where {where}"
    )
    assert found == [[client, session, "email", "newsletter", "spring", 1]]
    ((refunded, refund_id),) = shop.query(f"select amount, refund_id from refunds where {where}")
    assert (number_of(refunded), refund_id) == (Decimal("10.00"), visit.refund_id)


def test_truth_check_agrees(shop: ShopPlatform, visit: Visit) -> None:
    found = shop.platform.json("orders", "check")
    assert found["problems"] == found["unknown"] == []
    totals = {name: found["totals"][name] for name in ("orders", "both", "missing", "rate", "browser_rate")}
    assert totals == {"orders": 1, "both": 1, "missing": 0, "rate": 1.0, "browser_rate": 1.0}
    assert [(group["name"], group["counts"]["orders"]) for group in found["channels"]] == [("email", 1)]
    # Chromium sends its real user agent, not the one of the test, with what a closing page leaves behind.
    ((name, orders),) = [(group["name"], group["counts"]["orders"]) for group in found["browsers"]]
    assert (name in ("Firefox", "HeadlessChrome"), orders) == (True, 1)
    assert (found["refunds"]["refunds"], found["refunds"]["captured"]) == (1, 1)


def test_order_of_a_browser_that_blocks_the_collector_is_captured_by_the_server(
    shop: ShopPlatform, browser: Browser
) -> None:
    before = shop.platform.json("orders", "check")["totals"]
    with Visitor(browser, shop, is_blocking=True) as guest:
        guest.land()
        guest.add(HEADPHONES)
        number = guest.order(email="guest@example.com", name="W" * 120)
        assert guest.problems == []
    shop.wait_for_event("order_confirmed", number)
    after = shop.platform.json("orders", "check")["totals"]
    changed = {name: after[name] - before[name] for name in ("orders", "server", "browser", "missing", "pending")}
    assert changed == {"orders": 1, "server": 1, "browser": 0, "missing": 0, "pending": 0}
    assert after["rate"] == 1.0
    assert after["browser_rate"] < 1.0
    assert [event["eventName"] for event in shop.stored_events() if event.get("order", {}).get("id") == number] == [
        "order_confirmed"
    ]
    dashboard = f"http://127.0.0.1:{shop.platform.dashboard_port}/sbw_dashboard/?page=data-health"
    page = browser.new_page()
    page.goto(dashboard)
    page.wait_for_selector("#data_health-card_rate .value[title='100.0\u00a0%']")
    page.close()


def test_shop_killed_in_the_middle_of_a_checkout_leaves_no_half_order(shop: ShopPlatform, browser: Browser) -> None:
    """A lock on the stock holds the checkout in its transaction while the shop is killed."""
    counts = "select (select count(*) from orders), (select count(*) from order_items), (select count(*) from outbox)"
    before, stock = shop.rows(counts), shop.rows("select product_id, quantity from inventory order by 1")
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%%inventory%%'"
    with Visitor(browser, shop) as visitor, psycopg.connect(shop.database_url()) as blocker:
        visitor.land()
        visitor.add(MOUSE)
        blocker.execute("select * from inventory for update")
        visitor.open("/checkout")
        for label, text in (
            ("E-mail", "kim@example.com"), ("Full name", "Kim"), ("Street and number", "1 Road"),
            ("Postal code", "1010"), ("City", "Vienna"),
        ):  # fmt: skip
            visitor.page.get_by_label(label).fill(text)
        visitor.page.get_by_label("Country").select_option("AT")
        visitor.page.get_by_role("button", name="Place order").first.click()
        wait_until(lambda: shop.rows(waiting) != [(0,)], "checkout that waits for the lock")
        os.kill(server_pid(shop.shop_port), signal.SIGKILL)
        blocker.rollback()
        shop.wait_for_shop()
        wait_until(lambda: shop.rows(waiting) == [(0,)])
        assert shop.rows(counts) == before
        assert shop.rows("select product_id, quantity from inventory order by 1") == stock
        number = visitor.order(email="kim@example.com")
    assert shop.rows("select count(*) from orders where number = %s", number) == [(1,)]
    ((orders, items, events),) = before
    assert shop.rows(counts) == [(orders + 1, items + 1, events + 1)]


def test_consent_in_one_tab_makes_one_client_of_all_tabs(shop: ShopPlatform, browser: Browser) -> None:
    with Visitor(browser, shop) as visitor:
        first, second = visitor.page, visitor.context.new_page()
        open_undecided(first, shop.origin + "/")
        open_undecided(second, shop.origin + "/categories/laptops")
        first.get_by_role("button", name="Accept").click()
        expect(second.get_by_role("button", name="Accept")).to_have_count(0)
        client = client_of(first)
        second.locator("main a[href^='/products/']").first.click()
        second.wait_for_url("**/products/**")
        wait_until(lambda: "product_view" in {event["eventName"] for event in events_of(shop, client)})
        first.get_by_role("link", name="Monitors").first.click()
        first.wait_for_url("**/categories/monitors")
        wait_until(lambda: "/categories/monitors" in {path_of(shop, event) for event in events_of(shop, client)})
        assert client_of(first) == client_of(second) == client
    found = [(event["eventName"], path_of(shop, event)) for event in events_of(shop, client)]
    assert {("home_view", "/"), ("category_view", "/categories/laptops")} <= set(found)
    views = [path for name, path in found if name == "page_view"]
    assert sorted(views) == sorted({path for _, path in found})  # each of the four pages once
    assert len({event["sessionId"] for event in events_of(shop, client)}) == 1


def test_declining_in_one_tab_closes_the_banner_in_all_tabs(shop: ShopPlatform, browser: Browser) -> None:
    with Visitor(browser, shop) as visitor:
        first, second = visitor.page, visitor.context.new_page()
        open_undecided(first, shop.origin + "/")
        open_undecided(second, shop.origin + "/categories/laptops")
        first.get_by_role("button", name="Decline").click()
        expect(second.get_by_role("button", name="Decline")).to_have_count(0)
        second.locator("main a[href^='/products/']").first.click()
        second.wait_for_url("**/products/**")
        assert [client_of(page) for page in (first, second)] == [None, None]


def test_consent_on_a_later_page_records_events_where_they_happened(shop: ShopPlatform, browser: Browser) -> None:
    landing, category = "/" + CAMPAIGN, "/categories/laptops"
    with Visitor(browser, shop) as visitor:
        page = visitor.page
        open_undecided(page, shop.origin + landing)
        page.get_by_role("link", name="Laptops").first.click()
        page.wait_for_url("**" + category)
        page.get_by_role("heading", level=1, name="Laptops").wait_for()
        page.wait_for_timeout(500)  # as long as Next.js takes for the title
        page.get_by_role("button", name="Accept").click()
        assert page.evaluate("document.activeElement.id") == "content"
        client = client_of(page)
        wait_until(lambda: len(events_of(shop, client)) >= 4)
    found = sorted(events_of(shop, client), key=lambda event: str(event["createdAt"]))
    seen = [(event["eventName"], path_of(shop, event), event["pageTitle"].startswith("Laptops |")) for event in found]
    assert {path for _, path, _ in seen[:2]} == {landing}
    assert sorted(seen) == [
        ("category_view", category, True),
        ("home_view", landing, False),
        ("page_view", landing, False),
        ("page_view", category, True),
    ]
    wait_until(lambda: shop.query(f"select count(*) from sessions where client_id = '{client}'") == [[1]])
    session = shop.query(f"select channel, campaign, entry_page, page_views from sessions where client_id = '{client}'")
    assert session == [["email", "spring", "/", 2]]


def open_undecided(page: Page, url: str) -> None:
    """Open a page, and wait until the tracker runs; the visitor has not decided on measurement."""
    page.goto(url)
    page.wait_for_function("!Array.isArray(window.clickstream ?? [])")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()


def client_of(page: Page) -> str | None:
    client: str | None = page.evaluate("JSON.parse(localStorage.getItem('clickstream:client'))?.clientId ?? null")
    return client


def events_of(shop: ShopPlatform, client: str | None) -> list[dict[str, Any]]:
    assert client is not None
    return [
        event for event in shop.stored_events() if event.get("clientId") == client and event["eventName"] != "click"
    ]


def path_of(shop: ShopPlatform, event: dict[str, Any]) -> str:
    return str(event["pageUrl"]).removeprefix(shop.origin)


def server_pid(port: int) -> int:
    """Return the process that listens on the port."""
    from clickstream.local.doctor.parts import listener_of

    found = listener_of(port)
    assert found is not None
    assert found.pid is not None
    return found.pid
