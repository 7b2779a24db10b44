"""Days that are short, long, shifted or missing; and the same wall clock on another day."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from tests.metrics.filling import at

from clickstream.metrics.question import Question
from clickstream.metrics.rules.buckets import Unit, buckets
from clickstream.metrics.rules.local_time import same_wall_clock, start_of
from clickstream.metrics.rules.period import chosen_period, compared_period


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        pytest.param("UTC", "2026-03-01", "2026-03-01 00:00", id="plain"),
        pytest.param("Asia/Kathmandu", "2026-03-01", "2026-02-28 18:15", id="offset of 5:45"),
        pytest.param("Europe/Berlin", "2026-03-30", "2026-03-29 22:00", id="after a day of 23 hours"),
        pytest.param("America/Havana", "2026-03-08", "2026-03-08 05:00", id="midnight does not exist"),
        pytest.param("America/Havana", "2026-11-01", "2026-11-01 04:00", id="midnight comes twice: the first one"),
        pytest.param("Pacific/Apia", "2011-12-31", "2011-12-30 10:00", id="after the skipped date"),
        pytest.param("Pacific/Apia", "2011-12-30", "2011-12-30 10:00", id="the skipped date itself is empty"),
        pytest.param("America/St_Johns", "2010-11-07", "2010-11-07 02:30", id="one minute, then the day before again"),
    ],
)
def test_a_date_starts_at_its_first_instant(zone: str, day: str, start: str) -> None:
    assert start_of(ZoneInfo(zone), date.fromisoformat(day)) == at(start)


@pytest.mark.parametrize(
    ("zone", "first", "days", "unit", "count"),
    [
        ("UTC", "2026-03-01", 1, "hour", 24),
        ("Europe/Berlin", "2026-03-29", 1, "hour", 23),
        ("Europe/Berlin", "2026-10-25", 1, "hour", 25),
        ("Australia/Lord_Howe", "2026-04-05", 1, "hour", 25),
        ("Pacific/Apia", "2011-12-29", 3, "day", 2),
        ("Pacific/Apia", "2011-12-30", 1, "day", 0),
        ("UTC", "2026-03-01", 2, "week", 2),
        ("UTC", "2026-01-31", 30, "month", 3),
    ],
)
def test_a_range_has_the_expected_number_of_buckets(zone: str, first: str, days: int, unit: Unit, count: int) -> None:
    from_date = date.fromisoformat(first)
    to_date = date.fromordinal(from_date.toordinal() + days)
    question = Question(at("2026-12-31 00:00"), ZoneInfo(zone), from_date, to_date)
    assert len(buckets(unit, question.tz, chosen_period(question))) == count


def test_a_repeated_hour_is_two_buckets() -> None:
    day = Question(at("2026-12-31 00:00"), ZoneInfo("Europe/Berlin"), date(2026, 10, 25), date(2026, 10, 26))
    found = [(one.local.hour, one.offset_s) for one in buckets("hour", day.tz, chosen_period(day))]
    assert found[1:5] == [(1, 7200), (2, 7200), (2, 3600), (3, 3600)]


@pytest.mark.parametrize(
    ("zone", "instant", "days", "expected"),
    [
        pytest.param("UTC", "2026-03-08 10:15", 7, "2026-03-01 10:15", id="plain"),
        pytest.param("Europe/Berlin", "2026-03-30 10:00", 7, "2026-03-23 11:00", id="over a change: same local time"),
        pytest.param("Europe/Berlin", "2026-04-05 00:30", 7, "2026-03-29 01:30", id="skipped: moves by the gap"),
        pytest.param("Europe/Berlin", "2026-11-01 01:30", 7, "2026-10-25 00:30", id="twice: the first one"),
    ],
)
def test_the_same_wall_clock_some_days_earlier(zone: str, instant: str, days: int, expected: str) -> None:
    assert same_wall_clock(ZoneInfo(zone), at(instant), days) == at(expected)


def test_the_default_range_is_the_30_days_up_to_today() -> None:
    period = chosen_period(Question(at("2026-03-31 23:30"), ZoneInfo("Asia/Tokyo")))
    assert (period.from_date, period.to_date) == (date(2026, 3, 3), date(2026, 4, 2))
    assert period.end == at("2026-03-31 23:30")


def test_a_range_cut_by_as_of_is_compared_with_one_cut_at_the_same_local_time() -> None:
    question = Question(at("2026-03-30 10:00"), ZoneInfo("Europe/Berlin"), date(2026, 3, 30), date(2026, 3, 31))
    other = compared_period(question, chosen_period(question))
    assert other is not None
    assert (other.start, other.end) == (at("2026-03-28 23:00"), at("2026-03-29 10:00"))


def test_a_year_is_compared_at_364_days_on_the_same_weekdays() -> None:
    question = Question(at("2026-12-31 00:00"), ZoneInfo("UTC"), date(2026, 3, 2), date(2026, 3, 9), compare="year")
    other = compared_period(question, chosen_period(question))
    assert other is not None
    assert other.from_date == date(2025, 3, 3)
    assert other.from_date.weekday() == date(2026, 3, 2).weekday()
