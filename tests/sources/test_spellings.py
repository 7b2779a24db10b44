"""Numbers and times are read as files write them; what could be read in two ways is an error."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.sources.spellings import read_number, read_time


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("28", "28"),
        ("-3", "-3"),
        ("+3", "3"),
        ("12.30", "12.30"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("99,90", "99.90"),
        ("€ 12", "12"),
        ("12,50 €", "12.50"),
        ("EUR 12.30", "12.30"),
        ("12,30 kr", "12.30"),
        ("$1,234.50", "1234.50"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1\u202f234", "1234"),
        ("1'234.50", "1234.50"),
        ("1’234.50", "1234.50"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.125", "0.125"),
        ("1234.500", "1234.500"),
        ("1,234,567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("(12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("\u22125", "-5"),
        ("1e3", "1000"),
        ("00012", "12"),
    ],
)
def test_a_number_is_read_exactly(text: str, number: str) -> None:
    found = read_number(text)
    assert found == Decimal(number)
    assert isinstance(found, int) or str(found) == number


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "number"),
    [
        ("12.500", ".", "", "12.500"),
        ("12.500", ",", "", "12500"),
        ("12,500", ",", "", "12.500"),
        ("12,500", ".", "", "12500"),
        ("12.500", "", ".", "12500"),
        ("1.000,00", ",", ".", "1000.00"),
        ("99,90", ",", "", "99.90"),
        ("1,5", "", ".", "1.5"),
    ],
)
def test_the_separators_of_a_rule_decide(text: str, decimal: str, thousands: str, number: str) -> None:
    assert read_number(text, decimal, thousands) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        *(("12.500", ""), ("12,500", ""), ("$1,000", "")),
        *(("99,90", "."), ("1,234.5", ","), ("1.2.3", ""), ("1,23,456", ""), ("1.234.5", "")),
        *(
            ("nan", ""),
            ("inf", ""),
            ("", ""),
            ("12%", ""),
            ("--5", ""),
            ("1-2", ""),
            ("١٢", ""),
            ("12 34", ""),
            ("€", ""),
        ),
    ],
)
def test_a_number_that_is_ambiguous_or_malformed_is_an_error(text: str, decimal: str) -> None:
    with pytest.raises(ValueError, match=r"expected a number|may be"):
        read_number(text, decimal)


def test_an_ambiguous_number_names_both_readings_and_the_option() -> None:
    with pytest.raises(ValueError, match=r"'12\.500' may be 12\.500 or 12500: set decimal"):
        read_number("12.500")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_a_number_with_both_separators_is_never_misread(number: Decimal) -> None:
    english = f"{number:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert read_number(english) == read_number(german) == read_number(str(number)) == number


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-10 14:05:00 UTC", "2026-03-10T14:05:00"),
        ("2026-03-10 14:05:00.123 UTC", "2026-03-10T14:05:00.123000"),
        ("2026-03-10T14:05:00,5Z", "2026-03-10T14:05:00.500000"),
        ("2026-03-10T14:05:00z", "2026-03-10T14:05:00"),
        ("2026-03-10 14:05 GMT", "2026-03-10T14:05:00"),
        ("2026-03-10T14:05+02:00", "2026-03-10T12:05:00"),
        ("2026-03-10 14:05", "2026-03-10T13:05:00"),
        ("20260310", "2026-03-09T23:00:00"),
        ("1773151500", "2026-03-10T14:05:00"),
        ("1773151500000", "2026-03-10T14:05:00"),
        ("1773151500000000", "2026-03-10T14:05:00"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00"),
    ],
)
def test_a_time_is_read(text: str, instant: str) -> None:
    assert read_time(text, [], ZoneInfo("Europe/Berlin")).isoformat() == f"{instant}+00:00"


@pytest.mark.parametrize(
    ("text", "formats", "reason"),
    [
        ("202603101405", [], "expected ISO 8601, or epoch seconds"),
        ("20260310140500", [], "set format"),
        ("177315150", [], "expected ISO 8601, or epoch seconds"),
        ("yesterday", [], "expected ISO 8601"),
        ("2026-03-10T14:05+02:00 UTC", [], "expected one offset"),
        ("2026-03-29 02:30", [], "does not exist in Europe/Berlin"),
        ("29.03.2026 02:30", ["%d.%m.%Y %H:%M"], "does not exist in Europe/Berlin"),
        ("10/03/2026", ["%d.%m.%Y", "%Y"], "expected a time as '%d.%m.%Y' or '%Y', got '10/03/2026'"),
        ("9999-12-31T23:59:59-12:00", [], "expected a time from 2000 on"),
    ],
)
def test_a_time_that_cannot_be_read_is_an_error_with_its_reason(text: str, formats: list[str], reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the reason is compared below
        read_time(text, formats, ZoneInfo("Europe/Berlin"))
    assert reason in str(caught.value)


def test_the_first_format_that_fits_reads_the_time() -> None:
    formats = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y%m%d%H%M"]
    times = [read_time(text, formats, ZoneInfo("UTC")).isoformat() for text in ("10.03.2026 14:05", "202603101405")]
    assert times == ["2026-03-10T14:05:00+00:00"] * 2
