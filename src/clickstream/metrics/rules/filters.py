"""Filters as SQL conditions, with every value bound.

In: the filters of a Question. Out: `Conditions`: one text for hits (alias `h`), one for sessions (alias `s`), the
parameters of both. An unknown name is `unknown_filter`; one that is not supported yet is `filter_not_applicable`. No
filter is ignored. How filter values are written: filter_values.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.rules.filter_values import FilterValue, read_value
from clickstream.warehouse.dialects import fill

NONE = "(none)"
EVENT_COLUMNS = {
    "event": ("name", "texts", "text"),
    "page_path": ("page", "texts", "text"),
    "product_id": ("product", "products", "product_id"),
    "category": ("product", "products", "category"),
    "brand": ("product", "products", "brand"),
    "login_state": ("login_state", "texts", "text"),
}
"""Dimension of an event -> its column of `hits`, the table of that number, and the column there."""
ACQUISITION_COLUMNS = {name: name for name in ("channel", "source", "medium", "campaign", "referrer_domain")}
DEVICE_COLUMNS = {name: name for name in ("device_type", "browser", "os", "country")}
SESSION_COLUMNS = {**ACQUISITION_COLUMNS, **DEVICE_COLUMNS, "landing_page": "landing_page"}
SAMPLE_MODES = ("auto", "include", "only")
HUMANS = ("true", "false")
VISITOR_FILTERS = ("segment", "visitor_id")
"""Filters that select visitors: segments/members.py."""
_EVENT_CONDITION = " and h.{column} in (select id from {table} where {condition})"


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of the filters as SQL that begins with `and`, or is empty.

    without_session: an event without a session passes the session filters (all its session values are `(none)`).
    """

    event: str
    session: str
    without_session: bool
    params: Mapping[str, str]


def conditions(filters: Mapping[str, Sequence[str]]) -> Conditions:
    """Write filters as SQL. A row passes if it matches all filters, each by any of its values and no excluded one."""
    event, session, params = "", "", dict[str, str]()
    without_session = True
    for name, texts in filters.items():
        check_filter(name, texts)
        values = [read_value(name, text) for text in texts]
        if name in EVENT_COLUMNS:
            column, table, text = EVENT_COLUMNS[name]
            condition = condition_sql(value_sql(text), values, params)
            event += fill(_EVENT_CONDITION, column=column, table=table, condition=condition)
        elif name in SESSION_COLUMNS:
            session += f" and {condition_sql(f's.{SESSION_COLUMNS[name]}', values, params)}"
            without_session = without_session and passes_none(values)
    return Conditions(event, session, without_session, params)


def sample_mode(filters: Mapping[str, Sequence[str]]) -> str:
    """Return `auto`, `include` or `only`."""
    return _one_of(filters, "sample", SAMPLE_MODES, "auto")


def is_humans_only(filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether bots are left out; by default they are counted."""
    return _one_of(filters, "humans", HUMANS, "false") == "true"


def check_filter(name: str, values: Sequence[str]) -> None:
    """Raise QuestionError for a filter that is unknown, not supported yet, or without a value."""
    if name not in filter_names():
        raise QuestionError("unknown_filter", name, "not a filter", name_advice(name, filter_names()))
    if not values or not all(read_value(name, value).is_usable for value in values):
        raise QuestionError("invalid_filter", name, "an empty value", f"use {NONE} for rows without a value")


def filter_names() -> tuple[str, ...]:
    """Return the names of all supported filters."""
    return ("sample", "humans", *VISITOR_FILTERS, *EVENT_COLUMNS, *SESSION_COLUMNS)


def value_sql(column: str) -> str:
    """Return SQL for a dimension's value as it is shown: NULL becomes `(none)`."""
    return f"coalesce({column}, '{NONE}')"


def join_names(names: Sequence[str]) -> str:
    """Join names for a sentence: `a, b or c`."""
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def name_advice(name: str, known: Sequence[str]) -> str:
    """Return what to do about an unknown name: use the one that was probably meant, else one of `known`."""
    near = get_close_matches(name.strip().casefold().replace("-", "_"), known, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else f"use one of {join_names(known)}"


def _one_of(filters: Mapping[str, Sequence[str]], name: str, allowed: Sequence[str], default: str) -> str:
    values = filters.get(name, (default,))
    if len(values) != 1 or values[0] not in allowed:
        raise QuestionError("invalid_filter", name, f"{', '.join(values)!r} (expected {join_names(allowed)})")
    return values[0]


def condition_sql(column: str, values: Sequence[FilterValue], params: dict[str, Any]) -> str:
    """Return SQL for a text that matches any of the values, and none of the excluded ones; adds to `params`."""
    wanted = [_test(column, value, params) for value in values if not value.is_excluded]
    unwanted = [_test(column, value, params) for value in values if value.is_excluded]
    parts = [f"({' or '.join(wanted)})"] if wanted else []
    return " and ".join([*parts, *(f"not {test}" for test in unwanted)])


def _test(column: str, value: FilterValue, params: dict[str, Any]) -> str:
    key = f"filter_{len(params)}"
    params[key] = value.stored_text
    return f"starts_with({column}, ${key})" if value.is_prefix else f"{column} = ${key}"


def passes_none(values: Sequence[FilterValue]) -> bool:
    """Whether a row without a value passes."""
    wanted = [value.text for value in values if not value.is_excluded]
    return (not wanted or NONE in wanted) and FilterValue(NONE, is_excluded=True) not in values
