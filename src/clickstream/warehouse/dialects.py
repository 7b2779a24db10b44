"""SQL that is written once for both engines: templates, macros and parameters.

A template has slots, `{name}`, which `fill` replaces by SQL of this project, never by data. Data is bound as `$name`.
`render` replaces macros; most of them name a rule, so that it stands in one place:

    @money              type of an amount of money (DuckDB: 18 digits, 4 of them after the point)
    @bytes              type of a byte string
    @text               type of a text column of a table: compared byte by byte, whatever the locale of the database
    @micros(time)       a timestamptz as whole microseconds since 1970 (bigint), exact
    @quarter(time)      the quarter of an hour of a timestamptz, counted from 1970 (bigint)
    @is_order(name)     whether an event name is that of an order event
    @is_refund(name)    whether an event name is that of a refund, which belongs to no session and makes no visitor
    @is_view(name)      whether an event name can make a page view
    @is_key_event(name) whether an event name is that of a key event
    @is_too_fast(row)   whether a session is faster than a human; an alias with rated_page_views, rated_events, rated_us
                        and has_seconds of the events that are judged by rate
    @event_order(row)   event order, as the terms of an ORDER BY over an alias

A `create temp table … as` lasts as long as its transaction on both engines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

Engine = Literal["duckdb", "postgres"]

_CENTURY = "{0} >= timestamptz '2000-01-01 00:00:00+00' and {0} < timestamptz '2100-01-01 00:00:00+00'"


def _exact(sql: str) -> str:
    """SQL of PostgreSQL for a function of `{seconds}`: the seconds since 1970 of an instant.

    As a double they are computed in a third of the time, and are exact to half a microsecond only in this century.
    """
    fast = sql.replace("{seconds}", "date_part('epoch', {0})")
    exact = sql.replace("{seconds}", "extract(epoch from {0})")  # a numeric
    return f"case when {_CENTURY} then {fast} else {exact} end"


_MACROS: dict[str, str | dict[Engine, str]] = {
    "money": {"duckdb": "decimal(18, 4)", "postgres": "numeric"},
    "bytes": {"duckdb": "blob", "postgres": "bytea"},
    "text": {"duckdb": "text", "postgres": 'text collate "C"'},
    "micros": {"duckdb": "epoch_us({0})", "postgres": _exact("cast({seconds} * 1000000 as bigint)")},
    "quarter": {
        "duckdb": "cast(floor(epoch_us({0}) / 900000000.0) as bigint)",
        "postgres": _exact("cast(floor({seconds} / 900) as bigint)"),
    },
    "is_order": "{0} in ('checkout_complete', 'order_confirmed')",
    "is_refund": "{0} = 'order_refunded'",
    "is_view": "{0} in ('page_view', 'home_view', 'category_view', 'product_view')",
    "is_key_event": (
        "{0} in ('add_to_cart_click', 'wishlist_toggle', 'share_click', 'login_success', 'checkout_start', "
        "'checkout_complete')"
    ),
    # docs/decisions/0008-enrichment.md
    "is_too_fast": (
        "({0}.has_seconds and {0}.rated_us > 0 and ({0}.rated_page_views > 1000 "
        "or ({0}.rated_page_views >= 10 and {0}.rated_us < ({0}.rated_page_views - 1) * 1000000) "
        "or ({0}.rated_events >= 100 and {0}.rated_us < ({0}.rated_events - 1) * 200000)))"
    ),
    "event_order": (
        "{0}.event_timestamp, {0}.received_at nulls last, {0}.raw_object nulls last, {0}.raw_line nulls last, "
        "{0}.event_id"
    ),
}
# What may contain a `$` or an `@` that is neither a parameter nor a macro is matched first, and stays as it is.
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
_MACRO = re.compile(rf"{_QUOTED}|@([a-z_]+)", re.DOTALL)
PARAMETER = re.compile(rf"{_QUOTED}|\$([a-zA-Z_][a-zA-Z_0-9]*)", re.DOTALL)
_SLOT = re.compile(r"\{([a-z_]+)\}")
_TEMP_TABLE = re.compile(r"(?im)^(\s*create temp table \w+) as\b")


@cache
def read_sql(package: str, path: str) -> str:
    """Return the text of a `.sql` file of a package."""
    return files(package).joinpath(path).read_text(encoding="utf-8")


def fill(template: str, slots: Mapping[str, str] | None = None, /, **more: str) -> str:
    """Replace each `{name}` by SQL of ours. A slot without a text is a KeyError."""
    texts = {**(slots or {}), **more}
    return _SLOT.sub(lambda match: texts[match[1]], template)


@lru_cache(maxsize=512)
def render(sql: str, engine: Engine) -> str:
    """Write `sql` in the dialect of `engine`. An unknown macro is a KeyError."""
    if engine == "postgres":
        sql = _TEMP_TABLE.sub(r"\1 on commit drop as", sql)
    return _expand(sql, engine)


@lru_cache(maxsize=512)
def number_parameters(sql: str) -> tuple[str, tuple[str, ...]]:
    """Replace each `$name` by PostgreSQL's own `$1`, `$2`…; a name that occurs twice has one number.

    Returns the SQL, and the names in the order of their numbers. Literals, quoted names and comments stay as they are.
    """
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return PARAMETER.sub(numbered, sql), tuple(names)


def _expand(sql: str, engine: Engine) -> str:
    """Replace macros from left to right; one that takes an argument ends at the parenthesis that closes it."""
    parts = []
    position = 0
    while (found := _MACRO.search(sql, position)) is not None:
        name, end = found[1], found.end()
        text = found[0] if name is None else _text_of(name, engine)
        if name is not None and "{0}" in text:
            start, end = end + 1, _closing(sql, end) + 1
            text = text.replace("{0}", _expand(sql[start : end - 1], engine))
        parts += [sql[position : found.start()], text]
        position = end
    return "".join((*parts, sql[position:]))


def _text_of(name: str, engine: Engine) -> str:
    text = _MACROS[name]
    return text if isinstance(text, str) else text[engine]


def _closing(sql: str, start: int) -> int:
    """Return the position of the parenthesis that closes the one at `start`."""
    depth = 0
    for position in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        if depth == 0:
            return position
    raise ValueError(f"the parenthesis of a macro is never closed: {sql[start : start + 40]}")
