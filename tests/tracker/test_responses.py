"""The tracker's reaction to each response: which events it drops, which it retries, and when. Responses are planned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.patience import wait_until
from tests.sources.planned_collector import PlannedCollector, Reply
from tests.tracker.site import QUEUED, Visit, track

pytest_plugins = ["tests.dashboard.stage"]

FASTER = "(wait => window.setTimeout = (run, ms) => wait(run, ms < 63900 ? ms / 50 : ms))(window.setTimeout)"
TIMERS = "window.timers = []; (wait => window.setTimeout = (run, ms) => (timers.push(ms), wait(run, ms)))(setTimeout)"
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


class Responses:
    """A collector that sends these responses in turn, and then accepts. times: when each request arrived."""

    def __init__(self, replies: list[Reply | Callable[[], Reply]]) -> None:
        self.replies = replies
        self.times: list[float] = []
        self.server = PlannedCollector(self._plan)

    def _plan(self, number: int) -> Reply:
        self.times.append(time.monotonic())
        reply = self.replies[number] if number < len(self.replies) else Reply()
        reply = reply if isinstance(reply, Reply) else reply()
        return Reply(reply.status, CORS | reply.headers, reply.rejected, reply.body)

    def ids(self, number: int) -> list[str]:
        return [event["eventId"] for event in self.server.posts[number]["events"]]


@contextmanager
def responding(visit: Visit, *replies: Any) -> Iterator[Responses]:
    responses = Responses(list(replies))
    visit.put(f"data-endpoint={responses.server.url}/clickstream data-page-views=false")
    try:
        yield responses
    finally:
        responses.server.close()


def finish(visit: Visit, responses: Responses, count: int, send: int = 3) -> list[str]:
    """Track `send` events, wait for `count` requests and an empty queue, and return the ids of the events."""
    page = visit.open()
    ids = track(page, send)
    wait_until(lambda: len(responses.server.posts) >= count, f"{count} requests", lambda: len(responses.server.posts))
    page.wait_for_function(f"({QUEUED})() === 0")
    assert len(responses.server.posts) == count
    return ids


def test_temporary_and_configuration_errors_are_retried_with_the_same_ids(visit: Visit) -> None:
    with ExitStack() as stack:
        sent = []
        for status in (0, 401, 404, 408, 429, 500, 503):
            part = replace(visit, name=f"{visit.name}-{status}")
            responses = stack.enter_context(responding(part, Reply(status)))
            sent.append((responses, track(part.open(), 3)))
        wait_until(lambda: all(len(responses.server.posts) > 1 for responses, _ in sent), "second requests")
        for responses, ids in sent:
            assert responses.ids(0) == responses.ids(1) == ids
            first, second = (post["sentAt"] for post in responses.server.posts)
            assert first < second


@pytest.mark.slow
def test_tracker_waits_for_retry_after(visit: Visit) -> None:
    with responding(visit, Reply(503, {"Retry-After": "2"})) as responses:
        finish(visit, responses, 2)
        assert responses.times[1] - responses.times[0] >= 2


def test_long_retry_after_is_limited_to_300_seconds(visit: Visit) -> None:
    """Browsers fire a timer of more than 24 days at once: the page would send requests without pause."""
    with responding(visit, *[Reply(503, {"Retry-After": "3000000"})] * 1_000) as responses:
        visit.context.add_init_script(TIMERS)
        page = visit.open()
        track(page, 3)
        page.wait_for_function("timers.includes(300000)")
        assert page.evaluate("Math.max(...timers)") == 300_000
        assert len(responses.server.posts) == 1


def test_redirect_is_not_an_acknowledgement(visit: Visit) -> None:
    """The browser would follow with a GET, and a login page would respond with 200."""
    with responding(visit, *[Reply(status, {"Location": visit.url("login")}) for status in (302, 301)]) as responses:
        ids = finish(visit, responses, 3)
        assert set(responses.server.stored) >= set(ids)


@pytest.mark.slow  # the test of an unlisted origin sees waits grow too, with faster timers
def test_waits_double_until_the_collector_is_back(visit: Visit) -> None:
    with responding(visit, Reply(500), Reply(500), Reply(500)) as responses:
        finish(visit, responses, 4)
        waits = [later - sooner for sooner, later in zip(responses.times, responses.times[1:], strict=False)]
        assert all(low <= wait for low, wait in zip((0.5, 1, 2), waits, strict=True)), waits


@pytest.mark.slow
def test_page_of_an_unlisted_origin_retries_ever_less_often_and_keeps_its_events(visit: Visit) -> None:
    """The browser hides the responses, which for the page looks like being offline."""
    origins = ["https://another.example"]

    def respond() -> Reply:
        return Reply(200, {"Access-Control-Allow-Origin": origins[-1]})

    with responding(visit, *[respond] * 50) as responses:
        visit.context.add_init_script(FASTER)
        page = visit.open()
        ids = track(page, 3)
        wait_until(lambda: len(responses.server.posts) >= 8, "8 requests")  # the next one comes after 64 to 128 s
        page.evaluate("['visibilitychange', 'pagehide'].forEach((name) => dispatchEvent(new Event(name)))")
        time.sleep(0.5)
        assert len(responses.server.posts) == 8, "a closing page does not retry"
        origins.append("*")
        visit.open("later", page)
        page.wait_for_function(f"({QUEUED})() === 0")
        assert responses.ids(-1) == ids


def test_events_that_the_collector_refuses_are_not_sent_again(visit: Visit) -> None:
    with responding(visit, Reply(200, rejected=(1,))) as responses:
        finish(visit, responses, 1)
    with responding(visit, Reply(400, rejected=(0, 1, 2))) as responses:
        finish(visit, responses, 1)


def test_refused_batch_is_halved_until_the_event_at_fault_is_alone(visit: Visit) -> None:
    with responding(visit, *[Reply(413, body=b"<html>too large")] * 3) as responses:
        ids = finish(visit, responses, 5, send=8)
        assert [len(post["events"]) for post in responses.server.posts] == [8, 4, 2, 1, 7]
        assert set(responses.server.stored) >= set(ids)


def test_one_bad_event_does_not_block_the_others(visit: Visit) -> None:
    """The collector rejects one event alone, as it is nested too deeply; the other cannot be sent."""
    page = visit.open()
    ids = track(page, 8)
    page.evaluate(
        "() => { let deep = {}; for (let n = 0; n < 40; n++) deep = {deep};"
        "clickstream.track('deep', {properties: deep}); const circle = {}; circle.circle = circle;"
        "clickstream.track('circle', {properties: circle}) }"
    )
    ids += track(page, 8)
    visit.expect_exactly(ids)
    wait_until(lambda: visit.stored("events_dropped"), "a report of the event that cannot be sent")
    assert visit.rows("properties", "event_name = 'events_dropped'") == [('{"count":1}',)]
    page.wait_for_function(f"({QUEUED})() === 0")
    assert visit.rows("event_name", "event_name in ('deep', 'circle')") == []


def test_batch_in_flight_is_not_sent_again(visit: Visit) -> None:
    def slowly() -> Reply:
        time.sleep(1)
        return Reply()

    with responding(visit, slowly, slowly) as responses:
        page = visit.open()
        ids = track(page, 12)
        wait_until(lambda: len(responses.server.posts) >= 1, "a request")
        ids += track(page, 12)
        leave = "['visibilitychange', 'pagehide'].forEach((name) => dispatchEvent(new Event(name)))"
        for _ in range(3):
            page.evaluate(leave)
        page.wait_for_function(f"({QUEUED})() === 0")
        sent = [each for number in range(len(responses.server.posts)) for each in responses.ids(number)]
        assert sorted(sent) == sorted(ids)


def test_event_over_the_batch_limit_is_sent_alone(visit: Visit) -> None:
    with responding(visit) as responses:
        page = visit.open()
        page.evaluate("clickstream.track('large', {properties: {text: 'ü'.repeat(50000)}})")
        track(page, 2)
        page.wait_for_function(f"({QUEUED})() === 0")
        assert [len(post["events"]) for post in responses.server.posts] == [1, 2]
