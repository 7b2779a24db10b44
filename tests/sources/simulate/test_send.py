"""Sending a simulation: the device and its clock, the order of posts, and the errors of a missing collector."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import clickstream
from clickstream.delivery import Delivery, Sender
from clickstream.errors import SourceError, UnavailableError
from clickstream.sources.simulate.calendar import micros
from clickstream.sources.simulate.disorder import Post
from clickstream.sources.simulate.run import SimulationConfig, make_plan
from clickstream.sources.simulate.send import Lanes
from clickstream.sources.simulate.story import Device
from tests.conftest import Clock
from tests.ports import free_port
from tests.sources.planned_collector import PlannedCollector, Reply

EVENT = b'{"eventName":"x","eventId":"1"}'
DEVICE = Device("c", "Firefox/1", "desktop", "DE")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def post(household: int, number: int, skew_s: int = 0, lacks_from: datetime | None = None) -> Post:
    event = b'{"eventName":"x","eventId":"%d-%d"}' % (household, number)
    at = micros(lacks_from or NOON)
    return Post(number, household, DEVICE, [event], skew_s, lacks_from is not None, at, at)


def send_many(url: str, clock: Clock) -> None:
    with Lanes(url, clock) as lanes:
        for number in range(1_000):
            lanes.put(post(number, number))


@pytest.mark.parametrize(
    ("sender", "sent_at"),
    [
        (Sender("Firefox/1"), "2026-03-10T12:00:00.000Z"),
        (Sender("Firefox/1", timedelta(hours=-1)), "2026-03-10T11:00:00.000Z"),
        (Sender("Firefox/1", None), None),
    ],
    ids=["right_clock", "an_hour_behind", "no_sent_at"],
)
def test_a_delivery_sends_the_agent_and_clock_of_a_device(
    collector: PlannedCollector, clock: Clock, sender: Sender, sent_at: str | None
) -> None:
    with Delivery(collector.url, clock) as delivery:
        delivery.post([EVENT], sender)
    assert collector.agents == ["Firefox/1"]
    assert collector.posts[0].get("sentAt") == sent_at


def test_a_delivery_without_a_device_sends_its_own_agent(collector: PlannedCollector, clock: Clock) -> None:
    with Delivery(collector.url, clock) as delivery:
        delivery.post([EVENT])
    assert collector.agents == [f"clickstream-import/{clickstream.__version__}"]


def test_posts_of_one_household_arrive_in_order(collector: PlannedCollector, clock: Clock) -> None:
    with Lanes(collector.url, clock) as lanes:
        for number in range(20):
            for household in range(20):
                lanes.put(post(household, number))
    arrived = [tuple(body["events"][0]["eventId"].split("-")) for body in collector.posts]
    for household in range(20):
        assert [int(number) for sender, number in arrived if int(sender) == household] == list(range(20))
    assert (lanes.stats.posts, lanes.stats.accepted, lanes.stats.rejected) == (400, 400, 0)
    assert collector.connections == 8


def test_sent_at_has_the_error_of_the_clock_and_is_left_out_for_recent_events_only(
    collector: PlannedCollector, clock: Clock
) -> None:
    with Lanes(collector.url, clock) as lanes:
        lanes.put(post(0, 0, skew_s=3_600))
        lanes.put(post(0, 1, lacks_from=NOON - timedelta(days=5)))
        lanes.put(post(0, 2, lacks_from=NOON - timedelta(days=8)))
        lanes.put(post(0, 3, lacks_from=NOON + timedelta(days=1)))
    sent = [body.get("sentAt") for body in collector.posts]
    assert sent == ["2026-03-10T13:00:00.000Z", None, "2026-03-10T12:00:00.000Z", "2026-03-10T12:00:00.000Z"]


def test_a_missing_collector_is_one_error_and_not_an_endless_wait(clock: Clock) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match="nothing is listening there"):
        send_many(url, clock)


def test_a_permanent_error_of_the_collector_ends_the_sending(collector: PlannedCollector, clock: Clock) -> None:
    collector.plan = lambda number: Reply(status=403) if number == 3 else None
    with pytest.raises(UnavailableError, match="403"):
        send_many(collector.url, clock)
    assert len(collector.posts) < 1_000


def test_a_simulation_ends_15_minutes_ago_and_cannot_be_in_the_future() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    plan = make_plan(SimulationConfig("s", 1, 7, berlin), NOON)
    assert (plan.first, plan.as_of) == (date(2026, 3, 4), micros(NOON - timedelta(minutes=15)))
    over = make_plan(SimulationConfig("s", 1, 7, berlin, date(2026, 1, 1)), NOON)
    assert over.as_of == micros(datetime(2026, 1, 9, 23, tzinfo=UTC))
    with pytest.raises(SourceError, match="2026-03-11 has not begun"):
        make_plan(SimulationConfig("s", 1, 7, berlin, date(2026, 3, 11)), NOON)
