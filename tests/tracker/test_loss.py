"""Nothing is lost and nothing is doubled, whatever happens to the page, the tab, the network and the collector.

Every event has an id of the test's own; it is looked for in the warehouse, after the real collector and the real ETL.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

from playwright.sync_api import Browser, Error

from tests.patience import wait_until
from tests.tracker.site import QUEUED, Visit, another_browser, patient, track

pytest_plugins = ["tests.dashboard.stage"]


def test_events_of_a_page_come_once_and_are_sent_once(visit: Visit) -> None:
    page = visit.open()
    ids = [*track(page, 3), *track(page, 60)]
    visit.expect_exactly(ids)
    page.wait_for_function(f"({QUEUED})() === 0")
    assert visit.wait_for(1, "page_view") == [("page_view", "")]
    assert visit.surplus() == 0, "nothing failed, so nothing may be sent twice"


def test_a_tab_closed_while_its_batch_is_on_its_way(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    os.kill(visit.stand.collector.pid, signal.SIGSTOP)  # takes the connection, but does not answer
    with page.expect_request("**/clickstream"):
        ids = track(page, 12)
    page.close(run_before_unload=False)
    os.kill(visit.stand.collector.pid, signal.SIGCONT)
    visit.open("later")
    visit.expect_exactly(ids)


def test_a_tab_closed_before_anything_was_sent(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    ids = track(page, 5)
    page.close()
    visit.expect_exactly(ids)  # keepalive: nobody comes back to this site


def test_a_collector_killed_with_a_batch_in_hand_and_started_again(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    os.kill(visit.stand.collector.pid, signal.SIGSTOP)
    with page.expect_request("**/clickstream"):
        ids = track(page, 30)
    visit.stand.stop_collector()
    ids += track(page, 30)
    visit.stand.start_collector()
    visit.expect_exactly(ids)
    page.wait_for_function(f"({QUEUED})() === 0")


def test_a_visitor_who_goes_on_while_the_collector_is_down(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    visit.stand.stop_collector()
    ids = track(page, 5)
    for number in range(3):  # the script itself comes from the browser's cache
        visit.open(str(number), page)
        ids += track(page, 5)
    visit.stand.start_collector()
    visit.expect_exactly(ids)
    assert visit.wait_for(4, "page_view") == [("page_view", path) for path in ("", "0", "1", "2")]


def test_offline_and_online_again(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    visit.context.set_offline(True)
    ids = track(page, 40)
    time.sleep(1.5)
    assert visit.ids() == []
    visit.context.set_offline(False)
    visit.expect_exactly(ids)


def test_two_tabs_at_once_share_a_session_and_send_each_event_once(visit: Visit) -> None:
    first = visit.open("a")
    second = visit.open("b")
    ids = []
    for _ in range(10):
        ids += track(first, 3) + track(second, 3)
    visit.expect_exactly(ids)
    assert len(set(visit.rows("client_id, session_id"))) == 1
    assert visit.surplus() == 0


def test_a_tab_that_crashes_is_inherited_by_another(visit: Visit) -> None:
    other = visit.open("other")
    page = visit.open("crashing")
    visit.wait_for(2)
    visit.context.set_offline(True)
    ids = track(page, 20)
    with suppress(Error):
        page.goto("chrome://crash", timeout=2_000)
    page.close()
    visit.context.set_offline(False)
    track(other, 1, "awake")
    visit.expect_exactly(ids)
    other.wait_for_function(f"({QUEUED})() === 0")


def test_two_tabs_do_not_inherit_the_same_events(visit: Visit) -> None:
    page = visit.open("gone")
    others = [visit.open(name) for name in ("left", "right")]
    visit.wait_for(3)
    visit.context.set_offline(True)
    ids = track(page, 20)
    page.close()
    visit.context.set_offline(False)
    for other in others:
        other.evaluate("window.dispatchEvent(new Event('online')); clickstream.track('awake')")
    visit.expect_exactly(ids)
    assert visit.surplus() == 0


def test_a_storm_of_reloads(visit: Visit) -> None:
    page = visit.open("0")
    for number in range(1, 12):
        page.goto(visit.url(str(number)), wait_until="domcontentloaded")
    assert sorted(visit.wait_for(12)) == sorted(("page_view", str(number)) for number in range(12))


def test_without_web_locks_a_closed_tab_is_inherited_all_the_same(visit: Visit, browser: Browser) -> None:
    insecure = another_browser(browser, "--host-resolver-rules=MAP shop.test 127.0.0.1")
    try:
        visit = Visit(
            visit.stand, patient(insecure.new_context()), visit.name, f"http://shop.test:{visit.stand.site.port}"
        )
        page, other = visit.open("closing"), visit.open("other")
        assert page.evaluate("[isSecureContext, typeof navigator.locks]") == [False, "undefined"]
        visit.wait_for(2)
        visit.context.set_offline(True)
        ids = track(page, 20)
        page.close()
        visit.context.set_offline(False)
        track(other, 1, "awake")
        visit.expect_exactly(ids)
        wait_until(lambda: other.evaluate(QUEUED) == 0, "empty queue")
    finally:
        insecure.close()


def test_more_than_fits_is_dropped_counted_and_reported(visit: Visit) -> None:
    page = visit.open()
    visit.wait_for(1)
    visit.context.set_offline(True)
    ids = track(page, 600)
    visit.context.set_offline(False)
    visit.wait_for(1, "events_dropped")
    page.wait_for_function(f"({QUEUED})() === 0")
    came = visit.ids()
    ((report,),) = visit.rows("properties", "event_name = 'events_dropped'")
    assert len(came) == len(set(came)) == 500
    assert set(came) < set(ids)
    assert json.loads(report) == {"count": 100}
