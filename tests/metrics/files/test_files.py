"""Answers as CSV and Parquet: every type survives, and a spreadsheet runs nothing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from clickstream.metrics.files.csv_file import answer_csv, csv_text
from clickstream.metrics.files.parquet_file import answer_parquet
from clickstream.metrics.question import Answer, Column, ColumnType

ROW: dict[ColumnType, object] = {
    "int": -3,
    "money": Decimal("-1.5000"),
    "decimal": Decimal("0E-10"),
    "rate": 0.25,
    "double": -1.5,
    "text": "=1+1",
    "ts": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "local": datetime(2026, 3, 1, 13),  # noqa: DTZ001
    "date": date(2026, 3, 1),
    "bool": True,
}
ANSWER = Answer("any", tuple(Column(name, name) for name in ROW), [tuple(ROW.values()), (None,) * len(ROW)], {})
EMPTY = Answer("any", ANSWER.columns, [], {})


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_writes_values_as_json_does() -> None:
    head, row, nothing = cells(answer_csv(ANSWER).decode())
    assert head == list(ROW)
    assert dict(zip(head, row, strict=True)) == {
        "int": "-3",
        "money": "-1.5000",
        "decimal": "0.0000000000",
        "rate": "0.25",
        "double": "-1.5",
        "text": "'=1+1",
        "ts": "2026-03-01T12:00:00Z",
        "local": "2026-03-01T13:00:00",
        "date": "2026-03-01",
        "bool": "true",
    }
    assert set(nothing) == {""}
    assert cells(answer_csv(EMPTY).decode()) == [list(ROW)]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@sum(1)"])
def test_text_is_never_a_formula(text: str) -> None:
    assert cells(csv_text([[text, 1, -1]])) == [[f"'{text}", "1", "-1"]]


def test_csv_of_text_that_is_not_unicode_is_still_a_file() -> None:
    broken = Answer("any", (Column("text", "text"),), [("a\ud800b",), ('line\n"two"',)], {})
    assert cells(answer_csv(broken).decode()) == [["text"], ["a?b"], ['line\n"two"']]


@pytest.mark.parametrize("answer", [ANSWER, EMPTY], ids=["rows", "empty"])
def test_parquet_has_typed_columns_and_the_same_rows(answer: Answer, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    path.write_bytes(answer_parquet(answer))
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        relation = connection.read_parquet(str(path))
        assert relation.fetchall() == answer.rows
        assert dict(zip(relation.columns, map(str, relation.types), strict=True)) == {
            "int": "BIGINT",
            "money": "DECIMAL(38,4)",
            "decimal": "DECIMAL(38,10)" if answer.rows else "DECIMAL(38,4)",
            "rate": "DOUBLE",
            "double": "DOUBLE",
            "text": "VARCHAR",
            "ts": "TIMESTAMP WITH TIME ZONE",
            "local": "TIMESTAMP",
            "date": "DATE",
            "bool": "BOOLEAN",
        }
