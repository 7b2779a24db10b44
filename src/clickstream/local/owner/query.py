"""One SELECT of the user against the warehouse, which can neither change it nor keep it busy for ever.

In: SQL. Out: columns and rows of plain JSON values. Exactly one statement, in a read-only transaction that
is always rolled back (a DELETE inside a CTE calls itself a SELECT), with limits of rows and time.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, cast

import duckdb
import msgspec
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from clickstream.errors import QuestionError
from clickstream.warehouse.connections import Connection
from clickstream.warehouse.contract import Cursor, Warehouse
from clickstream.warehouse.duckdb import DuckCursor
from clickstream.warehouse.postgres import PostgresCursor

_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_READING_WORDS = ("select", "with", "values", "table", "explain", "show")
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
_SAFE_INTEGER = 2**63

Found = tuple[list[str], list[tuple[Any, ...]]]
"""Names of columns, and at most one row more than was asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    rows: int = 10_000
    time_s: float = 30.0


def run_query(warehouse: Warehouse, sql: str, limits: Limits | None = None) -> dict[str, Any]:
    """Answer with {"columns": [name], "rows": [[value]], "is_cut": whether there were more rows}.

    Raises QuestionError with the code invalid_query, or query_timeout.
    """
    limits = limits or Limits()
    with warehouse.reading() as cursor:
        ask = _ask_duckdb if isinstance(cursor, DuckCursor) else _ask_postgres
        columns, rows = ask(cursor, sql, limits)
    kept = [[_plain(value) for value in row] for row in rows[: limits.rows]]
    return {"columns": columns, "rows": kept, "is_cut": len(rows) > limits.rows}


def _ask_duckdb(cursor: Cursor, sql: str, limits: Limits) -> Found:
    assert isinstance(cursor, DuckCursor)
    statement = _one_statement(cursor.raw, sql)
    alarm = threading.Timer(limits.time_s, cursor.raw.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        cursor.raw.execute(statement)
        columns = [column[0] for column in cursor.raw.description or ()]
        return columns, cursor.raw.fetchmany(limits.rows + 1)
    except duckdb.InterruptException as error:
        raise _too_long(limits) from error
    except duckdb.Error as error:
        raise _refused(str(error)) from error
    finally:
        alarm.cancel()


def _ask_postgres(cursor: Cursor, sql: str, limits: Limits) -> Found:
    """The protocol that streams rows takes one statement only; the transaction is read-only already."""
    assert isinstance(cursor, PostgresCursor)
    word = _FIRST_WORD.match(sql)
    if word is None or word[1].lower() not in _READING_WORDS:
        raise _refused(f"expected a SELECT, got {word[1].upper() if word else 'nothing'}")
    try:
        cursor.execute(f"set local statement_timeout = {max(1, int(limits.time_s * 1000))}")
        columns = _described(cursor.connection, sql)
        with cursor.connection.cursor() as raw:
            stream = cast("Generator[tuple[Any, ...]]", raw.stream(sql.encode()))
            with closing(stream):  # closed early, it cancels what is still running
                return columns, list(islice(stream, limits.rows + 1))
    except psycopg.errors.QueryCanceled as error:
        raise _too_long(limits) from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise _refused(str(error)) from error


def _described(connection: Connection, sql: str) -> list[str]:
    """Names of the columns; a statement without rows would not tell them."""
    protocol = connection.pgconn
    for answer in (protocol.prepare(b"", sql.encode()), protocol.describe_prepared(b"")):
        if answer.status != ExecStatus.COMMAND_OK:
            raise error_from_result(answer)
    return [(answer.fname(place) or b"").decode() for place in range(answer.nfields)]


def _too_long(limits: Limits) -> QuestionError:
    why = f"it took longer than {limits.time_s:g} s"
    return QuestionError("query_timeout", "SQL", why, "ask for fewer rows or a shorter range")


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
    """Engines say what is wrong in paragraphs, then show the place: kept on one line."""
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
