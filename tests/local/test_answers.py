"""Answers on their way from the owner to a command."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from clickstream.local.owner.answers import read_answer
from clickstream.metrics.question import Answer, Column, ColumnType


def test_values_of_every_type_survive_the_way_to_a_command() -> None:
    values: dict[ColumnType, object] = {
        "int": 3,
        "money": Decimal("1.5000"),
        "decimal": Decimal("0.333334"),
        "rate": 0.25,
        "double": None,
        "text": "ü",
        "ts": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "local": datetime(2026, 3, 1, 13),  # noqa: DTZ001
        "date": date(2026, 3, 1),
        "bool": True,
    }
    columns = tuple(Column(name, name) for name in values)
    answer = Answer("any", columns, [tuple(values.values())], {"from": date(2026, 3, 1)})
    assert read_answer(msgspec.json.encode(answer)) == answer
