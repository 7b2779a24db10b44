"""The sequences of pages or events that sessions went through, which `paths` and `journeys` count.

In: the options `nodes`, `anchor`, `direction` and `steps` of a question. Out: SQL for the slots of sequences.sql and of
the metrics' files, and the values of their parameters. A sequence has the nodes of a session in event order, without
repetitions in a row; with an anchor it begins at the first one, or ends at the last one and is read backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.definition import Option, whole_number
from clickstream.metrics.rules.scope import Scope
from clickstream.warehouse.dialects import fill

MAX_STEPS = 10
_PAGES = """select h.session, h.place, h.page as node
    from hits as h
    semi join ways as w on h.session = w.id
    where h.is_page_view"""
_EVENTS = """select h.session, h.place, h.name as node
    from hits as h
    semi join ways as w on h.session = w.id
    where h.name not in (
        select id from texts where text in ('page_view', 'click', 'checkout_complete', 'order_confirmed')
    )
    union all
    select p.session, p.place, $purchase
    from purchases as p
    semi join ways as w on p.session = w.id"""
_ANCHORED = """inner join (
        select session, {first}(place) as place from changes where node = $anchor group by session
    ) as a on c.session = a.session and c.place {reach} a.place"""
_REACH = {"after": {"first": "min", "reach": ">="}, "before": {"first": "max", "reach": "<="}}
_LABELS = """select id, text
    from texts
    union all
    select unnest([-1, -2, -3]), unnest(['purchase', $end_label, '(other)'])"""
_IDS = """
    select
        coalesce(max(id) filter (text = 'purchase'), -1) as purchase,
        coalesce(max(id) filter (text = $anchor), -4) as anchor
    from texts
    where text in ('purchase', $anchor)
"""
OPTIONS: Mapping[str, Option] = {
    "nodes": Option(("pages", "events"), "what a session goes through", "pages"),
    "anchor": Option((), "a page or an event from which the way is followed", check=str),
    "direction": Option(("after", "before"), "follow it from the anchor, or back from it", "after"),
    "steps": Option((), f"number of nodes, 2 to {MAX_STEPS}", "5", check=whole_number("steps", 2, MAX_STEPS)),
}


def sequence_slots(scope: Scope) -> tuple[dict[str, str], dict[str, Any]]:
    """Return slots and parameters of the sequences of a question. Raises QuestionError."""
    anchor, direction = scope.options.get("anchor"), scope.options["direction"]
    if direction == "before" and anchor is None:
        raise QuestionError("invalid_option", "direction", "'before' without `anchor` (expected one)")
    is_of_pages = scope.options["nodes"] == "pages"
    ids = scope.cursor.fetch(_IDS, {"anchor": anchor or "purchase"}).dicts()[0]
    if anchor == "purchase" and not is_of_pages:
        ids["anchor"] = ids["purchase"]
    slots = {
        "nodes": _PAGES if is_of_pages else _EVENTS,
        "is_read_twice": "materialized" if anchor else "not materialized",
        "from_anchor": fill(_ANCHORED, _REACH[direction]) if anchor else "",
        "reading_order": "desc" if direction == "before" else "",
        "labels": _LABELS,
    }
    params = {
        "steps": int(scope.options["steps"]),
        **ids,
        "end_label": "(entry)" if direction == "before" else "(exit)",
    }
    return slots, params
