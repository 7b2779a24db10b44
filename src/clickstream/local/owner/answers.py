"""Answers and reports on their way from the owner to a command, as JSON.

msgspec restores every value whose field has a type. The rows of an Answer are typed by its columns instead, and the
dates in its `meta` by their names: `read_answer` and `read_report` restore those, so that a command receives an object
equal to the one that the owner computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clickstream.metrics.question import Answer
from clickstream.report import Report

_BY_COLUMN_TYPE: Mapping[str, Callable[[str], Any]] = {
    "money": Decimal,
    "decimal": Decimal,
    "ts": datetime.fromisoformat,
    "local": datetime.fromisoformat,
    "date": date.fromisoformat,
}
_BY_META_NAME: Mapping[str, Callable[[str], Any]] = {
    "as_of": datetime.fromisoformat,
    "start": datetime.fromisoformat,
    "end": datetime.fromisoformat,
    "from": date.fromisoformat,
    "to": date.fromisoformat,
}


def read_answer(data: bytes) -> Answer:
    """Decode an Answer."""
    return _restored(msgspec.json.decode(data, type=Answer))


def read_report(data: bytes) -> Report:
    """Decode a Report."""
    report = msgspec.json.decode(data, type=Report, dec_hook=_read_zone)
    answers: dict[str, Any] = {}
    for field in fields(report):
        value = getattr(report, field.name)
        if isinstance(value, Answer):
            answers[field.name] = _restored(value)
    return replace(report, **answers)


def _restored(answer: Answer) -> Answer:
    readers = [_BY_COLUMN_TYPE.get(column.type) for column in answer.columns]
    rows = [tuple(map(_read, readers, row)) for row in answer.rows]
    return replace(answer, rows=rows, meta=_restored_meta(answer.meta))


def _restored_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    restored = {name: _read(_BY_META_NAME.get(name), value) for name, value in meta.items()}
    if meta.get("compare"):
        restored["compare"] = _restored_meta(meta["compare"])
    return restored


def _read(reader: Callable[[str], Any] | None, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)


def _read_zone(kind: type[Any], value: Any) -> Any:
    return ZoneInfo(value) if kind is ZoneInfo else value
