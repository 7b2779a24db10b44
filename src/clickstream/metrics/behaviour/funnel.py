"""`funnel`: where do visitors give up?

Visitors (or sessions) that took the first step in the range, and how many of them took each further step, in order and
within the window after their entry. Steps after the first may follow after the range: someone who comes on its last day
has as much time as everyone else. Event and session filters select entries, never later steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.overview import SECOND_US
from clickstream.metrics.question import Column
from clickstream.metrics.rules.local_time import micros, same_wall_clock
from clickstream.metrics.rules.period import chosen_period
from clickstream.metrics.rules.result import Result, ratio
from clickstream.metrics.rules.scope import Scope
from clickstream.metrics.rules.split import Split
from clickstream.metrics.rules.steps import IS_PURCHASE, Step, read_steps, steps_sql, write_steps
from clickstream.metrics.rules.texts import read_sql
from clickstream.warehouse.dialects import fill

COLUMNS = (
    Column("split", "text"),
    Column("step", "int"),
    Column("label", "text"),
    Column("reached", "int"),
    Column("dropped", "int"),
    Column("rate_previous", "rate"),
    Column("rate_first", "rate"),
    Column("median_step_s", "double"),
    Column("p90_step_s", "double"),
    Column("median_total_s", "double"),
    Column("is_complete", "bool"),
)
DEFAULT_STEPS = "product_view,add_to_cart_click,checkout_start,purchase"
ORDERS = ("loose", "strict")
UNITS = ("visitor", "session")
TOP = 10
_MIN_STEPS, _MAX_STEPS = 2, 10
_LENGTHS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MAX_WINDOW = timedelta(days=90)
# What accompanies every other event. In strict order it would break each chain, so it counts only as a step.
_ACCOMPANYING = ("page_view", "click")
_ORDER_EVENTS = "'checkout_complete', 'order_confirmed'"
_NOT_NAMED = "h.name not in (select id from texts where text in ({names}))"
_REACHED = "\n    union all\n    select {step} as step, * from reached_{step}"
# Event order: by time, then by session key, then by place. Sessions are ranked where two could have events at one time.
_VISITORS = {
    "unit": "p.visitor",
    "unit_joins": "left join pairs as p on h.pair = p.id left join tied_sessions as t on h.session = t.id",
    "session_rank": "case when h.session is null then 2147483647 else coalesce(t.rank, 0) end",
    "position": "moment * 18446744073709551616::hugeint + session_rank * 4294967296 + place",
}
_SESSIONS = {"unit": "h.session", "unit_joins": "", "session_rank": "0", "position": "place"}
_LOOSE = {"join": "asof join", "follows": "e.position > f.position"}
_STRICT = {"join": "inner join", "follows": "e.position = f.position + 1"}
_STRICT_POSITION = "row_number() over (partition by unit order by moment, session_rank, place)"


def funnel(scope: Scope, now: Result | None = None) -> Result:
    """Return a row for each step, or for each group and step, the group with most entries first.

    now: the funnel that this one is compared with: its groups keep their names here.
    """
    steps = read_steps("steps", scope.options["steps"], _MIN_STEPS, _MAX_STEPS)
    window = read_window(scope.options["window"])
    split = Split(scope.options["split"]) if "split" in scope.options else None
    until = _observed_until(scope)
    params: dict[str, Any] = {
        "window": window // timedelta(microseconds=1),
        "until": micros(min(until, scope.period.end + window)),
        "groups": None if now is None else sorted({row[0] for row in now.rows if row[0] is not None}),
    }
    slots = _slots(scope, steps, params)
    found = scope.fetch("behaviour/funnel", slots, params, split).dicts()
    groups: dict[str | None, dict[int, Mapping[str, Any]]] = {}
    for row in found:
        if row["step"] is not None:
            groups.setdefault(row["split"] if split else None, {})[row["step"]] = row
    ranked = sorted(groups, key=lambda name: (-groups[name][1]["reached"], (name or "").encode()))
    names = ranked if now is None else dict.fromkeys(row[0] for row in now.rows)
    is_complete = scope.period.end + window <= until
    rows = [row for name in names or [None] for row in _rows(name, steps, groups.get(name, {}), is_complete)]
    return Result(COLUMNS, rows, {"clickstream_events": int(found[0]["step_events"])}, len(rows), keys=2)


def check_steps(text: str) -> str:
    """Return the steps in their shortest form. Raises QuestionError."""
    return write_steps(read_steps("steps", text, _MIN_STEPS, _MAX_STEPS))


def check_window(text: str) -> str:
    """Return the window. Raises QuestionError."""
    read_window(text)
    return text


def read_window(text: str) -> timedelta:
    """Read a length of time such as 90min, 12h or 14d. Raises QuestionError."""
    found = re.fullmatch(r"(\d{1,6})(min|h|d)", text, re.ASCII)
    window = int(found[1]) * _LENGTHS[found[2]] if found else timedelta()
    if not timedelta(0) < window <= _MAX_WINDOW:
        raise QuestionError("invalid_option", "window", f"{text!r} (expected 1min to 90d, such as 90min, 12h or 14d)")
    return window


def _observed_until(scope: Scope) -> datetime:
    """Return the time up to which steps count: `as_of`, or for a comparison period the same local time days earlier.

    Otherwise the earlier period would have had more time to convert.
    """
    question = scope.question
    days = (chosen_period(question, None).from_date - scope.period.from_date).days
    return same_wall_clock(question.tz, question.as_of, days) if days else question.as_of


def _slots(scope: Scope, steps: Sequence[Step], params: dict[str, Any]) -> dict[str, str]:
    """Return the slots of funnel.sql; adds the values of the steps to `params`."""
    is_strict = scope.options["order"] == "strict"
    found, values = steps_sql(steps, scope.cursor)
    params |= values
    names = [f"step_{number}" for number in range(1, len(steps) + 1)]
    units = _VISITORS if scope.options["unit"] == "visitor" else _SESSIONS
    slots = {**units, **(_STRICT | {"position": _STRICT_POSITION} if is_strict else _LOOSE)}
    further = read_sql("behaviour/funnel_step.sql")
    numbers = range(2, len(steps) + 1)
    return {
        **slots,
        "step_columns": ",\n        ".join(
            f"{sql.condition} as {name}" for name, sql in zip(names, found, strict=True)
        ),
        "counted": _counted_in_strict_order(steps) if is_strict else " or ".join(sql.superset for sql in found),
        "matching": " or ".join(names),
        "kept": "true" if is_strict else " or ".join(names),
        "further_steps": "".join(fill(further, slots, step=str(k), before=str(k - 1)) for k in numbers),
        "further_reached": "".join(fill(_REACHED, step=str(k)) for k in numbers),
    }


def _counted_in_strict_order(steps: Sequence[Step]) -> str:
    """Return SQL for the events that break a chain of consecutive steps."""
    named = {"page_view" if step.event is None else step.event for step in steps if not step.is_purchase}
    ignored = ", ".join(f"'{name}'" for name in _ACCOMPANYING if name not in named)
    conditions = [fill(_NOT_NAMED, names=ignored)] if ignored else []
    of_order = f"({fill(_NOT_NAMED, names=_ORDER_EVENTS)} or {IS_PURCHASE})"
    return " and ".join([*conditions, of_order])


def _rows(
    group: str | None, steps: Sequence[Step], found: Mapping[int, Mapping[str, Any]], is_complete: bool
) -> list[tuple[Any, ...]]:
    rows = []
    reached = [found[number]["reached"] if number in found else 0 for number in range(1, len(steps) + 1)]
    for index, step in enumerate(steps):
        times = found.get(index + 1, {})
        figures = {
            "split": group,
            "step": index + 1,
            "label": step.label,
            "reached": reached[index],
            "dropped": reached[index - 1] - reached[index] if index else None,
            "rate_previous": ratio(reached[index], reached[index - 1]) if index else None,
            "rate_first": ratio(reached[index], reached[0]),
            "median_step_s": ratio(times.get("median_us"), SECOND_US),
            "p90_step_s": ratio(times.get("p90_us"), SECOND_US),
            "median_total_s": ratio(times.get("total_us"), SECOND_US) if index == len(steps) - 1 else None,
            "is_complete": is_complete,
        }
        rows.append(tuple(figures[column.name] for column in COLUMNS))
    return rows
