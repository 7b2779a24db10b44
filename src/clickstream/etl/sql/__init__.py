"""The SQL of a load: each `.sql` file here is a statement file, whose statements run in order.

A statement ends with a semicolon at the end of a line, and receives the parameters that it names. Slots in braces take
the lists of etl/columns.py and SQL from the caller, never data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from clickstream.etl.columns import SLOTS
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill, number_parameters, read_sql, render


def run_statements(
    cursor: Cursor, file: str, params: Mapping[str, Any] | None = None, slots: Mapping[str, str] | None = None
) -> None:
    """Run the statements of `sql/<file>.sql` in order."""
    for statement in _statements(file):
        sql = fill(statement, {**SLOTS, **(slots or {})})
        _, names = number_parameters(sql)
        cursor.execute(sql, {name: (params or {})[name] for name in names})


@cache
def parser_sql(name: str, **slots: str) -> str:
    """Return the text of `sql/<name>.sql` for the DuckDB that parses: all its statements at once."""
    return render(fill(read_sql("clickstream.etl", f"sql/{name}.sql"), SLOTS, **slots), "duckdb")


@cache
def _statements(name: str) -> tuple[str, ...]:
    parts = read_sql("clickstream.etl", f"sql/{name}.sql").split(";\n")
    return tuple(part.strip() for part in parts if part.strip())
