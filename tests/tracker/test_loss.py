"""No event is lost or counted twice, whatever happens to the page, the tab, the network and the collector.

The tests choose the ids of their events and look for them in the warehouse, after the real collector and the real ETL.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error

from tests.patience import wait_until
from tests.tracker.site import QUEUED, Visit, another_browser, prepared, track

pytest_plugins = ["tests.dashboard.stage"]


def test_events_of_a_page_are_sent_exactly_once(visit: Visit) -> None:
    page = visit.open()
    ids = [*track(page, 3), *track(page, 60)]
    visit.expect_exactly(ids)
    page.wait_for_function(f"({QUEUED})() === 0")
    assert visit.wait_for(1, "page_view") == [("page_view", "")]
    assert visit.duplicates() == 0, "without a failure no event is sent twice"


@pytest.mark.slow
def test_tab_closed_during_a_request_loses_no_events(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    os.kill(visit.tracked.collector.pid, signal.SIGSTOP)  # accepts the connection, but does not respond
    with page.expect_request("**/clickstream"):
        ids = track(page, 12)
    page.close(run_before_unload=False)
    os.kill(visit.tracked.collector.pid, signal.SIGCONT)
    visit.open("later")
    visit.expect_exactly(ids)


def test_tab_closed_before_its_first_request_loses_no_events(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    ids = track(page, 5)
    page.close()
    visit.expect_exactly(ids)  # sent with keepalive: the visitor does not return


@pytest.mark.slow
def test_collector_killed_during_a_request_and_restarted_loses_no_events(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    os.kill(visit.tracked.collector.pid, signal.SIGSTOP)
    with page.expect_request("**/clickstream"):
        ids = track(page, 30)
    visit.tracked.stop_collector()
    ids += track(page, 30)
    visit.tracked.start_collector()
    visit.expect_exactly(ids)
    page.wait_for_function(f"({QUEUED})() === 0")


@pytest.mark.slow  # a variant of the killed collector
def test_visitor_who_browses_while_the_collector_is_down_loses_no_events(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    visit.tracked.stop_collector()
    ids = track(page, 5)
    for number in range(3):  # the script comes from the browser's cache
        visit.open(str(number), page)
        ids += track(page, 5)
    visit.tracked.start_collector()
    visit.expect_exactly(ids)
    assert visit.wait_for(4, "page_view") == [("page_view", path) for path in ("", "0", "1", "2")]


def test_events_tracked_offline_arrive_when_the_network_returns(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    visit.context.set_offline(True)
    ids = track(page, 40)
    time.sleep(1.5)
    assert visit.ids() == []
    visit.context.set_offline(False)
    visit.expect_exactly(ids)


def test_two_tabs_share_a_session_and_send_each_event_once(visit: Visit) -> None:
    first = visit.open("a")
    second = visit.open("b")
    ids = []
    for _ in range(10):
        ids += track(first, 3) + track(second, 3)
    visit.expect_exactly(ids)
    assert len(set(visit.rows("client_id, session_id"))) == 1
    assert visit.duplicates() == 0


def test_queue_of_a_crashed_tab_is_adopted_by_another(visit: Visit) -> None:
    other = visit.open("other")
    page = visit.open("crashing")
    visit.wait_until_stored(2)
    visit.context.set_offline(True)
    ids = track(page, 20)
    with suppress(Error):
        page.goto("chrome://crash", timeout=2_000)
    page.close()
    visit.context.set_offline(False)
    track(other, 1, "awake")
    visit.expect_exactly(ids)
    other.wait_for_function(f"({QUEUED})() === 0")


def test_only_one_tab_adopts_a_queue(visit: Visit) -> None:
    page = visit.open("closing")
    others = [visit.open(name) for name in ("left", "right")]
    visit.wait_until_stored(3)
    sent: list[tuple[str, str]] = []  # address and body of requests by the tabs that stay; a failed one is repeated
    for other in others:
        other.on("request", lambda request: sent.append((request.frame.url, request.post_data or "")))
    visit.context.set_offline(True)
    ids = track(page, 20)
    page.close()
    visit.context.set_offline(False)
    for other in others:
        other.evaluate("window.dispatchEvent(new Event('online')); clickstream.track('awake')")
    visit.expect_exactly(ids)
    for other in others:
        other.wait_for_function(f"({QUEUED})() === 0")
    assert [len({tab for tab, body in sent if id in body}) for id in ids] == [1] * len(ids)


def test_rapid_reloads_count_one_view_each(visit: Visit) -> None:
    page = visit.open("0")
    for number in range(1, 12):
        page.goto(visit.url(str(number)), wait_until="domcontentloaded")
    assert sorted(visit.wait_for(12)) == sorted(("page_view", str(number)) for number in range(12))


@pytest.mark.slow  # a variant of the crashed tab, in a separate browser
def test_queue_of_a_closed_tab_is_adopted_without_web_locks(visit: Visit, browser: Browser) -> None:
    insecure = another_browser(browser, "--host-resolver-rules=MAP shop.test 127.0.0.1")
    try:
        visit = Visit(
            visit.tracked, prepared(insecure.new_context()), visit.name, f"http://shop.test:{visit.tracked.site.port}"
        )
        page, other = visit.open("closing"), visit.open("other")
        assert page.evaluate("[isSecureContext, typeof navigator.locks]") == [False, "undefined"]
        visit.wait_until_stored(2)
        visit.context.set_offline(True)
        ids = track(page, 20)
        page.close()
        visit.context.set_offline(False)
        track(other, 1, "awake")
        visit.expect_exactly(ids)
        wait_until(lambda: other.evaluate(QUEUED) == 0, "empty queue")
    finally:
        insecure.close()


@pytest.mark.slow
def test_events_above_the_limit_are_dropped_and_reported(visit: Visit) -> None:
    page = visit.open()
    visit.wait_until_stored(1)
    visit.context.set_offline(True)
    ids = track(page, 600)
    visit.context.set_offline(False)
    visit.wait_until_stored(1, "events_dropped")
    page.wait_for_function(f"({QUEUED})() === 0")
    arrived = visit.ids()
    ((report,),) = visit.rows("properties", "event_name = 'events_dropped'")
    assert len(arrived) == len(set(arrived)) == 500
    assert set(arrived) < set(ids)
    assert json.loads(report) == {"count": 100}
