"""An answer as a Parquet file, written by an in-memory DuckDB.

In: an Answer. Out: the bytes of a file with the same rows in the same order, in typed columns: `int` is BIGINT, amounts
are DECIMAL(38), `rate` and `double` DOUBLE, `ts` is TIMESTAMP WITH TIME ZONE, `local` TIMESTAMP.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from clickstream.metrics.question import Answer, Column, ColumnType

_TYPES: dict[ColumnType, str] = {
    "int": "BIGINT",
    "rate": "DOUBLE",
    "double": "DOUBLE",
    "text": "VARCHAR",
    "ts": "TIMESTAMPTZ",
    "local": "TIMESTAMP",
    "date": "DATE",
    "bool": "BOOLEAN",
}
_MIN_PLACES = 4


def answer_parquet(answer: Answer) -> bytes:
    """Return an answer as a Parquet file."""
    values = [[row[index] for row in answer.rows] for index in range(len(answer.columns))]
    columns = ", ".join(
        f"unnest(cast(${n} as {_type(column, values[n - 1])}[])) as {_quoted(column.name)}"
        for n, column in enumerate(answer.columns, 1)
    )
    with tempfile.TemporaryDirectory(prefix="clickstream-") as folder, duckdb.connect() as connection:
        path = Path(folder) / "answer.parquet"
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"copy (select {columns}) to {_literal(path)} (format parquet)", values)
        return path.read_bytes()


def _type(column: Column, values: Sequence[Any]) -> str:
    if column.type not in ("money", "decimal"):
        return _TYPES[column.type]
    places = [-int(value.as_tuple().exponent) for value in values if isinstance(value, Decimal)]
    return f"DECIMAL(38, {max([_MIN_PLACES, *places])})"


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _literal(path: Path) -> str:
    doubled = str(path).replace("'", "''")
    return f"'{doubled}'"
