"""What the tracker makes of each answer: which events go, which are sent again, and when. The answers are planned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from tests.patience import wait_until
from tests.sources.planned_collector import PlannedCollector, Reply
from tests.tracker.site import QUEUED, Visit, track

pytest_plugins = ["tests.dashboard.stage"]

FASTER = "(wait => window.setTimeout = (run, ms) => wait(run, ms < 63900 ? ms / 50 : ms))(window.setTimeout)"
TIMERS = "window.timers = []; (wait => window.setTimeout = (run, ms) => (timers.push(ms), wait(run, ms)))(setTimeout)"
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


class Answers:
    """A collector that gives these answers in turn, then accepts. posts: (time, event ids, sentAt) of each request."""

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
def answering(visit: Visit, *replies: Any) -> Iterator[Answers]:
    answers = Answers(list(replies))
    visit.put(f"data-endpoint={answers.server.url}/clickstream data-page-views=false")
    try:
        yield answers
    finally:
        answers.server.close()


def finish(visit: Visit, answers: Answers, count: int, send: int = 3) -> list[str]:
    """Track `send` events and wait until nothing is queued any more; the ids of `count` requests were seen."""
    page = visit.open()
    ids = track(page, send)
    wait_until(lambda: len(answers.server.posts) >= count, f"{count} requests", lambda: len(answers.server.posts))
    page.wait_for_function(f"({QUEUED})() === 0")
    assert len(answers.server.posts) == count
    return ids


def test_what_is_not_the_events_fault_is_sent_again_with_the_same_ids(visit: Visit) -> None:
    with ExitStack() as stack:
        sent = []
        for status in (0, 401, 404, 408, 429, 500, 503):
            part = replace(visit, name=f"{visit.name}-{status}")
            answers = stack.enter_context(answering(part, Reply(status)))
            sent.append((answers, track(part.open(), 3)))
        wait_until(lambda: all(len(answers.server.posts) > 1 for answers, _ in sent), "second requests")
        for answers, ids in sent:
            assert answers.ids(0) == answers.ids(1) == ids
            first, second = (post["sentAt"] for post in answers.server.posts)
            assert first < second


def test_retry_after_is_waited_for(visit: Visit) -> None:
    with answering(visit, Reply(503, {"Retry-After": "3"})) as answers:
        finish(visit, answers, 2)
        assert answers.times[1] - answers.times[0] >= 3


def test_no_retry_after_is_longer_than_a_timer_can_wait(visit: Visit) -> None:
    """Browsers fire a timer of more than 24 days at once: a page would ask as fast as it can."""
    with answering(visit, *[Reply(503, {"Retry-After": "3000000"})] * 1_000) as answers:
        visit.context.add_init_script(TIMERS)
        page = visit.open()
        track(page, 3)
        page.wait_for_function("timers.includes(300000)")
        assert page.evaluate("Math.max(...timers)") == 300_000
        assert len(answers.server.posts) == 1


def test_a_redirect_is_no_acceptance(visit: Visit) -> None:
    """Followed, the POST becomes a GET, and a page for logging in answers it with 200."""
    with answering(visit, *[Reply(status, {"Location": visit.url("login")}) for status in (302, 301)]) as answers:
        ids = finish(visit, answers, 3)
        assert set(answers.server.stored) >= set(ids)


def test_waits_grow_until_the_collector_is_back(visit: Visit) -> None:
    with answering(visit, Reply(500), Reply(500), Reply(500)) as answers:
        finish(visit, answers, 4)
        waits = [later - sooner for sooner, later in zip(answers.times, answers.times[1:], strict=False)]
        assert all(low <= wait for low, wait in zip((0.5, 1, 2), waits, strict=True)), waits


def test_a_page_that_may_not_see_the_answers_asks_ever_more_rarely_and_keeps_its_events(visit: Visit) -> None:
    """Its origin is not in CLICKSTREAM_CORS_ORIGINS: to the page that looks like being offline."""
    origins = ["https://another.example"]

    def answer() -> Reply:
        return Reply(200, {"Access-Control-Allow-Origin": origins[-1]})

    with answering(visit, *[answer] * 50) as answers:
        visit.context.add_init_script(FASTER)
        page = visit.open()
        ids = track(page, 3)
        wait_until(lambda: len(answers.server.posts) >= 8, "8 requests")  # the next one comes after 64 to 128 s
        page.evaluate("['visibilitychange', 'pagehide'].forEach((name) => dispatchEvent(new Event(name)))")
        time.sleep(0.5)
        assert len(answers.server.posts) == 8, "a page that leaves does not try once more"
        origins.append("*")
        visit.open("later", page)
        page.wait_for_function(f"({QUEUED})() === 0")
        assert answers.ids(-1) == ids


def test_what_the_collector_refuses_is_not_sent_again(visit: Visit) -> None:
    with answering(visit, Reply(200, rejected=(1,))) as answers:
        finish(visit, answers, 1)
    with answering(visit, Reply(400, rejected=(0, 1, 2))) as answers:
        finish(visit, answers, 1)


def test_a_batch_that_is_refused_whole_is_halved_until_one_stands_alone(visit: Visit) -> None:
    with answering(visit, *[Reply(413, body=b"<html>too large")] * 3) as answers:
        ids = finish(visit, answers, 5, send=8)
        assert [len(post["events"]) for post in answers.server.posts] == [8, 4, 2, 1, 7]
        assert set(answers.server.stored) >= set(ids)


def test_one_bad_event_does_not_hold_up_the_others(visit: Visit) -> None:
    """Nested deeper than the real collector takes, which refuses the whole body."""
    page = visit.open()
    ids = track(page, 8)
    page.evaluate(
        "() => { let deep = {}; for (let n = 0; n < 40; n++) deep = {deep};"
        "clickstream.track('deep', {properties: deep}); const circle = {}; circle.circle = circle;"
        "clickstream.track('circle', {properties: circle}) }"
    )
    ids += track(page, 8)
    visit.expect_exactly(ids)
    wait_until(lambda: len(visit.stored("events_dropped")) == 2, "two reports")
    assert visit.rows("properties", "event_name = 'events_dropped'") == [('{"count":1}',)] * 2
    page.wait_for_function(f"({QUEUED})() === 0")
    assert visit.rows("event_name", "event_name in ('deep', 'circle')") == []


def test_no_batch_is_sent_twice_while_it_is_on_its_way(visit: Visit) -> None:
    def slowly() -> Reply:
        time.sleep(2)
        return Reply()

    with answering(visit, slowly, slowly) as answers:
        page = visit.open()
        ids = track(page, 12)
        wait_until(lambda: len(answers.server.posts) >= 1, "a request")
        ids += track(page, 12)
        leave = "['visibilitychange', 'pagehide'].forEach((name) => dispatchEvent(new Event(name)))"
        for _ in range(3):
            page.evaluate(leave)
        page.wait_for_function(f"({QUEUED})() === 0")
        sent = [each for number in range(len(answers.server.posts)) for each in answers.ids(number)]
        assert sorted(sent) == sorted(ids)


def test_an_event_too_large_for_a_closing_page_goes_alone(visit: Visit) -> None:
    with answering(visit) as answers:
        page = visit.open()
        page.evaluate("clickstream.track('large', {properties: {text: 'ü'.repeat(50000)}})")
        track(page, 2)
        page.wait_for_function(f"({QUEUED})() === 0")
        assert [len(post["events"]) for post in answers.server.posts] == [1, 2]
