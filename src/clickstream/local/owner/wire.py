"""A report on its way from the owner to a command: as JSON, and back to what it was.

JSON has no instants, dates and exact numbers; they travel as {"$instant": text} and the like, so that the
report that arrives is equal to the one that was built.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clickstream.report import Report

_EXACT = (datetime, date, Decimal)  # a datetime is a date as well: it comes first
_TAGS = {datetime: "$instant", date: "$date", Decimal: "$decimal"}
_READ: dict[str, Callable[[str], Any]] = {
    "$instant": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$decimal": Decimal,
}


def pack_report(report: Report) -> dict[str, Any]:
    """The report in plain JSON values."""
    packed: dict[str, Any] = _tagged(msgspec.to_builtins(report, builtin_types=_EXACT, enc_hook=str))
    return packed


def unpack_report(packed: dict[str, Any]) -> Report:
    """The report that `pack_report` packed."""
    return msgspec.convert(_untagged(packed), Report, builtin_types=_EXACT, dec_hook=_zone)


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tagged(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_tagged(inner) for inner in value]
    for kind, tag in _TAGS.items():
        if isinstance(value, kind):
            return {tag: str(value)}
    return value


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        tag, inner = next(iter(value.items()))
        if tag in _READ:
            return _READ[tag](inner)
    return {key: _untagged(inner) for key, inner in value.items()}


def _zone(kind: type[Any], value: Any) -> Any:
    return ZoneInfo(value) if kind is ZoneInfo else value
