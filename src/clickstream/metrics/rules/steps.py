"""Steps: which events a funnel, a retention table or a segment looks for.

    EVENT                    add_to_cart_click
    EVENT[ATTRIBUTE = VALUE] add_to_cart_click[category = Laptops]
    page:PATH                page:/cart, page:/p/*
    purchase                 the event that carries an order

In: text. Out: `Step`s, and for each an SQL condition on hits (alias `h`), with every value bound. A name or a value
with blanks, commas, brackets or quotes stands in double quotes, in which `""` is one quote. A `*` at the end of a path,
not in quotes, matches every continuation. Invalid text raises QuestionError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.rules.filters import EVENT_COLUMNS, join_names, value_sql
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckCursor

PURCHASE = "purchase"
PAGE = "page:"
ATTRIBUTES = tuple(name for name in EVENT_COLUMNS if name != "event")
IS_PURCHASE = (
    "(h.order_hash is not null"
    " and (h.moment, coalesce(h.session, 0), h.place) in (select moment, session, place from purchases))"
)
"""SQL: whether a hit carries an order."""
_QUOTED = r'"(?:[^"]|"")*"'
_WORD = r'[^\s,\[\]"=*]+'
_STEP = re.compile(
    rf"\s*(?:{PAGE}(?P<page>{_QUOTED}|{_WORD})(?P<page_prefix>\*?)"
    rf"|(?!{PAGE})(?P<event>{_QUOTED}|{_WORD})"
    rf"(?:\s*\[\s*(?P<attribute>\w+)\s*=\s*(?P<value>{_QUOTED}|{_WORD})(?P<prefix>\*?)\s*\])?)\s*"
)
_ADVICE = "a step is EVENT, EVENT[attribute = value], page:/path, page:/prefix* or purchase"


@dataclass(frozen=True, slots=True)
class Step:
    """Events that match. event: None = every page view. value: of `attribute`, `(none)` = no value.

    label: the step as text, in its shortest form.
    """

    label: str
    event: str | None = None
    attribute: str | None = None
    value: str = ""
    is_prefix: bool = False

    @property
    def is_purchase(self) -> bool:
        return self.label == PURCHASE


@dataclass(frozen=True, slots=True)
class StepSql:
    """SQL over a hit, `h`. condition: whether it matches the step. superset: true for each hit that matches; quick."""

    condition: str
    superset: str


def steps_sql(steps: Sequence[Step], cursor: DuckCursor, prefix: str = "step") -> tuple[list[StepSql], dict[str, Any]]:
    """Return the SQL of each step, and the values of its parameters, whose names begin with `prefix`."""
    names = [step.event for step in steps if step.event is not None]
    sql = "select text, id from texts where text in (select unnest(cast($names as varchar[])))"
    numbers = dict(cursor.fetch(sql, {"names": names}).rows)
    found, params = [], dict[str, Any]()
    for index, step in enumerate(steps, 1):
        key = f"{prefix}_{index}"
        if step.is_purchase:
            found.append(StepSql(IS_PURCHASE, "h.order_hash is not null"))
            continue
        kind = "h.is_page_view"
        if step.event is not None:
            kind = f"h.name = ${key}_event"
            params[f"{key}_event"] = numbers.get(step.event, -1)
        condition = kind
        if step.attribute is not None:
            column, table, text = EVENT_COLUMNS[step.attribute]
            params[f"{key}_value"] = step.value
            shown = value_sql(text)
            test = f"starts_with({shown}, ${key}_value)" if step.is_prefix else f"{shown} = ${key}_value"
            having = fill("h.{column} in (select id from {table} where {test})", column=column, table=table, test=test)
            condition = f"({kind} and {having})"
        found.append(StepSql(condition, kind))
    return found, params


def read_steps(option: str, text: str, low: int = 1, high: int = 1) -> list[Step]:
    """Read a list of `low` to `high` steps, separated by commas. option: named in errors."""
    steps, position = [], 0
    while True:
        found = _STEP.match(text, position)
        if found is None or text[found.end() : found.end() + 1] not in ("", ","):
            raise QuestionError("invalid_option", option, f"{text!r}, not a step at character {position + 1}", _ADVICE)
        steps.append(_step(option, found))
        if found.end() == len(text):
            break
        position = found.end() + 1
    if not low <= len(steps) <= high:
        expected = f"{low} to {high}" if low < high else str(low)
        raise QuestionError("invalid_option", option, f"{len(steps)} steps (expected {expected})")
    return steps


def write_steps(steps: Sequence[Step]) -> str:
    """Write steps so that `read_steps` returns them again."""
    return ",".join(step.label for step in steps)


def _step(option: str, found: re.Match[str]) -> Step:
    if found["page"] is not None:
        path, star = _plain(found["page"]), found["page_prefix"]
        return Step(f"{PAGE}{_written(path)}{star}", None, "page_path", path, bool(star))
    event, name = _plain(found["event"]), found["attribute"]
    if found["event"] == PURCHASE and name is None:
        return Step(PURCHASE)
    label = f'"{event}"' if event == PURCHASE else _written(event)
    if name is None:
        return Step(label, event)
    value, star = _plain(found["value"]), found["prefix"]
    if name not in ATTRIBUTES:
        raise QuestionError("invalid_option", option, f"attribute {name!r} (expected {join_names(ATTRIBUTES)})")
    if star and name != "page_path":
        raise QuestionError("invalid_option", option, f"{name} = {value}* (expected a value without *)")
    return Step(f"{label}[{name} = {_written(value)}{star}]", event, name, value, bool(star))


def _plain(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _written(text: str) -> str:
    """Write a name or a value: in quotes where it must be."""
    if re.fullmatch(_WORD, text) and not text.startswith(PAGE):
        return text
    return '"' + text.replace('"', '""') + '"'
