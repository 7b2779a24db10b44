"""Amounts of money as text, with the decimal places of their currency (ISO 4217), rounded half away from zero.

Used wherever an amount is shown: dashboards, reports and tables. Stored amounts and exported files keep all four
decimal places.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

Amount = Decimal | float | int
STORED_PLACES = 4
_DEFAULT_PLACES = 2
_EXACT = Context(prec=60)
# ISO 4217: the currencies whose minor unit is not a hundredth.
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_PLACES = {code: places for places, codes in _CODES.items() for code in codes.split()}


def decimal_places(currency: str | None) -> int:
    """Return the number of decimal places of a currency; 2 for an unknown one."""
    return _PLACES.get(currency or "", _DEFAULT_PLACES)


def round_half_up(amount: Amount, places: int) -> Decimal:
    """Round half away from zero. The result is never negative zero."""
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT) + 0


def rounded_amount(amount: Amount, currency: str | None) -> str:
    """Format an amount in the currency's decimal places, without its code: `1,234.50`."""
    return f"{round_half_up(amount, decimal_places(currency)):,f}"


def exact_decimal(amount: Amount, currency: str | None) -> Decimal:
    """Return the amount with the currency's decimal places, or more where it has more; it is not rounded.

    A float, such as an average, is rounded to the four decimal places in which amounts are stored.
    """
    stored = round_half_up(amount, STORED_PLACES)
    needed = -int(stored.normalize(_EXACT).as_tuple().exponent)
    return round_half_up(stored, max(needed, decimal_places(currency)))


def exact_amount(amount: Amount, currency: str | None) -> str:
    """Format an amount without rounding it, without its code: `1,234.505`."""
    return f"{exact_decimal(amount, currency):,f}"


def with_code(text: str, currency: str | None) -> str:
    """Add the currency's code to an amount: `1,234.50 EUR`."""
    return f"{text} {currency}" if currency else text
