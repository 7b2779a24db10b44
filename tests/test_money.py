"""Amounts of money as text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.money import decimal_places, exact_amount, round_half_up, rounded_amount, with_code


@pytest.mark.parametrize(
    ("amount", "currency", "rounded", "exact"),
    [
        pytest.param("660", "JPY", "660", "660", id="no decimal places"),
        pytest.param("660.5", "JPY", "661", "660.5", id="a fraction of a yen, rounded up"),
        pytest.param("12.345", "KWD", "12.345", "12.345", id="three decimal places"),
        pytest.param("0.0001", "CLF", "0.0001", "0.0001", id="four decimal places"),
        pytest.param("1234.5", "EUR", "1,234.50", "1,234.50", id="two decimal places"),
        pytest.param("2.675", "EUR", "2.68", "2.675", id="half, away from zero"),
        pytest.param("2.665", "EUR", "2.67", "2.665", id="half, not to even"),
        pytest.param("-2.665", "EUR", "-2.67", "-2.665", id="half, negative"),
        pytest.param("-0.001", "EUR", "0.00", "-0.001", id="rounded to zero, without a sign"),
        pytest.param("1000.0000", "JPY", "1,000", "1,000", id="zeros as stored"),
        pytest.param("1E+3", "EUR", "1,000.00", "1,000.00", id="an exponent"),
        pytest.param("0.3333", "XXX", "0.33", "0.3333", id="no currency"),
        pytest.param("0.3333", None, "0.33", "0.3333", id="no code"),
        pytest.param(
            "12345678901234567890.1234",
            "EUR",
            "12,345,678,901,234,567,890.12",
            "12,345,678,901,234,567,890.1234",
            id="a sum of many digits",
        ),
    ],
)
def test_amounts_have_the_decimal_places_of_their_currency(
    amount: str, currency: str | None, rounded: str, exact: str
) -> None:
    assert rounded_amount(Decimal(amount), currency) == rounded
    assert exact_amount(Decimal(amount), currency) == exact


def test_a_float_is_rounded_as_it_is_written() -> None:
    assert round_half_up(2.675, 2) == Decimal("2.68")  # in binary it is 2.67499…
    assert exact_amount(10 / 3, "EUR") == "3.3333"


def test_the_code_follows_the_amount() -> None:
    assert with_code("1,234.50", "EUR") == "1,234.50 EUR"
    assert with_code("1,234.50", None) == "1,234.50"


@given(st.decimals("-1e14", "1e14", places=4), st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XXX"]))
def test_exact_text_is_the_amount_and_rounded_text_is_the_nearest(amount: Decimal, currency: str) -> None:
    assert Decimal(exact_amount(amount, currency).replace(",", "")) == amount
    unit = Decimal(1).scaleb(-decimal_places(currency))
    assert abs(Decimal(rounded_amount(amount, currency).replace(",", "")) - amount) <= unit / 2
