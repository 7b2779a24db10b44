"""Raw events: every event of the days on screen, the newest first, page by page, with its columns and its raw line.

The list stays as it was when the reader opened it: what arrives later is counted beside a link that shows it. Days,
filters, sample and bots apply as to the figures of the other pages.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.records import MOST_NEWER, RecordSource, ShownEvents
from clickstream.dashboard.answers.state import PageState, QueryContext
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.charts.record import event_details, key_of, marks, serve_opened_event, text_cell
from clickstream.dashboard.panel import MAX_NAME_LENGTH, content_or_failure, empty_note, panel, placeholder, skeleton
from clickstream.dashboard.view import View
from clickstream.dashboard.words import event_in_words, in_words
from clickstream.metrics.visitors.event_key import EventKey
from clickstream.metrics.visitors.raw_events import EventPage

PAGE = "raw-events"
ROWS = 50
_HEADS = ("Time", "Event", "Visitor", "Page", "Product", "Order", "Channel", "Device", "Country", "Bot reasons")
_NARROW = ("Time", "Event", "Visitor")


@dataclass
class _Pin:
    """When the reader opened the list that is on screen: `as_of` of that moment, for these questions."""

    key: Hashable = None
    as_of: datetime | None = None


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    del view
    return TagList(
        tags.h1("Raw events", class_="unseen"),
        panel("Events", placeholder(module.resolve_id("body"), skeleton(ROWS)), about=definitions.RAW_EVENTS),
    )


@module.server
def page_server(input: Inputs, output: Outputs, _session: Session, state: PageState, source: RecordSource) -> None:
    """Read the page of events and draw it."""
    pin = _Pin()

    def read(context: QueryContext) -> tuple[Hashable, Callable[[], ShownEvents]]:
        question = replace(context.question(limit=ROWS), compare="none")
        before = key_of(context.view, "before")
        key = (question.from_date, question.to_date, tuple(sorted(question.filters.items())), before is None)
        if (key, newest()) != pin.key:
            pin.key, pin.as_of = (key, newest()), context.snapshot.as_of
        shown = replace(question, as_of=pin.as_of or context.snapshot.as_of)
        return (key, before, shown.as_of), lambda: source.events(question, shown, before)

    def newest() -> object:
        return input.newest() if "newest" in input else 0

    events = state.compute(PAGE, read)
    serve_opened_event(output, state, PAGE, source)

    @output
    @render.ui
    def body() -> TagChild:
        view, zone = state.view(), state.zone()
        return content_or_failure(events, "The events", lambda found: _events(view, zone, found))


def _events(view: View, zone: ZoneInfo, found: ShownEvents) -> TagChild:
    """Draw a page of events, and the ways to newer and older ones."""
    page, is_first = found.page, key_of(view, "before") is None
    newer, older = _newer(view, found.newer, is_first=is_first), _older(view, zone, page)
    if not page.rows and older is None:
        note = "No events match in these days." if is_first else "No older events in these days."
        return TagList(newer, empty_note(note))
    if not page.rows:
        return TagList(newer, older)
    heads = [tags.th(text, scope="col", class_=None if text in _NARROW else "wide-only") for text in _HEADS]
    table = tags.table(
        tags.thead(tags.tr(*heads)),
        tags.tbody(*(part for row in page.rows for part in _event(view, zone, row))),
        class_="records events",
    )
    return TagList(newer, table, older)


def _older(view: View, zone: ZoneInfo, page: EventPage) -> TagChild:
    """Return what the page covers, and the way to older events; None for a page without both."""
    texts = []
    if page.rows:
        first, last = (row["event_timestamp"] for row in (page.rows[0], page.rows[-1]))
        count = f"{len(page.rows)} event{'' if len(page.rows) == 1 else 's'}"
        texts.append(f"{count}, {formats.moment(last, zone)} – {formats.moment(first, zone)}.")
    if page.searched_to:
        texts.append(f"Searched back to {formats.moment(page.searched_to, zone)}.")
    if not texts:
        return None
    label = "Search further back" if page.searched_to else "Older events"
    key = page.end_key.write() if page.end_key else ""
    link = tags.a(label, href=view.with_option(before=key, open="").query(), class_="button", data_key="older")
    return tags.p(tags.span(" ".join(texts), class_="quiet"), link if page.has_older else None, class_="more")


def _newer(view: View, count: int, *, is_first: bool) -> TagChild:
    """Return the way to newer events: they are on earlier pages, or arrived since the page was opened."""
    if not is_first:
        link = tags.a("Newest events", href=view.with_option(before="", open="").query(), class_="button")
        return tags.p(link, class_="newer")
    if not count:
        return None
    text = f"{MOST_NEWER:,} or more" if count >= MOST_NEWER else f"{count:,}"
    label = f"Show {text} newer event{'' if count == 1 else 's'}"
    return tags.p(
        tags.button(label, type="button", class_="button", data_action="input", data_input="raw_events-newest"),
        class_="newer",
        role="status",
    )


def _event(view: View, zone: ZoneInfo, row: Row) -> list[Tag]:
    """Draw one event as a row; an open one is followed by a row with its details."""
    key = EventKey.of(row).write()
    is_open = key == dict(view.options).get("open")
    local = row["event_timestamp"].astimezone(zone)
    time = tags.a(
        f"{local.day} {local:%b}, {local:%H:%M:%S}",
        href=view.with_option(open="" if is_open else key).query(),
        title=formats.moment(local, zone),
        aria_expanded="true" if is_open else "false",
        role="button",
        data_key=f"event-{key}",
    )
    product = row["context_product_name"] or row["context_product_id"]
    name = _filter(view, "event", row["event_name"], event_in_words(row["event_name"]))
    cells = tags.tr(
        tags.th(time, scope="row"),
        text_cell(name, *marks({"is_bot": row["is_of_bot"], "is_sample": row["is_sample"]}), is_wide=False),
        text_cell(_visitor(view, row["visitor_id"]), is_wide=False),
        text_cell(_filter(view, "page_path", row["page_path"])),
        text_cell(_filter(view, "product_id", row["context_product_id"], product)),
        text_cell(_text(row["order_id"])),
        text_cell(_filter(view, "channel", row["session_channel"])),
        text_cell(_filter(view, "device_type", row["session_device"])),
        text_cell(_filter(view, "country", row["session_country"])),
        text_cell(_text(row["bot_reasons"])),
        class_="open" if is_open else None,
    )
    if not is_open:
        return [cells]
    details = event_details(lambda name: f"raw_events-{name}", is_raw_shown=True)
    return [cells, tags.tr(tags.td(details, colspan=len(_HEADS)), class_="opened")]


def _filter(view: View, name: str, value: str | None, text: str | None = None) -> TagChild:
    """Return a value as a link that adds or removes a filter by it; nothing for a missing value."""
    if not value:
        return None
    shown = formats.cut(in_words(name, value) if text is None else text, MAX_NAME_LENGTH)
    is_on = view.has_filter(name, value)
    return tags.a(
        Tag("region-name" if name == "country" else "long-name", shown),
        href=view.toggle(name, value).with_option(before="", open="").query(),
        title=f"{shown}: {'remove this filter' if is_on else 'filter by it'}",
        aria_current="true" if is_on else None,
    )


def _visitor(view: View, visitor: str | None) -> TagChild:
    if not visitor:
        return None
    href = replace(view, page="visitors").with_option(visitor=visitor, before="", open="").query()
    shown = formats.cut(visitor, MAX_NAME_LENGTH)
    return tags.a(Tag("long-name", shown), href=href, title=f"{shown}: show what this visitor did")


def _text(value: str | None) -> TagChild:
    if not value:
        return None
    shown = formats.cut(value, MAX_NAME_LENGTH)
    return Tag("long-name", shown, title=shown)
