from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from clickstream.dashboard import formats


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (12_431, "12.4 k"),
        (99_949, "99.9 k"),
        (99_950, "100 k"),
        (165_474, "165 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (1_240_000, "1.24 M"),
        (3_000_000_000, "3.00 G"),
        (-12_431, "-12.4 k"),
        (None, "–"),
    ],
)
def test_counts_are_shortened(value: int | None, text: str) -> None:
    assert plain(formats.short(value)) == text


@pytest.mark.parametrize(
    ("value", "currency", "text", "hover"),
    [
        ("0", "EUR", "0.00", "0.00 EUR"),
        ("999.5", "EUR", "999.50", "999.50 EUR"),
        ("1250.5", "EUR", "1,251", "1,250.50 EUR"),
        ("53321.00", "EUR", "53.3 k", "53,321.00 EUR"),
        ("12450", "EUR", "12.5 k", "12,450.00 EUR"),
        ("660", "JPY", "660", "660 JPY"),
        ("12.345", "KWD", "12.345", "12.345 KWD"),
        ("-0.125", "USD", "-0.13", "-0.125 USD"),
        ("12.5", None, "12.50", "12.50"),
    ],
)
def test_amounts_are_rounded_on_cards_and_exact_in_tooltips(
    value: str, currency: str | None, text: str, hover: str
) -> None:
    assert plain(formats.short(Decimal(value), "money", currency)) == text
    assert formats.exact(Decimal(value), "money", currency) == hover


def test_exact_values_are_not_shortened() -> None:
    assert formats.exact(165_474) == "165,474"
    assert formats.exact(6.8873, "ratio") == "6.89"
    assert formats.exact(Decimal("1234.5")) == "1,234.50"
    assert plain(formats.exact(0.1234, "percent")) == "12.3 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 m"),
        (192, "3 m 12 s"),
        (3600, "1 h"),
        (3900, "1 h 5 m"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, text: str) -> None:
    assert plain(formats.duration(seconds)) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.123, "+12.3 %"), (-0.04, "−4.0 %"), (0.0004, "0 %"), (12.3, "+1,230 %"), (-1.0, "−100 %")],
)
def test_changes_have_a_sign(ratio: float, text: str) -> None:
    assert plain(formats.change(ratio)) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2008, 4, 1), date(2008, 4, 1), "1 Apr 2008"),
        (date(2008, 4, 1), date(2008, 4, 30), "1–30 Apr 2008"),
        (date(2008, 4, 1), date(2008, 8, 13), "1 Apr – 13 Aug 2008"),
        (date(2007, 12, 30), date(2008, 1, 2), "30 Dec 2007 – 2 Jan 2008"),
    ],
)
def test_ranges_of_days_do_not_repeat_month_and_year(first: date, last: date, text: str) -> None:
    assert formats.days(first, last) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [("hour", "Tue 1 Apr, 14:00"), ("day", "Tue 1 Apr 2008"), ("week", "1–7 Apr 2008"), ("month", "April 2008")],
)
def test_buckets_are_formatted_by_their_size(size: str, text: str) -> None:
    assert formats.bucket(datetime(2008, 4, 1, 14), size) == text  # noqa: DTZ001 - local time has no zone


def test_long_names_are_shortened_in_the_middle() -> None:
    assert formats.cut("short") == "short"
    cut = formats.cut("ThinkPad X1 Carbon Gen 13 32 GB", 16)
    assert cut == "ThinkPad…3 32 GB"
    assert len(cut) == 16
