"""One SELECT of the user against the warehouse, which can neither change it nor keep it busy for ever.

In: SQL. Out: columns and rows of plain JSON values. Exactly one statement, in a read-only transaction that
is always rolled back (a DELETE inside a CTE calls itself a SELECT), with limits of rows and time.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import msgspec

from clickstream.errors import QuestionError
from clickstream.warehouse.duckdb import DuckWarehouse

_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_SAFE_INTEGER = 2**63


@dataclass(frozen=True, slots=True)
class Limits:
    rows: int = 10_000
    time_s: float = 30.0


def run_query(warehouse: DuckWarehouse, sql: str, limits: Limits | None = None) -> dict[str, Any]:
    """Answer with {"columns": [name], "rows": [[value]], "is_cut": whether there were more rows}.

    Raises QuestionError with the code invalid_query, or query_timeout.
    """
    limits = limits or Limits()
    with warehouse.reading() as cursor:
        statement = _one_statement(cursor.raw, sql)
        alarm = threading.Timer(limits.time_s, cursor.raw.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            cursor.raw.execute(statement)
            columns = [column[0] for column in cursor.raw.description or ()]
            rows = cursor.raw.fetchmany(limits.rows + 1)
        except duckdb.InterruptException as error:
            why = f"it took longer than {limits.time_s:g} s"
            raise QuestionError("query_timeout", "SQL", why, "ask for fewer rows or a shorter range") from error
        except duckdb.Error as error:
            raise _refused(str(error)) from error
        finally:
            alarm.cancel()
    kept = [[_plain(value) for value in row] for row in rows[: limits.rows]]
    return {"columns": columns, "rows": kept, "is_cut": len(rows) > limits.rows}


def _one_statement(raw: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    try:
        statements = raw.extract_statements(sql)
    except duckdb.Error as error:
        raise _refused(str(error)) from error
    if len(statements) != 1:
        raise _refused(f"expected one statement, got {len(statements)}")
    if statements[0].type not in _READING:
        raise _refused(f"expected a SELECT, got {statements[0].type.name}")
    return statements[0]


def _refused(text: str) -> QuestionError:
    """DuckDB says what is wrong in paragraphs, then shows the place: kept on one line."""
    what, _, place = text.partition("\nLINE ")
    line = " ".join(what.split())
    where = place.partition("\n")[0].partition(": ")[2].strip()
    why = f"{line} (at: {where})" if where else line
    return QuestionError("invalid_query", "SQL", why, "the warehouse is read with one SELECT at a time")


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has no word for is text (exact numbers, instants, bytes)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -_SAFE_INTEGER <= value < _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return msgspec.to_builtins(value, enc_hook=str)
