"""Reads numbers and times as files write them. What could be read in two ways is an error, and never a guess.

In: text. Out: an exact number, or an instant in UTC. ValueError says what was expected, and what to set in the mapping.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

EARLIEST = "2000-01-01T00:00:00"
_SPACES = " \u00a0\u2009\u202f"  # blank, no-break space, thin space, narrow no-break space
_APOSTROPHES = "'’"
_PLAIN = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_CURRENCY = re.compile(r"[$\u00a2-\u00a5\u20a0-\u20cf]|(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])|\b(?:kr|zł|Kč|Ft|lei|лв)\b\.?")
_DIGITS = re.compile(r"-?\d+", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {10: timedelta(seconds=1), 13: timedelta(milliseconds=1), 16: timedelta(microseconds=1)}
_COMPACT_DATE_DIGITS = 8
_UTC_NAME = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_TIME_EXAMPLE = "ISO 8601, or epoch seconds (10 digits), milliseconds (13) or microseconds (16)"


def read_number(text: str, decimal: str = "", thousands: str = "") -> int | Decimal:
    """Read a number exactly: `1.234,50`, `€ 12`, `1 234,56`, `.5`, `(12.50)`.

    decimal, thousands: the separators of the file, "" when the mapping does not name them. Then a number that has one
    separator with three digits after it (`12.500`) is refused, since it may be either of two numbers.
    """
    if text.isascii() and text.isdecimal():
        return int(text)
    body, is_negative = _unsigned(text)
    if _PLAIN.fullmatch(body) and ("e" in body or "E" in body):
        number = Decimal(body)
    else:
        number = Decimal(_plain(body, text.strip(), decimal, thousands))
    number = -number if is_negative else number
    return int(number) if number == number.to_integral_value() and "." not in str(number) else number


def _unsigned(text: str) -> tuple[str, bool]:
    """Return the text without currency and sign. Accounting writes `(12.50)` or `12.50-` for -12.50."""
    body = _CURRENCY.sub("", text.replace("−", "-")).strip(_SPACES + "\t")
    if body.startswith("(") and body.endswith(")"):
        return body[1:-1].strip(_SPACES), True
    if body.endswith("-") and not body.startswith("-"):
        return body[:-1].strip(_SPACES), True
    is_negative = body.startswith("-")
    return body.removeprefix("-").removeprefix("+").strip(_SPACES), is_negative


def _plain(body: str, text: str, decimal: str, thousands: str) -> str:
    """Return the number with `.` as its decimal separator, and without others."""
    separators = [character for character in body if not ("0" <= character <= "9")]
    point = decimal or _decimal_separator(body, text, separators, thousands)
    whole, found, fraction = body.rpartition(point) if point and point in body else (body, "", "")
    groups = re.split("[" + re.escape(thousands or ".," + _SPACES + _APOSTROPHES) + "]", whole)
    used = {character for character in whole if not ("0" <= character <= "9")}
    is_grouped = len(used) <= 1 and point not in used and _are_groups(groups)
    is_digits = all(_DIGITS.fullmatch(part) and "-" not in part for part in (*groups, fraction) if part)
    if not (is_digits and (is_grouped or len(groups) == 1) and (whole or fraction)):
        raise ValueError(_number_problem(text, decimal, thousands))
    return "".join(groups) + ("." + fraction if found and fraction else "")


def _decimal_separator(body: str, text: str, separators: Sequence[str], thousands: str) -> str:
    """Return the separator of decimals that the number itself shows, "" when it has none."""
    points = [character for character in separators if character in ".," and character != thousands]
    if not points:
        return ""
    last = points[-1]
    if len(set(separators)) > 1:
        return last if points.count(last) == 1 else ""
    if len(separators) > 1 or thousands:
        return "" if len(separators) > 1 else last
    before, _, after = body.partition(last)
    if len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0"):
        digits = before + after
        raise ValueError(
            f'{text!r} may be {before}.{after} or {digits}: set decimal = "." or decimal = "," in the mapping'
        )
    return last


def _are_groups(groups: Sequence[str]) -> bool:
    return 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def _number_problem(text: str, decimal: str, thousands: str) -> str:
    parts = [f"{name} {value!r}" for name, value in (("decimal", decimal), ("thousands", thousands)) if value]
    rule = f" with {' and '.join(parts)}" if parts else " such as 1234.50 or 1.234,50"
    return f"expected a number{rule}, got {text!r}"


def read_time(text: str, formats: Sequence[str], zone: ZoneInfo) -> datetime:
    """Read a time: by the first format (as of strptime) that fits; without formats ISO 8601 or an epoch number.

    zone: of times without an offset. A local time that a change of clocks skipped is an error; of a time that happened
    twice, the first is taken.
    """
    text = text.strip()
    if not formats:
        return _to_utc(_parse_iso(text), zone, text)
    for pattern in formats:
        try:
            parsed = datetime.strptime(text, pattern)  # noqa: DTZ007  # the zone is added below
        except ValueError:
            continue
        return _to_utc(parsed, zone, text)
    listed = " or ".join(map(repr, formats))
    raise ValueError(f"expected a time as {listed}, got {text!r}")


def _parse_iso(text: str) -> datetime:
    if _DIGITS.fullmatch(text) and len(text.lstrip("-")) != _COMPACT_DATE_DIGITS:
        unit = _EPOCH_UNITS.get(len(text))
        if unit is None:
            raise ValueError(f'expected {_TIME_EXAMPLE}, got {text!r}; for other numbers set format, as "%Y%m%d%H%M"')
        return _EPOCH + int(text) * unit
    body = _UTC_NAME.sub("", text)
    try:
        parsed = datetime.fromisoformat(body.replace(",", "."))
    except ValueError:
        raise ValueError(f"expected {_TIME_EXAMPLE}, got {text!r}") from None
    if body == text:
        return parsed
    if parsed.tzinfo is not None:
        raise ValueError(f"expected one offset, got {text!r}")
    return parsed.replace(tzinfo=UTC)


def _to_utc(parsed: datetime, zone: ZoneInfo, text: str) -> datetime:
    try:
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
        instant = parsed.replace(tzinfo=zone).astimezone(UTC)
        is_skipped = instant.astimezone(zone).replace(tzinfo=None) != parsed
    except OverflowError:
        raise ValueError(f"expected a time from 2000 on, got {text!r}") from None
    if is_skipped:
        raise ValueError(f"{text!r} does not exist in {zone.key}: the clocks were set forward over it")
    return instant
