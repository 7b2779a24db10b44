"""Page views, sessions and visitors in a browser: each page counts once, however the visitor reached it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.patience import wait_until
from tests.tracker.conftest import TRACKER
from tests.tracker.site import Visit, another_browser, prepared, track

pytest_plugins = ["tests.dashboard.stage"]

RENDER_MS = 50  # as in tracker/src/limits.ts
BODY = """
<a id="next" href="next">next</a>
<button data-cs-event="add_to_cart_click" data-cs-place="card">Add</button>
"""


def views(visit: Visit, count: int) -> list[str]:
    return [path for _, path in visit.wait_for(count, "page_view")]


def push(page: Page, path: str, title: str = "") -> None:
    """Change page as a router does: first the URL, then the title, then wait for the tracker."""
    page.evaluate("([path, title]) => { history.pushState({}, '', path); document.title = title }", [path, title])
    wait_for_view(page)


def wait_for_view(page: Page) -> None:
    """Wait as long as the tracker waits for a new title, with a timer of the page, which fires after the tracker's."""
    page.evaluate(f"() => new Promise((done) => setTimeout(done, {RENDER_MS} + 30))")


def test_pages_reached_by_links_are_one_session_of_a_first_visit(visit: Visit) -> None:
    visit.put(body=BODY)
    page = visit.open("?utm_source=news&utm_medium=email&q=secret")
    page.click("#next")
    page.wait_for_url("**/next")
    assert views(visit, 2) == ["?utm_source=news&utm_medium=email&q=secret", "next"]
    ((client, session, first, login, title, referrer, properties),) = visit.rows(
        "client_id, session_id, is_first_visit, user_login_state, page_title, referrer, properties",
        "page_url like '%next'",
    )
    assert len(set(visit.rows("client_id, session_id"))) == 1
    assert client and session and first is True and login == "anonymous"  # noqa: PT018
    assert title == f"/{visit.name}/next"
    assert referrer.startswith(visit.url())
    assert json.loads(properties) == {"utm_source": "news", "utm_medium": "email"}


def test_each_page_of_a_router_is_one_view(visit: Visit) -> None:
    page = visit.open("home")
    push(page, "product", "Product")
    page.evaluate("history.replaceState({scroll: 7}, '', location.href)")  # routers do this often
    page.evaluate("location.hash = 'reviews'")
    push(page, "cart", "Cart")
    page.evaluate("history.go(-2)")
    assert views(visit, 4) == ["home", "product", "cart", "product"]
    assert visit.rows("page_title, referrer", "page_url like '%/cart'") == [("Cart", visit.url("product"))]


def test_fragment_is_a_page_by_option(visit: Visit) -> None:
    visit.put("data-hash")
    page = visit.open("#/home")
    page.evaluate("location.hash = '#/cart'")
    assert views(visit, 2) == ["#/home", "#/cart"]


def test_routes_in_the_fragment_are_pages_and_other_fragments_are_never_sent(visit: Visit) -> None:
    page = visit.open("#access_token=secret-1")
    for fragment in ("#/", "#top", "#/p/42", "#/p/42?code=secret-2", "#/cart", "#!/cart", "#/id_token=secret-3"):
        page.evaluate("(fragment) => { location.hash = fragment }", fragment)
        wait_for_view(page)
    assert views(visit, 5) == ["", "#/p/42", "#/cart", "#!/cart", "#/id_token"]
    assert visit.rows("referrer", "page_url like '%#/cart'") == [(visit.url("#/p/42"),)]
    assert "secret" not in json.dumps(
        [event for event in visit.tracked.raw_events() if event["eventId"] in visit.stored()]
    )


def test_automatic_page_views_can_be_switched_off(visit: Visit) -> None:
    visit.put("data-page-views=false")
    page = visit.open("home")
    push(page, "cart")
    page.evaluate("clickstream.track('page_view', {properties: {own: true}})")
    assert views(visit, 1) == ["cart"]


def test_early_calls_run_once_even_if_the_script_is_loaded_twice(visit: Visit) -> None:
    script = f'<script defer src="{visit.tracked.site.collector_url}/clickstream.js"></script>'
    visit.put(body="<script>clickstream = [['identify', 'u-1', 'shop'], ['track', 'early']]</script>" + script)
    visit.open()
    assert visit.wait_for(2) == [("page_view", ""), ("early", "")]
    assert visit.rows("user_id, identity_source", "event_name = 'early'") == [("u-1", "shop")]


def test_user_id_is_kept_until_reset(visit: Visit) -> None:
    page = visit.open("a")
    page.evaluate("clickstream.identify('u-7', 'shop')")
    visit.open("b", page)
    page.evaluate("clickstream.reset(); clickstream.track('after')")
    visit.wait_until_stored(3)
    columns = "user_id, user_login_state, identity_source, is_first_visit"
    assert visit.rows(columns) == [
        (None, "anonymous", None, True),
        ("u-7", "logged_in", "shop", True),
        (None, "anonymous", None, False),
    ]
    (a, b, after) = visit.rows("client_id, session_id")
    assert a == b
    assert a[0] != after[0]
    assert a[1] != after[1]


def test_placeholder_user_ids_are_not_sent(visit: Visit) -> None:
    page = visit.open("a")
    values = [
        "undefined",
        "null",
        "NaN",
        "({})",
        "Promise.resolve('u-1')",
        "'undefined'",
        "' null '",
        "'guest'",
        "0",
        "''",
    ]
    page.evaluate("clickstream.identify('u-1', 'shop')")
    for value in values:
        page.evaluate(f"() => {{ clickstream.identify({value}, 'shop'); clickstream.track('step') }}")
    page.evaluate("clickstream.identify(7); clickstream.track('number')")
    visit.wait_until_stored(len(values), "step")
    columns = "user_id, user_login_state, identity_source"
    assert visit.rows(columns, "event_name = 'step'") == [(None, "anonymous", None)] * len(values)
    visit.wait_until_stored(1, "number")
    assert visit.rows(columns, "event_name = 'number'") == [("7", "logged_in", None)]
    assert len(set(visit.rows("client_id"))) == 1


def test_event_id_that_is_missing_is_replaced_before_the_event_is_sent(visit: Visit) -> None:
    """Without an id, the collector would give each attempt its own, and a retried event would count twice."""
    page = visit.open()
    visit.context.set_offline(True)
    for given in ("undefined", "null", "'undefined'", "'[object Object]'"):
        page.evaluate(f"clickstream.track('step', {{eventId: {given}}})")
    queued = page.evaluate(
        "JSON.parse(Object.entries(localStorage).find(([name]) => name.includes('queue'))[1]).slice(-4)"
    )
    visit.context.set_offline(False)
    visit.expect_exactly([json.loads(each)["eventId"] for each in queued])


def test_session_ends_after_30_minutes_without_an_event(visit: Visit) -> None:
    page = visit.open("a")
    visit.wait_until_stored(1)
    forward = "([minutes, name]) => { const key = 'clickstream:session', [at, rest] = JSON.parse(localStorage[key]); "
    forward += "localStorage[key] = JSON.stringify([at - minutes * 60000, rest]); clickstream.track(name) }"
    page.evaluate(forward, [29.9, "same"])
    page.evaluate(forward, [30.1, "other"])
    visit.wait_until_stored(3)
    assert visit.rows("is_first_visit") == [(True,), (True,), (False,)]
    sessions = [row[0] for row in visit.rows("session_id")]
    assert sessions[0] == sessions[1] != sessions[2]


@contextmanager
def with_bfcache(browser: Browser) -> Iterator[BrowserContext]:
    opened = another_browser(browser, without=("--disable-back-forward-cache",))
    yield prepared(opened.new_context())
    opened.close()


@pytest.mark.slow  # starts a separate browser
def test_page_from_the_back_forward_cache_is_a_view(visit: Visit, browser: Browser) -> None:
    with with_bfcache(browser) as context:
        visit = Visit(visit.tracked, context, visit.name, visit.origin)
        page = visit.open("a")
        page.evaluate("addEventListener('pageshow', ({persisted}) => { window.isBack = persisted })")
        ids = track(page, 3)  # they wait when the page closes, so that the tab holds its lock
        visit.open("b", page)
        page.wait_for_timeout(1_500)  # until the next page has adopted the queue
        page.go_back(wait_until="commit")
        page.wait_for_function("window.isBack !== undefined")
        assert page.evaluate("window.isBack"), "the tracker keeps the page out of the back/forward cache"
        ids += track(page, 3)
        assert views(visit, 3) == ["a", "b", "a"]
        visit.expect_exactly(ids)


def test_events_of_the_tracker_match_the_contract(visit: Visit, node: str, tmp_path: Path) -> None:
    extra = f'<script defer src="{visit.tracked.site.collector_url}/clickstream.extra.js" data-scroll></script>'
    visit.put("data-clicks=all", BODY + extra + '<p style="height: 4000px">long')
    page = visit.open()
    page.click("button")
    page.click("p")
    page.evaluate("clickstreamShop.productView({id: 'X1', price: 1999.9, currency: 'EUR'})")
    page.evaluate(
        "clickstreamShop.completeCheckout(clickstreamShop.orderOf('O', [{id: 'X1', price: '0.10', quantity: 3}]))"
    )
    page.mouse.wheel(0, 1_500)
    visit_names = {"page_view", "click", "add_to_cart_click", "product_view", "checkout_complete", "scroll"}
    wait_until(lambda: all(visit.stored(name) for name in visit_names), "event of each kind")
    rows = visit.rows("event_name, field_errors, order_total")
    assert {name for name, _, _ in rows} == visit_names
    assert {errors for _, errors, _ in rows} == {None}
    assert [str(total) for name, _, total in rows if name == "checkout_complete"] == ["0.3000"]
    lines = [json.dumps(event) for event in visit.tracked.raw_events() if event["pageUrl"].startswith(visit.url())]
    (tmp_path / "events").write_text("\n".join(lines), "utf-8")
    check = subprocess.run(
        [node, "test/contract.mjs", str(tmp_path / "events")], cwd=TRACKER, check=False, capture_output=True
    )
    assert check.returncode == 0, check.stderr.decode()


def test_invalid_early_calls_do_not_block_the_others(visit: Visit) -> None:
    calls = '["track", "early"], ["page", "x"], [], ["track", "late"]'
    visit.put("data-page-views=false", f"<script>window.clickstream = [{calls}]</script>")
    visit.open()
    assert visit.wait_for(2) == [("early", ""), ("late", "")]


def test_script_tags_can_be_modules(visit: Visit) -> None:
    extra = f"{visit.tracked.site.collector_url}/clickstream.extra.js"
    body = f'<script type="module" src="{extra}" data-scroll></script><p style="height: 9000px">'
    visit.put("type=module data-hash", body)
    page = visit.open("#a")
    page.evaluate("clickstreamShop.homeView(); scrollTo(0, document.body.scrollHeight)")
    wait_until(lambda: bool(visit.stored("scroll")), "scroll", visit.stored)
    assert [name for (name,) in visit.rows("event_name", "event_name <> 'scroll'")] == ["page_view", "home_view"]
