"""Numbers, durations, changes, bars and sparklines as short text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.cells import cell_len
from rich.console import Console

from clickstream.money import rounded_amount, with_code
from clickstream.visible import visible_line

Value = int | Decimal

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*%#"


def number(value: int) -> str:
    return f"{value:,}"


def amount(value: Decimal, currency: str | None) -> str:
    """Return an amount as `1,234.50 EUR`."""
    return with_code(rounded_amount(value, currency), currency)


def percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def duration(seconds: float) -> str:
    """Return a duration as `42 s`, `3 m 12 s` or `1 h 05 m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def change(value: float | None, are_points: bool = False) -> str:
    """Return a signed change in percent, or in points for a rate; a dash if it is unknown."""
    if value is None:
        return "(-)"
    return f"({100 * value:+.1f}{' pt' if are_points else ' %'})"


def bar(value: Value, most: Value, width: int, is_ascii: bool = False) -> str:
    """Return a bar that starts at zero and has `width` cells for `most`; a value above zero is always visible."""
    eighths = round(8 * width * value / most) if most else 0
    if value > 0:
        eighths = max(eighths, 1)
    if is_ascii:
        return "#" * max(eighths // 8, 1 if value else 0)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def sparkline(values: Sequence[int], is_ascii: bool = False) -> str:
    """Return one character for each value, from zero; the largest value has the full height of the line."""
    levels, most = _ASCII_LEVELS if is_ascii else _LEVELS, max(values, default=0)
    return "".join(levels[round(7 * value / most)] if most else levels[0] for value in values)


def fit(text: str, width: int, console: Console) -> str:
    """Return text that is safe to print: on a terminal as `cut_middle` shortens it, elsewhere all of it."""
    return cut_middle(text, width) if console.is_terminal else visible_line(text)


def cut_middle(text: str, width: int) -> str:
    """Return text that is safe to print and fits in `width` cells, shortened in the middle."""
    clean = visible_line(text)
    if cell_len(clean) <= width:
        return clean
    left = right = len(clean) // 2
    while cell_len(clean[:left]) + cell_len(clean[right:]) + 1 > width:
        left, right = (left - 1, right) if left >= len(clean) - right else (left, right + 1)
    return f"{clean[:left]}…{clean[right:]}"
