"""`search_terms`: what do visitors look for, and do they find it?

Events `search` with a term. A session is judged by its last search for the term, up to its next search for another one:
whether it viewed a product, or ordered. It exited if nothing followed but views of the same page.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope, page_slots

COLUMNS = (
    Column("term", "text"),
    Column("searches", "int"),
    Column("visitors", "int"),
    Column("sessions", "int"),
    Column("no_result_searches", "int"),
    Column("no_result_rate", "rate"),
    Column("view_sessions", "int"),
    Column("exit_sessions", "int"),
    Column("order_sessions", "int"),
)


def search_terms(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Rank search terms, most searches first. only: return these terms alone."""
    slots, params = page_slots(scope.question, only, "term")
    search = scope.cursor.scalar("select max(id) from texts where text = 'search'")
    found = scope.fetch("behaviour/search_terms", slots, {**params, "search": search}).dicts()
    total = found[0]
    rows = []
    for row in found:
        if row["term"] is None:  # the only row of an empty page; it carries the totals
            continue
        row["no_result_rate"] = ratio(row["no_result_searches"], row["known_searches"])
        rows.append(tuple(row[column.name] for column in COLUMNS))
    return Result(
        COLUMNS,
        rows,
        {"clickstream_events": total["all_searches"] - total["without_term"]},
        total["total_rows"],
        keys=1,
        extra={"searches_without_term": total["without_term"]},
    )
