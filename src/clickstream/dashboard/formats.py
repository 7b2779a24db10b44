"""Numbers and days as text: short on cards and in tables, exact in tooltips.

Units follow a no-break space, so that "12.4 k" is never wrapped.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from clickstream.money import decimal_places, exact_amount, round_half_up, with_code
from clickstream.visible import visible_line

Kind = Literal["count", "ratio", "seconds", "percent", "money"]
Number = int | float | Decimal

NONE = "–"
_NBSP = "\u00a0"
_UNITS: tuple[tuple[int, str], ...] = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def short(value: Number | None, kind: Kind = "count", currency: str | None = None) -> str:
    """Format a figure for a card: 9,999 then 12.4 k, 1.24 M; 999.50 then 1,250; 3 m 12 s; None is a dash.

    currency: of an amount of money; it determines the decimal places and is not part of the text.
    """
    if value is None:
        return NONE
    if kind in ("count", "money") and abs(float(value)) >= 10_000:
        return _shortened(value)
    if kind == "money":
        places = 0 if abs(float(value)) >= 1_000 else decimal_places(currency)  # the tooltip shows all of them
        return f"{round_half_up(value, places):,f}"
    return exact(value, kind)


def exact(value: Number | None, kind: Kind = "count", currency: str | None = None) -> str:
    """Format the same figure in full, for a tooltip; an amount of money with its currency."""
    if value is None:
        return NONE
    if kind == "seconds":
        return duration(float(value))
    if kind == "percent":
        return f"{float(value) * 100:.1f}{_NBSP}%"
    if kind == "money":
        return with_code(exact_amount(value, currency), currency)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def duration(seconds: float) -> str:
    """Format seconds in their two largest units: 45 s, 3 m 12 s, 1 h 5 m, 2 d 3 h."""
    whole = round(seconds)
    for (size, name), (small, small_name) in pairwise(_UNITS):
        if whole >= size:
            rest = whole % size // small
            head = f"{whole // size}{_NBSP}{name}"
            return f"{head}{_NBSP}{rest}{_NBSP}{small_name}" if rest else head
    return f"{whole}{_NBSP}s"


def change(ratio: float) -> str:
    """Format a change from another period, always with its sign: +12.3 %, −4.0 %, 0 %."""
    percent = ratio * 100
    if abs(percent) < 0.05:
        return f"0{_NBSP}%"
    sign = "+" if percent > 0 else "−"
    digits = 0 if abs(percent) >= 100 else 1
    return f"{sign}{abs(percent):,.{digits}f}{_NBSP}%"


def day(value: date) -> str:
    """Format a day: 1 Apr 2008."""
    return f"{value.day} {value:%b} {value.year}"


def days(first: date, last: date) -> str:
    """Format a range of days, without repetition: 1–30 Apr 2008, 1 Apr – 13 Aug 2008, 30 Dec 2007 – 2 Jan 2008."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    head = f"{first.day} {first:%b}" if first.year == last.year else day(first)
    return f"{head} – {day(last)}"


def bucket(start: datetime, size: str) -> str:
    """Format a bucket of a time series that starts at local `start`; size: minute, hour, day, week, month."""
    if size == "minute":
        return f"{start:%H:%M}"
    if size == "hour":
        return f"{start:%a} {start.day} {start:%b}, {start:%H:%M}"
    if size == "week":
        return days(start.date(), start.date() + timedelta(days=6))
    if size == "month":
        return f"{start:%B} {start.year}"
    return f"{start:%a} {day(start.date())}"


def safe_text(text: str) -> str:
    """Make text from events safe to show on one line: control characters and bidirectional overrides are escaped."""
    shown = visible_line(text)
    has_ink = any(character.isprintable() and not character.isspace() for character in shown)
    return shown if has_ink else text.encode("unicode_escape").decode().replace(" ", r"\x20")


def cut(text: str, length: int = 32) -> str:
    """Shorten a name to at most `length` characters in the middle: both ends distinguish it from others."""
    shown = safe_text(text)
    if len(shown) <= length:
        return shown
    tail = (length - 1) // 2
    return f"{shown[: length - 1 - tail]}…{shown[-tail:]}"


def _shortened(value: Number) -> str:
    """Format with three significant digits and a letter; 999,950 is 1.00 M."""
    for exponent, letter in ((3, "k"), (6, "M"), (9, "G"), (12, "T")):
        scaled = Decimal(str(value)).scaleb(-exponent)
        digits = 2 if abs(scaled) < Decimal("9.995") else 1 if abs(scaled) < Decimal("99.95") else 0
        rounded = round_half_up(scaled, digits)
        if abs(rounded) < 1000:
            return f"{rounded:f}{_NBSP}{letter}"
    return f"{value:.3g}"
