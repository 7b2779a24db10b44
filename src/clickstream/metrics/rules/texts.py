"""The SQL files of this package as texts: read once, their `{slots}` filled, cut down to what a question uses.

In: the text of the rules, one CTE after another, each ending in a `)` at the start of a line; a metric's SQL. Out: one
statement with the CTEs that the metric names, and those they name: an engine plans every CTE that it is given. Only
texts of this package are put into slots, never values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

_CTE = re.compile(r"^(\w+) as (?:not materialized )?\(\n.*?^\)", re.MULTILINE | re.DOTALL)
_SLOT = re.compile(r"\{([a-z_]+)\}")
_WORD = re.compile(r"\w+")


@cache
def read_sql(path: str) -> str:
    """Text of a `.sql` file of this package."""
    return files("clickstream.metrics").joinpath(path).read_text(encoding="utf-8")


def fill(sql: str, slots: Mapping[str, str]) -> str:
    """Put the texts of `slots` in the place of their `{names}`."""
    return _SLOT.sub(lambda match: slots[match[1]], sql)


@lru_cache(maxsize=256)
def with_needed(rules: str, metric_sql: str) -> str:
    """The statement of a metric behind the CTEs that it needs, in the order of the rules.

    metric_sql: begins with `select`, or with a comma and CTEs of its own.
    """
    ctes = {found[1]: found[0] for found in _CTE.finditer(rules)}
    needed = _named(metric_sql, ctes)
    for name in reversed(ctes):  # a CTE names only those before it
        if name in needed:
            needed |= _named(ctes[name], ctes) - {name}
    texts = ",\n".join(text for name, text in ctes.items() if name in needed)
    return f"with\n{texts}\n{metric_sql}"


def _named(sql: str, ctes: dict[str, str]) -> set[str]:
    return {word for word in _WORD.findall(sql) if word in ctes}
