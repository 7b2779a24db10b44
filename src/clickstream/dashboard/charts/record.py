"""One event in full: all its columns, and the raw line that it was loaded from.

In: a row of the fact table, a raw line. Out: HTML. Values are text from strangers: cut where they are long, and never
markup. The raw line is shown as it is stored, except for characters that would change how the page reads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from htmltools import Tag, TagChild, TagList, tags
from shiny import Outputs, render

from clickstream.dashboard import formats
from clickstream.dashboard.answers.raw_lines import RawLine
from clickstream.dashboard.answers.records import RecordSource
from clickstream.dashboard.answers.state import PageState
from clickstream.dashboard.panel import command, content_or_failure, placeholder, skeleton
from clickstream.dashboard.view import View
from clickstream.errors import QuestionError
from clickstream.metrics.visitors.event_key import EventKey, read_key
from clickstream.visible import visible

T = TypeVar("T")
MAX_VALUE = 500
MAX_LINE = 20_000  # characters; the command below shows all of them


def opened_key(view: View) -> EventKey | None:
    """Return the key of the event that is open, None if the address names none."""
    return key_of(view, "open")


def key_of(view: View, option: str) -> EventKey | None:
    """Return a key in the address, None if there is none that can be read."""
    text = dict(view.options).get(option, "")
    try:
        return read_key(text) if text else None
    except QuestionError:
        return None


def serve_opened_event(output: Outputs, state: PageState, page: str, source: RecordSource) -> None:
    """Fill `details` and `raw` of a page with the event that is open there. Call it in the server of the page."""
    found = state.compute(page, lambda context: _reading(context.view, "record", source.find))
    line = state.compute(page, lambda context: _reading(context.view, "line", source.raw_line))

    @output
    @render.ui
    def details() -> TagChild:
        return content_or_failure(found, "This event", lambda row: record_table(row, state.zone()))

    @output
    @render.ui
    def raw() -> TagChild:
        return content_or_failure(line, "The raw line", lambda shown: raw_line(shown, opened_key(state.view())))


def _reading(view: View, what: str, read: Callable[[EventKey], T]) -> tuple[Hashable, Callable[[], T | None]]:
    """Return what `PageState.compute` needs: a key, and what reads something of the event that is open."""
    key = opened_key(view)
    return (what, key), lambda: None if key is None else read(key)


def event_details(page_id: Callable[[str], str], *, is_raw_shown: bool) -> Tag:
    """Return the elements that the server fills with the open event: `details` and `raw`.

    is_raw_shown: the raw line is visible at once, not behind a button: Shiny fills what is visible.
    """
    raw = placeholder(page_id("raw"), skeleton(2))
    if not is_raw_shown:
        raw = tags.details(tags.summary("Show raw event", class_="button", data_key="raw"), raw, class_="raw-event")
    return tags.div(placeholder(page_id("details"), skeleton(6)), raw, class_="event-details")


def text_cell(*content: TagChild, is_wide: bool = True) -> Tag:
    """Return a cell of text that is shortened where there is no room. is_wide: hidden on narrow screens."""
    return tags.td(tags.div(*content, class_="cell-line"), class_="text-cell wide-only" if is_wide else "text-cell")


def marks(row: Mapping[str, Any]) -> list[Tag]:
    """Return marks for a row of a bot, or of the sample."""
    found = [("Bot", "is_bot"), ("Sample", "is_sample")]
    return [tags.span(text, class_="mark") for text, name in found if row.get(name)]


def record_table(row: Mapping[str, Any] | None, zone: ZoneInfo) -> Tag:
    """Return the columns of an event that have a value, in the order of the table. Times are in `zone`."""
    if row is None:
        return tags.p("The warehouse does not have this event any more: it expired, or was erased.", class_="nothing")
    pairs = [
        tags.div(tags.dt(name), tags.dd(tags.bdi(_text(value, zone))))
        for name, value in row.items()
        if value is not None and value != ""
    ]
    return tags.dl(*pairs, class_="record")


def raw_line(line: RawLine | None, key: EventKey | None) -> TagChild:
    """Return the raw line of an event as it is stored, and where it is; nothing while no event is open."""
    if line is None or key is None:
        return None
    if not line.text:
        return tags.p(line.note, class_="quiet")
    text = visible(line.text)
    more = len(text) - MAX_LINE
    return TagList(
        tags.p(line.note, class_="quiet") if line.note else None,
        tags.pre(text[:MAX_LINE], class_="raw-line", tabindex="0", aria_label="Raw line, as received"),
        tags.p(f"{formats.exact(more)} more characters are not shown.", class_="quiet") if more > 0 else None,
        command(formats.safe_text(f"clickstream raw cat {key.raw_object} {key.raw_line}")),
    )


def _text(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S.%f} {zone.key}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return formats.cut(str(value), MAX_VALUE)
