"""The visitors that the filters `segment` and `visitor_id` leave: for a question, others do not exist.

In: the filters of a Question. Out: `VisitorFilters`, which for one period become `Members`: conditions on the rows of a
visitor. Each row counts by its visitor: an event by its own, a session by that of the session, whole; an order by its
own, a refund by that of its order. A row without a visitor is in no segment.

Cost: the visitors are found once for each load and period, when a statement first reads them, and remembered
(mart/memory.py): all questions of a page share them. Questions without these filters read nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clickstream.metrics.rules.filter_values import FilterValue, read_value
from clickstream.metrics.rules.filters import condition_sql, passes_none
from clickstream.metrics.rules.texts import read_sql, with_needed
from clickstream.metrics.segments.language import Rule, read_segment
from clickstream.metrics.segments.rule_sql import Evaluation, rule_sql
from clickstream.warehouse.dialects import fill

_PAIRS = "select id from pairs where visitor in (from {table})"
_MATCHING = "select v.id from visitors as v where {tests}"


@dataclass(frozen=True, slots=True)
class Members:
    """The visitors of one question and period. table: has their numbers. has_none: rows without a visitor count."""

    table: str
    has_none: bool

    def own(self, column: str) -> str:
        """Return the condition on a row with the number of its visitor, as SQL that begins with `and`."""
        return self._condition(column, f"from {self.table}")

    def of_pair(self, column: str) -> str:
        """Return the same for a row with the number of its pair of client and user."""
        return self._condition(column, fill(_PAIRS, table=self.table))

    def _condition(self, column: str, rows: str) -> str:
        return f" and ({column} in ({rows}){f' or {column} is null' if self.has_none else ''})"


@dataclass(frozen=True, slots=True)
class VisitorFilters:
    """The filters of a question on visitors. Rules and ids: a visitor matches any wanted one, and no excluded one."""

    wanted: tuple[Rule, ...]
    excluded: tuple[Rule, ...]
    ids: tuple[FilterValue, ...]

    def members(self, at: Evaluation) -> Members:
        """Define the visitors for one period."""
        tests = [f"({' or '.join(rule_sql(rule, at) for rule in self.wanted)})"] if self.wanted else []
        tests += [f"not {rule_sql(rule, at)}" for rule in self.excluded]
        if self.ids:
            tests.append(condition_sql("v.visitor_id", self.ids, at.params))
        rules = fill(read_sql("segments/segment.sql"), at.slots)
        sql = with_needed(rules, fill(_MATCHING, tests=" and ".join(tests)))
        params = {name: value for name, value in [*at.params.items(), *at.bound.items()] if f"${name}" in sql}
        key = hashlib.sha256(repr((sql, sorted(params.items()))).encode()).hexdigest()[:16]
        at.cursor.derive(f"members_{key}", sql, params)
        return Members(f"members_{key}", not self.wanted and (not self.ids or passes_none(self.ids)))


def read_visitor_filters(filters: Mapping[str, Sequence[str]]) -> VisitorFilters | None:
    """Read the filters on visitors; None if there are none. Raises QuestionError."""
    segments, ids = (
        tuple(read_value(name, text) for text in filters.get(name, ())) for name in ("segment", "visitor_id")
    )
    if not segments and not ids:
        return None
    return VisitorFilters(
        tuple(read_segment(value.stored_text) for value in segments if not value.is_excluded),
        tuple(read_segment(value.stored_text) for value in segments if value.is_excluded),
        ids,
    )
