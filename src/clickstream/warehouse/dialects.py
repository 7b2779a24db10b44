"""The few places where the SQL of the engines differs.

SQL files are written once, in a subset that DuckDB and PostgreSQL share, with bound parameters as
`$name` and these macros, which `render` replaces:

    @money          type of an amount of money (18 digits, 4 of them after the point)
    @bytes          type of a byte string
    @micros(expr)   a timestamptz as whole microseconds since 1970 (bigint)
"""

from __future__ import annotations

import re
from typing import Literal

Engine = Literal["duckdb"]

_WORDS: dict[Engine, dict[str, str]] = {
    "duckdb": {"money": "decimal(18, 4)", "bytes": "blob", "micros": "epoch_us"},
}
_MACRO = re.compile(r"@([a-z]+)\b")


def render(sql: str, engine: Engine) -> str:
    """Write `sql` in the dialect of `engine`. An unknown macro is a KeyError: a fault of ours."""
    words = _WORDS[engine]
    return _MACRO.sub(lambda match: words[match[1]], sql)
