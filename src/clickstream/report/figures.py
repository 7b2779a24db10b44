"""Figures as short text: numbers, durations, changes, bars and sparklines."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.cells import cell_len

from clickstream.money import rounded_amount, with_code

Value = int | Decimal

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*%#"


def number(value: int) -> str:
    return f"{value:,}"


def amount(value: Decimal, currency: str | None) -> str:
    """`1,234.50 EUR`."""
    return with_code(rounded_amount(value, currency), currency)


def percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def duration(seconds: float) -> str:
    """`42 s`, `3 m 12 s`, `1 h 05 m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def change(value: float | None, are_points: bool = False) -> str:
    """A signed change: in percent, or in points for a rate. Unknown is a dash."""
    if value is None:
        return "(-)"
    return f"({100 * value:+.1f}{' pt' if are_points else ' %'})"


def bar(value: Value, most: Value, width: int, is_ascii: bool = False) -> str:
    """A bar from zero, `width` long for `most`. What is not zero is never invisible."""
    eighths = round(8 * width * value / most) if most else 0
    if value > 0:
        eighths = max(eighths, 1)
    if is_ascii:
        return "#" * max(eighths // 8, 1 if value else 0)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def sparkline(values: Sequence[int], is_ascii: bool = False) -> str:
    """One character a value, from zero; the largest fills the line's height."""
    levels, most = _ASCII_LEVELS if is_ascii else _LEVELS, max(values, default=0)
    return "".join(levels[round(7 * value / most)] if most else levels[0] for value in values)


def cut_middle(text: str, width: int) -> str:
    """Text that fits `width` cells, cut in the middle, without characters that would move the cursor."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    if cell_len(clean) <= width:
        return clean
    left = right = len(clean) // 2
    while cell_len(clean[:left]) + cell_len(clean[right:]) + 1 > width:
        left, right = (left - 1, right) if left >= len(clean) - right else (left, right + 1)
    return f"{clean[:left]}…{clean[right:]}"
