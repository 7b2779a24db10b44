"""The story is the same for the same seed, consistent with its own facts, and full of cases that are hard to count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from clickstream.sources.simulate.calendar import DAY, MINUTE, SECOND, Calendar
from clickstream.sources.simulate.disorder import Disorder, Post
from clickstream.sources.simulate.sales import COUPONS
from clickstream.sources.simulate.story import Order, Plan, Session, StoryEvent, Visit
from clickstream.sources.simulate.timeline import Timeline

FIRST, DAYS, ZONE = date(2024, 3, 25), 14, ZoneInfo("Europe/Berlin")
CALENDAR = Calendar(ZONE, FIRST, DAYS)
HALF_AN_HOUR = 30 * MINUTE


def plan_of(seed: str, as_of: int = CALENDAR.start(DAYS) + 2 * DAY) -> Plan:
    return Plan(seed, 400, DAYS, FIRST, ZONE, as_of)


@cache
def visits_of(seed: str) -> list[Visit]:
    """The visits of a seed. The tests only read them, so that each story is made once."""
    return list(Timeline(plan_of(seed), CALENDAR))


def sessions_of(visits: list[Visit]) -> Iterator[Session]:
    for visit in visits:
        yield from (session for session in visit.sessions if not session.is_loose)


def posts_of(seed: str) -> list[Post]:
    disorder = Disorder(seed, CALENDAR, plan_of(seed).as_of)
    return [post for visit in visits_of(seed) for post in disorder.posts(visit)]


@pytest.fixture(scope="module")
def visits() -> list[Visit]:
    return visits_of("a story")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() -> None:
    once = posts_of("one")
    visits_of.cache_clear()
    assert once == posts_of("one")
    assert [post.events for post in posts_of("one")] != [post.events for post in posts_of("two")]


@pytest.mark.parametrize("seed", ["a story", "one", "two"])
def test_the_sessions_follow_the_rule_of_30_minutes(seed: str) -> None:
    visits = visits_of(seed)
    groups: defaultdict[tuple[str | None, str | None], list[int]] = defaultdict(list)
    for session in sessions_of(visits):
        groups[session.client, session.sent_id] += [event.at for event in session.events]
    lengths = []
    for times in groups.values():
        lengths.append(1)
        for before, after in zip(sorted(times), sorted(times)[1:], strict=False):
            if after - before > HALF_AN_HOUR:
                lengths.append(0)
            lengths[-1] += 1
    assert sorted(lengths) == sorted(len(session.events) for session in sessions_of(visits))


@pytest.mark.parametrize("seed", ["a story", "one", "two"])
def test_the_page_views_follow_the_rule_of_5_seconds(seed: str) -> None:
    for session in sessions_of(visits_of(seed)):
        for event in session.events:
            assert event.is_page_view == is_page_view(event, session.events), (event, session.sent_id)


def is_page_view(event: StoryEvent, beside: list[StoryEvent]) -> bool:
    if event.name not in ("home_view", "category_view", "product_view"):
        return event.name == "page_view"
    return not any(
        other.name == "page_view" and other.path == event.path and abs(other.at - event.at) < 5 * SECOND
        for other in beside
    )


@pytest.mark.parametrize("seed", ["a story", "one"])
def test_events_of_a_session_are_in_order_of_time(seed: str) -> None:
    for session in sessions_of(visits_of(seed)):
        times = [event.at for event in session.events]
        assert times == sorted(times)
        logins = [event.at for event in session.events if event.name in ("login_success", "logout")]
        assert all(times.count(at) == 1 for at in logins), "a login never shares its instant with another event"


def test_nothing_happens_at_or_after_as_of() -> None:
    noon = CALENDAR.start(6) + DAY // 2
    cut = list(Timeline(plan_of("a story", noon), CALENDAR))
    events = [event for visit in cut for _, event in visit.events()]
    assert max(event.at for event in events) < noon
    whole = [event for visit in visits_of("a story") for _, event in visit.events() if event.at < noon]
    assert len(events) == len(whole)


def silences(session: Session) -> Iterator[int]:
    for before, after in zip(session.events, session.events[1:], strict=False):
        yield after.at - before.at


def test_there_are_silences_of_exactly_30_minutes_and_of_one_tick_more(visits: list[Visit]) -> None:
    assert any(HALF_AN_HOUR in silences(session) for session in sessions_of(visits))
    gaps = {
        after.start - before.events[-1].at
        for visit in visits
        for before, after in zip(visit.sessions, visit.sessions[1:], strict=False)
        if not after.is_loose and before.sent_id == after.sent_id
    }
    assert HALF_AN_HOUR + 1_000 in gaps


def test_sessions_cross_midnight_and_the_change_of_clocks(visits: list[Visit]) -> None:
    (change,) = CALENDAR.changes()
    spans = [(session.start, session.events[-1].at) for session in sessions_of(visits)]
    assert any(CALENDAR.number(start) != CALENDAR.number(end) for start, end in spans)
    assert any(start < change <= end for start, end in spans)
    assert CALENDAR.start(7) - CALENDAR.start(6) == 23 * 60 * MINUTE


def test_users_share_devices_and_have_several_and_log_in_late(visits: list[Visit]) -> None:
    users, clients = defaultdict(set), defaultdict(set)
    late = False
    for session in sessions_of(visits):
        shown = [event.user for event in session.events]
        late = late or (shown[0] is None and any(shown))
        for user in set(shown) - {None}:
            users[session.client].add(user)
            clients[user].add(session.client)
    assert late
    assert max(len(found) for client, found in users.items() if client) > 1
    assert max(len(found) for found in clients.values()) > 1


def test_there_are_sessions_of_one_event_and_bots_and_missing_ids(visits: list[Visit]) -> None:
    sessions = list(sessions_of(visits))
    assert any(len(session.events) == 1 for session in sessions)
    assert {session.bot for session in sessions} == {"", "declared", "headless", "rate"}
    assert any(session.client is None for session in sessions)
    assert any(session.sent_id is None for session in sessions)
    assert any(session.is_loose for visit in visits for session in visit.sessions)


def test_orders_are_reported_by_browser_and_server_in_either_order_and_again(visits: list[Visit]) -> None:
    reports = defaultdict(list)
    for visit in visits:
        for _, event in visit.events():
            if event.order is not None:
                reports[event.order.id].append((event.at, event.name))
    orders = [
        "".join("b" if name == "checkout_complete" else "s" for _, name in sorted(times)) for times in reports.values()
    ]
    assert {"b", "s", "bs", "sb"} <= set(orders)
    assert any(order.count("b") > 1 for order in orders)


def test_refunds_are_whole_or_in_parts_and_some_are_reported_twice() -> None:
    orders: dict[str, Order] = {}
    refunds = defaultdict(list)
    for visit in (visit for seed in ("a story", "one", "two") for visit in visits_of(seed)):
        for _, event in visit.events():
            if event.order is not None:
                orders[event.order.id] = event.order
            if event.refund is not None:
                refunds[event.refund.order_id].append(event.refund)
    known = {order_id: found for order_id, found in refunds.items() if order_id in orders}
    whole = [found for order_id, found in known.items() if abs(found[-1].amount or 0) == orders[order_id].server_total]
    assert 0 < len(whole) < len(known) < len(refunds)
    assert any(len(found) == 2 and found[0].refund_id == found[1].refund_id is not None for found in known.values())
    assert any(len(found) == 2 and found[0].refund_id is None for found in known.values())
    amounts = [refund.amount for found in refunds.values() for refund in found]
    assert None in amounts
    assert min(amount for amount in amounts if amount is not None) < 0


def test_orders_have_coupons_and_payment_methods_that_browser_and_server_report_differently(
    visits: list[Visit],
) -> None:
    orders = {event.order.id: event.order for visit in visits for _, event in visit.events() if event.order is not None}
    terms = [(order.browser_terms, order.server_terms) for order in orders.values()]
    assert {None, *COUPONS} == {browser.coupon for browser, _ in terms}
    assert len({server.payment_method for _, server in terms}) > 3
    assert any(server.coupon is None is not browser.coupon for browser, server in terms)
    assert any(browser.discount != server.discount is not None for browser, server in terms)
    for order in orders.values():
        server, goods = order.server_terms, sum(item.product.price * item.quantity for item in order.items)
        if order.server_total is not None and server.coupon is not None:
            assert order.server_total == goods + (server.shipping or 0) - (server.discount or 0)


def test_visitors_search_with_and_without_results(visits: list[Visit]) -> None:
    searches = [event.search for visit in visits for _, event in visit.events() if event.name == "search"]
    assert None not in searches
    results = {search.results for search in searches if search is not None}
    assert {None, 0, 10} <= results
    assert any(search is not None and search.term is None for search in searches)


def test_there_are_late_and_repeated_posts_and_wrong_clocks_and_invalid_events() -> None:
    disorder = Disorder("a story", CALENDAR, plan_of("a story").as_of)
    posts = [post for visit in visits_of("a story") for post in disorder.posts(visit)]
    tally = disorder.tally
    assert min(tally.copies, tally.undated, tally.rejected, tally.corrected, tally.late_posts, tally.repeated_posts) > 0
    assert tally.accepted + tally.rejected == sum(len(post.events) for post in posts)
    assert any(post.may_lack_sent_at for post in posts)
    assert {0, 2} < {abs(post.skew_s) for post in posts}
    for post in posts:
        if abs(post.skew_s) > 5:
            assert all(at % (15 * MINUTE) < 14 * MINUTE for at in (post.oldest, post.newest))
