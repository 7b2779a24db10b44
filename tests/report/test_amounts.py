"""Amounts in the report."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clickstream.report.figures import amount


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [("660", "JPY", "660 JPY"), ("12.345", "KWD", "12.345 KWD"), ("2.665", "EUR", "2.67 EUR")],
)
def test_amounts_have_the_decimal_places_of_their_currency(value: str, currency: str, text: str) -> None:
    assert amount(Decimal(value), currency) == text
