from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.dashboard.view import Days, View, neighbour, resolve_days

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "query",
    [
        "?",
        "?page=products&period=7d&compare=year&event=click&event=%21search&country=PL&by=brand&sort=views",
        "?from=2008-04-01&to=2008-05-01&tz=Europe%2FWarsaw&sample=include&metric=events",
        "?sample=only&humans=true&channel=email&device_type=mobile&metric=revenue",
        "?page=funnel&steps=page%3A%2F%2Cpurchase&order=strict&unit=session&window=1d&split=country",
        "?page=retention&by=day&start=search&return=purchase",
        "?page=live&humans=true",
        "?page=acquisition&credit=campaign&lookback=60",
        "?page=customers&rows=40&group=at_risk",
        "?page=behaviour&page_path=%2Fp%2F1&by=exit&nodes=events&anchor=search&direction=before",
        "?category=%5C%21Hey+phone&category=%21%5C%21Hey&brand=a%5C%2Cb",
    ],
)
def test_an_address_is_unchanged_by_parsing_and_writing(query: str) -> None:
    assert View.parse(query).query() == query


@pytest.mark.parametrize(
    "query",
    [
        "?from=2008-04-01",
        "?from=x&to=y",
        "?from=2008-05-01&to=2008-04-01",
        "?from=1000-01-01&to=2008-04-01",
        "?from=1000-01-01&to=1000-04-01",
        "?from=9999-12-01&to=9999-12-31",
        "?from=9999-12-01&last=9999-12-31",
        "?tz=Mars/X",
        "?humans=yes",
    ],
)
def test_invalid_values_in_an_address_are_ignored(query: str) -> None:
    assert View.parse(query) == View()


@given(st.text())
def test_any_text_can_be_parsed(text: str) -> None:
    view = View.parse(text)
    assert View.parse(view.query()) == view


def test_the_last_day_of_a_form_is_included_in_the_range() -> None:
    assert View.parse("?from=2008-04-01&last=2008-04-30").days == Days(date(2008, 4, 1), date(2008, 5, 1))


def test_toggling_adds_and_removes_a_filter() -> None:
    view = View().toggle("country", "PL").toggle("country", "DE")
    assert view.filter_values() == {"country": ("PL", "DE")}
    assert view.toggle("country", "PL").filters == (("country", "DE"),)


@pytest.mark.parametrize("text", ["!Hey phone", " padded ", "a,b", "back\\slash", "*", "a" * 5000])
def test_a_filter_is_for_exactly_one_text(text: str) -> None:
    view = View.parse(View().toggle("category", text).query())
    assert view.has_filter("category", text)
    assert not view.has_filter("category", f"{text}x")
    assert view.toggle("category", text) == View()


def test_filters_in_an_address_may_be_lists_and_written_in_any_way() -> None:
    view = View.parse(r"?country=DE,%20!US&category=\a\,b")
    assert view.filters == (("country", "DE"), ("country", "!US"), ("category", r"\\a\,b"))
    assert view.filter_values() == {"country": ("DE", "!US"), "category": (r"\\a\,b",)}
    assert view.without_filter("country", "!US").filters == (("country", "DE"), ("category", r"\\a\,b"))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("yesterday", date(2026, 11, 21), date(2026, 11, 21)),
        ("7d", date(2026, 11, 16), TODAY),
        ("365d", date(2025, 11, 23), TODAY),
    ],
)
def test_presets_end_on_the_right_day(period: str, first: date, last: date) -> None:
    days = resolve_days(View(period=period), TODAY, None)
    assert (days.first, days.last) == (first, last)


def test_the_default_is_the_last_30_days_if_they_have_data() -> None:
    span = Days(date(2025, 1, 1), TODAY)
    assert resolve_days(View(), TODAY, span) == Days(date(2026, 10, 24), date(2026, 11, 23))


def test_the_default_is_all_days_with_data_if_the_last_30_have_none() -> None:
    span = Days(date(2008, 4, 1), date(2008, 8, 14))
    assert resolve_days(View(), TODAY, span) == span
    assert resolve_days(View(period="30d"), TODAY, span).last == TODAY


def test_all_days_are_at_most_the_longest_range_of_a_metric() -> None:
    span = Days(date(2008, 4, 1), date(2026, 11, 23))
    days = resolve_days(View(period="all"), TODAY, span)
    assert (days.end, (days.end - days.first).days) == (span.end, 1830)


def test_the_neighbours_of_a_period_have_its_length_and_do_not_begin_in_the_future() -> None:
    week = Days(date(2026, 11, 9), date(2026, 11, 16))
    assert neighbour(week, -1, TODAY) == Days(date(2026, 11, 2), date(2026, 11, 9))
    assert neighbour(week, 1, TODAY) == Days(date(2026, 11, 16), date(2026, 11, 23))
    assert neighbour(Days(date(2026, 11, 16), date(2026, 11, 23)), 1, TODAY) is None
    assert neighbour(Days(date.min, date(1, 1, 8)), -1, TODAY) is None
