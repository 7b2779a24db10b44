"""The few places where the SQL of the engines differs.

SQL files are written once, in a subset that DuckDB and PostgreSQL share, with bound parameters as
`$name` and these macros, which `render` replaces:

    @money          type of an amount of money (DuckDB: 18 digits, 4 of them after the point)
    @bytes          type of a byte string
    @text           type of a text column in a table: compared byte by byte, whatever the database's locale
    @micros(expr)   a timestamptz as whole microseconds since 1970 (bigint), exact

A `create temp table … as` lasts as long as its transaction on both engines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Engine = Literal["duckdb", "postgres"]

_WORDS: dict[Engine, dict[str, str]] = {
    "duckdb": {"money": "decimal(18, 4)", "bytes": "blob", "text": "text", "micros": "epoch_us"},
    "postgres": {"money": "numeric", "bytes": "bytea", "text": 'text collate "C"'},
}
_MACRO = re.compile(r"@([a-z]+)\b")
_MICROS = re.compile(r"@micros\(")
_TEMP_TABLE = re.compile(r"(?im)^(\s*create temp table \w+) as\b")
# What may hold a `$` or an `@` that is none of ours comes first, and is left alone.
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
_PARAMETER = re.compile(rf"{_QUOTED}|\$([a-zA-Z_][a-zA-Z_0-9]*)", re.DOTALL)


@lru_cache(maxsize=512)
def render(sql: str, engine: Engine) -> str:
    """Write `sql` in the dialect of `engine`. An unknown macro is a KeyError: a fault of ours."""
    words = _WORDS[engine]
    if engine == "postgres":
        sql = _TEMP_TABLE.sub(r"\1 on commit drop as", _micros(sql))
    return _MACRO.sub(lambda match: words[match[1]], sql)


@lru_cache(maxsize=512)
def number_parameters(sql: str) -> tuple[str, tuple[str, ...]]:
    """Replace each `$name` by PostgreSQL's own `$1`, `$2`…; a name that stands twice has one number.

    Out: the SQL, and the names in the order of their numbers. Literals, quoted names and comments stay as they are.
    """
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PARAMETER.sub(numbered, sql), tuple(names)


def _micros(sql: str) -> str:
    """Replace each `@micros(…)`, up to the parenthesis that closes it. extract() is exact: it gives a numeric."""
    while (found := _MICROS.search(sql)) is not None:
        end = _closing(sql, found.end())
        inner = sql[found.end() : end]
        sql = f"{sql[: found.start()]}cast(extract(epoch from {inner}) * 1000000 as bigint){sql[end + 1 :]}"
    return sql


def _closing(sql: str, start: int) -> int:
    """Where the parenthesis is that closes the one before `start`."""
    depth = 1
    for position in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        if depth == 0:
            return position
    raise ValueError(f"@micros( is never closed: {sql[start : start + 40]}")
