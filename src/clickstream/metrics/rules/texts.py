"""The SQL files of this package: read once, their `{slots}` filled, reduced to the CTEs that a question uses.

In: the text of the rules, one CTE after another, each ending in a `)` at the start of a line; a metric's SQL. Out: one
statement with the CTEs that the metric uses, directly or through other CTEs: an engine plans every CTE of a statement.
Slots are filled with constant text of this package, never with values.
"""

from __future__ import annotations

import re
from functools import lru_cache

from clickstream.warehouse import dialects

_CTE = re.compile(r"^(\w+) as (?:not materialized )?\(\n.*?^\)", re.MULTILINE | re.DOTALL)
_FIRST_COMMA = re.compile(r"^, ", re.MULTILINE)
_WORD = re.compile(r"\w+")


def read_sql(path: str) -> str:
    """Return the text of a `.sql` file of this package."""
    return dialects.read_sql("clickstream.metrics", path)


@lru_cache(maxsize=256)
def with_needed(rules: str, metric_sql: str) -> str:
    """Return a metric's statement after the CTEs that it uses, in the order of the rules.

    metric_sql: begins with `select`, or with a comma and more CTEs.
    """
    ctes = {found[1]: found[0] for found in _CTE.finditer(rules)}
    needed = _named(metric_sql, ctes)
    for name in reversed(ctes):  # a CTE uses only those before it
        if name in needed:
            needed |= _named(ctes[name], ctes) - {name}
    texts = ",\n".join(text for name, text in ctes.items() if name in needed)
    if not texts:
        return f"with\n{_FIRST_COMMA.sub('', metric_sql, count=1)}" if _FIRST_COMMA.search(metric_sql) else metric_sql
    return f"with\n{texts}\n{metric_sql}"


def _named(sql: str, ctes: dict[str, str]) -> set[str]:
    return {word for word in _WORD.findall(sql) if word in ctes}
