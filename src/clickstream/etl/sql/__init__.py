"""The SQL of a load, one file a step: which statements it has, and running them in order.

In: a step's name, `sql/<step>.sql`. Statements end with a semicolon at the end of a line; each is given the parameters
that it names. Slots in braces take texts of ours, never data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from clickstream.warehouse.contract import Cursor


def run_statements(
    cursor: Cursor, step: str, params: Mapping[str, Any] | None = None, slots: Mapping[str, str] | None = None
) -> None:
    """Run the statements of `sql/<step>.sql` in order."""
    for statement in _statements(step):
        sql = statement
        for name, text in (slots or {}).items():
            sql = sql.replace(f"{{{name}}}", text)
        cursor.execute(sql, {name: value for name, value in (params or {}).items() if f"${name}" in sql})


@cache
def _statements(step: str) -> tuple[str, ...]:
    text = (files("clickstream.etl") / "sql" / f"{step}.sql").read_text(encoding="utf-8")
    return tuple(part.strip() for part in text.split(";\n") if part.strip())
