"""Consent, Global Privacy Control, cookieless mode and blocked storage: what is sent, and what is stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.patience import PATIENCE_S
from tests.tracker.site import QUEUED, QUICK_MS, Visit, prepared, track

pytest_plugins = ["tests.dashboard.stage"]

STORED = "() => Object.keys(localStorage).filter((name) => name.startsWith('clickstream:')).sort()"
SETTLED_MS = 5 * QUICK_MS  # an event that is sent at all is sent within this time
WITHDRAWN = "() => localStorage['clickstream:consent'] === 'false'"


def test_nothing_is_stored_or_sent_before_consent(visit: Visit) -> None:
    visit.put("data-consent=required")
    page = visit.open("?utm_source=news")
    track(page, 3)
    page.evaluate("clickstream.reset(); clickstream.identify('u-1')")
    page.wait_for_timeout(SETTLED_MS)
    assert page.evaluate(STORED) == []
    assert visit.stored() == set()
    page.evaluate("clickstream.consent(true); clickstream.consent(true)")
    visit.wait_until_stored(1)
    visit.open("later", page)
    assert visit.wait_for(2) == [("page_view", "?utm_source=news"), ("page_view", "later")]
    assert {json.loads(text)["utm_source"] for (text,) in visit.rows("properties")} == {"news"}
    assert set(visit.rows("user_id")) == {("u-1",)}, "the user id from before consent is kept"
    assert len(set(visit.rows("client_id"))) == 1


def test_withdrawn_consent_removes_ids_and_queues_in_all_tabs_and_is_remembered(visit: Visit) -> None:
    page, other = visit.open("a"), visit.open("b")
    visit.wait_until_stored(2)
    visit.context.set_offline(True)
    track(page, 3)
    track(other, 3)
    page.evaluate("clickstream.consent(false)")
    other.wait_for_function(WITHDRAWN)  # a tab sees changes of another tab some milliseconds late
    visit.context.set_offline(False)
    track(other, 1)
    visit.open("c", page)
    page.wait_for_timeout(SETTLED_MS)
    assert page.evaluate(STORED) == ["clickstream:consent"]
    assert len(visit.wait_for(2)) == 2
    page.evaluate("clickstream.consent(true)")
    visit.wait_until_stored(3)
    assert len(set(visit.rows("client_id"))) == 2


@pytest.mark.slow
def test_tab_that_learns_late_of_a_withdrawal_keeps_and_sends_nothing(visit: Visit) -> None:
    page, other = visit.open("a"), visit.open("b")
    visit.wait_until_stored(2)
    busy = (
        "const end = Date.now() + 1000; while (Date.now() < end); clickstream.track('step'); clickstream.identify('u')"
    )
    other.evaluate(f"() => void setTimeout(() => {{ {busy} }})")  # it processes no storage event before this has ended
    page.evaluate("clickstream.consent(false)")
    other.wait_for_function(WITHDRAWN)
    other.wait_for_function(f"({STORED})().join() === 'clickstream:consent'")
    other.wait_for_timeout(SETTLED_MS)
    assert other.evaluate(STORED) == ["clickstream:consent"]
    assert len(visit.wait_for(2)) == 2


def test_global_privacy_control_is_respected_by_option(visit: Visit) -> None:
    visit.context.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})")
    visit.put("data-gpc")
    page = visit.open("a")
    page.wait_for_timeout(SETTLED_MS)
    assert page.evaluate(STORED) == []
    visit.put("")
    visit.open("b", page)
    assert visit.wait_for(1) == [("page_view", "b")]


@pytest.mark.parametrize("attribute", ["data-gpc", "data-cookieless", "data-consent=required"])
def test_stored_values_are_removed_where_storing_is_not_allowed(visit: Visit, attribute: str) -> None:
    visit.context.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})")
    page = visit.open()
    page.evaluate("clickstream.identify('u-1')")
    assert page.evaluate(STORED) != []
    visit.put(attribute)
    visit.open("later", page)
    assert page.evaluate(STORED) == []


@pytest.mark.parametrize(
    "kept", ["{}", '{"half', *(pytest.param(text, marks=pytest.mark.slow) for text in ("5", "null", '"text"'))]
)
def test_invalid_values_in_storage_do_not_stop_the_tracker(visit: Visit, kept: str) -> None:
    names = ("session", "client", "queue:dead", "queue:other")
    entries = json.dumps({f"clickstream:{name}": kept for name in names})
    visit.context.add_init_script(f"location.protocol === 'http:' && Object.assign(localStorage, {entries})")
    page = visit.open()
    visit.expect_exactly(track(page, 3))
    page.wait_for_function(f"({QUEUED})() === 0")
    assert len(set(visit.rows("session_id"))) == 1


def test_cookieless_mode_stores_nothing_and_sends_no_ids(visit: Visit) -> None:
    visit.put("data-cookieless")
    page = visit.open()
    page.evaluate("clickstream.identify('u-1')")
    ids = track(page, 30)
    visit.expect_exactly(ids)
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert set(visit.rows("client_id, session_id, is_first_visit", "event_name = 'step'")) == {(None, None, None)}
    page.evaluate("clickstream.consent(false)")
    track(page, 1)
    page.wait_for_timeout(SETTLED_MS)
    assert len(visit.ids()) == 30


@pytest.mark.slow
def test_blocked_storage_loses_ids_but_no_events(visit: Visit, browser: Browser, tmp_path: Path) -> None:
    from tests.dashboard.stage import FLAGS

    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}), "utf-8")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=path, args=list(FLAGS), timeout=1_000 * PATIENCE_S
    )
    try:
        visit = Visit(visit.tracked, prepared(context), visit.name, visit.origin)
        page = visit.open()
        denied = "() => { try { return localStorage.length } catch (error) { return error.name } }"
        assert page.evaluate(denied) == "SecurityError"
        ids = track(page, 30)
        visit.expect_exactly(ids)
        assert set(visit.rows("client_id, session_id")) == {(None, None)}
        ids += track(page, 3)
        page.close()
        visit.expect_exactly(ids)
    finally:
        context.close()
