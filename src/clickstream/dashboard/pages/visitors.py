"""Visitors: the sessions behind the figures, and what one visitor did.

The list of sessions, the newest first, narrowed by links from other pages (`between`, `reached`); or, with `visitor` in
the address, that visitor's events grouped by session. An open event (`open`) shows all its columns and its raw line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.records import RecordSource
from clickstream.dashboard.answers.state import MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.charts.record import event_details, key_of, marks, serve_opened_event, text_cell
from clickstream.dashboard.listing import PAGE_SIZE, more_rows, shown_rows
from clickstream.dashboard.panel import MAX_NAME_LENGTH, content_or_failure, empty_note, panel, placeholder, skeleton
from clickstream.dashboard.view import View
from clickstream.dashboard.words import event_in_words, in_words
from clickstream.errors import QuestionError
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.rules.filter_values import FilterValue
from clickstream.metrics.visitors.sessions_list import read_between, write_between

PAGE = "visitors"
EVENTS = 50
STEPS = {"view": "Product view", "cart": "Cart", "checkout": "Checkout", "order": "Order"}
WITH = {"view": "with a product view", "cart": "with a cart", "checkout": "with a checkout", "order": "with an order"}


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    del view
    grey = tags.section(skeleton(PAGE_SIZE), class_="panel")
    return TagList(
        tags.h1("Visitors", class_="unseen"),
        placeholder(module.resolve_id("body"), grey, class_="span-12 record-page"),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState, source: RecordSource) -> None:
    """Query the page's metrics and draw the answers."""
    sessions = state.query(PAGE, _session_queries, "body")
    events = state.query(PAGE, _event_queries)
    serve_opened_event(output, state, PAGE, source)

    @output
    @render.ui
    def body() -> TagChild:
        view, zone = state.view(), state.zone()
        if not _visitor(view):
            found = content_or_failure(sessions, "Sessions", lambda answers: _sessions(view, zone, answers))
            return panel("Sessions", _narrowing(view, zone), found, about=definitions.SESSIONS_LIST)
        return content_or_failure(events, "The timeline", lambda answers: _visitor_panels(view, zone, answers))


def _visitor(view: View) -> str:
    return dict(view.options).get("visitor", "")


def _between(view: View) -> str:
    """Return the instants that narrow the list, "" without any that can be read."""
    text = dict(view.options).get("between", "")
    try:
        return write_between(*read_between(text)) if text else ""
    except QuestionError:
        return ""


def _reached(view: View) -> str:
    return view.option("reached", STEPS, "")


def _session_queries(context: QueryContext) -> list[MetricQuery]:
    view = context.view
    if _visitor(view):
        return []
    options = {"between": _between(view), "reached": _reached(view)}
    given = {name: text for name, text in options.items() if text}
    return [("sessions_list", replace(context.question(limit=shown_rows(view), **given), compare="none"))]


def _event_queries(context: QueryContext) -> list[MetricQuery]:
    """Return the question about one visitor: all days, and only the filter that a timeline has."""
    visitor, before = _visitor(context.view), key_of(context.view, "before")
    if not visitor:
        return []
    filters = {name: values for name, values in context.view.filter_values().items() if name == "event"}
    options = {"visitor_id": visitor, **({"before": before.write()} if before else {})}
    return [
        (
            "visitor_timeline",
            Question(context.snapshot.as_of, context.zone, filters=filters, options=options, limit=EVENTS),
        )
    ]


def _narrowing(view: View, zone: ZoneInfo) -> Tag:
    """Return the links that choose sessions by their step, and what narrows the list besides days and filters."""
    reached = _reached(view)
    steps = [
        tags.a(
            label,
            href=view.with_option(reached=step, rows="").query(),
            aria_current="true" if step == reached else None,
            data_key=f"reached-{step}",
        )
        for step, label in {"": "All", **{step: text.capitalize() for step, text in WITH.items()}}.items()
    ]
    items: list[TagChild] = [tags.div(*steps, class_="switch", role="group", aria_label="Which sessions")]
    if between := _between(view):
        start, end = read_between(between)
        text = f"Began {formats.moment(start, zone)} – {formats.moment(end, zone)}"
        cross = tags.span("×", class_="cross", aria_hidden="true")
        href = view.with_option(between="").query()
        items.append(tags.a(text, cross, href=href, class_="chip", title="Show all sessions of these days"))
    return tags.div(*items, class_="narrowing")


def _sessions(view: View, zone: ZoneInfo, answers: list[Answer]) -> TagChild:
    """Draw the list of sessions."""
    if not answers:  # the visitor was left a moment ago
        return None
    rows, total, shown = answers[0].dicts(), answers[0].meta["total_rows"], shown_rows(view)
    if not rows:
        reached = _reached(view)
        return empty_note(f"No sessions {WITH[reached]} in these days." if reached else "No sessions in these days.")
    heads = (
        ("Start", ""),
        ("Visitor", ""),
        ("Channel", "wide-only"),
        ("Device", "wide-only"),
        ("Country", "wide-only"),
        ("Entry → exit page", "wide-only"),
        ("Duration", "number wide-only"),
        ("Events", "number wide-only"),
        ("Furthest step", "step"),
        ("Orders", "number wide-only"),
    )
    table = tags.table(
        tags.thead(tags.tr(*(tags.th(text, scope="col", class_=class_ or None) for text, class_ in heads))),
        tags.tbody(*(_session_row(view, zone, row) for row in rows)),
        class_="records sessions",
    )
    return TagList(table, more_rows(view, min(shown, len(rows)), total))


def _session_row(view: View, zone: ZoneInfo, row: Row) -> Tag:
    visitor = row["visitor_id"]
    local = row["started_at"].astimezone(zone)
    start = tags.a(
        f"{local.day} {local:%b}, {local:%H:%M}",
        href=_timeline_link(view, visitor) if visitor else None,
        title=formats.moment(local, zone),
        data_key=f"session-{row['session_key']}",
    )
    return tags.tr(
        tags.th(start, scope="row"),
        text_cell(_visitor_name(view, visitor), *marks(row), is_wide=False),
        *(text_cell(_filter_link(view, name, row[name])) for name in ("channel", "device_type", "country")),
        text_cell(*_pages(view, row)),
        tags.td(formats.duration(row["duration_s"]), class_="number wide-only"),
        tags.td(formats.exact(row["events"]), class_="number wide-only"),
        tags.td(_progress(row["reached"]), class_="step"),
        tags.td(formats.exact(row["orders"]) if row["orders"] else formats.NONE, class_="number wide-only"),
    )


def _timeline_link(view: View, visitor: str) -> str:
    return view.with_option(visitor=visitor, before="", open="").query()


def _visitor_name(view: View, visitor: str | None) -> Tag:
    if not visitor:
        return tags.span("No visitor", class_="quiet")
    shown = formats.cut(visitor, MAX_NAME_LENGTH)
    return tags.a(
        Tag("long-name", shown), href=_timeline_link(view, visitor), title=f"{shown}: show what this visitor did"
    )


def _filter_link(view: View, dimension: str, value: str) -> Tag:
    """Return a value as a link that adds or removes a filter by it."""
    is_on = view.has_filter(dimension, value)
    shown = formats.cut(in_words(dimension, value), MAX_NAME_LENGTH)
    return tags.a(
        Tag("region-name" if dimension == "country" else "long-name", shown),
        href=view.toggle(dimension, value).query(),
        title=f"{shown}: {'remove this filter' if is_on else 'filter by it'}",
        aria_current="true" if is_on else None,
    )


def _pages(view: View, row: Row) -> list[Tag]:
    """Return where a session began and ended, one page if both are the same."""
    entry = _filter_link(view, "landing_page", row["entry_page"])
    if row["entry_page"] == row["exit_page"]:
        return [entry]
    exit_page = formats.cut(in_words("page_path", row["exit_page"]), MAX_NAME_LENGTH)
    return [entry, tags.span("→", class_="quiet"), Tag("long-name", exit_page, title=exit_page)]


def _progress(reached: str | None) -> Tag:
    """Draw the furthest step of a session: four marks, filled up to it, and its name."""
    done = list(STEPS).index(reached) + 1 if reached else 0
    bars = [tags.i(class_="done" if n < done else None) for n in range(len(STEPS))]
    name = STEPS[reached] if reached else "No step"
    return tags.span(
        tags.span(*bars, class_="bars", aria_hidden="true"), name, class_="progress" if reached else "progress quiet"
    )


def _visitor_panels(view: View, zone: ZoneInfo, answers: list[Answer]) -> TagChild:
    """Draw what is known of the visitor, and the events."""
    if not answers:
        return None
    answer, visitor = answers[0], _visitor(view)
    back = view.with_option(visitor="", before="", open="").query()
    only = replace(
        view.with_option(**dict.fromkeys(dict(view.options), "")),
        page="overview",
        filters=(*view.filters, ("visitor_id", FilterValue(visitor).write())),
    ).query()
    head = TagList(
        tags.a("← Sessions", href=back, data_key="back"),
        tags.bdi(formats.cut(visitor, 64), title=formats.safe_text(visitor)[:500]),
    )
    button = tags.a("Only this visitor", href=only, class_="button", title="Show all figures for this visitor alone")
    rows = answer.dicts()
    is_known = answer.meta["visitor"]["first_seen_at"] is not None
    return TagList(
        panel(head, _facts(answer.meta["visitor"], rows, zone), tools=button if is_known else None),
        panel("Events", _timeline(view, zone, answer, rows), about=definitions.VISITOR_TIMELINE),
    )


def _facts(known: Mapping[str, Any], rows: Sequence[Row], zone: ZoneInfo) -> Tag:
    if known["first_seen_at"] is None:
        return empty_note("No events of this visitor. They may have expired, or were erased; ids must match exactly.")
    sales = [formats.exact(sale["revenue"], "money", sale["currency"]) for sale in known["sales"]]
    bots = f", {known['bot_sessions']:,} by a bot" if known["bot_sessions"] else ""
    sample = "Part of the sample data" if any(row["is_sample"] for row in rows) else None
    facts = {
        "First seen": formats.moment(known["first_seen_at"], zone),
        "First channel": in_words("channel", known["first_channel"]) if known["first_channel"] else formats.NONE,
        "Sessions": f"{known['sessions']:,}{bots}",
        "Orders": f"{known['orders']:,}",
        "Revenue": ", ".join(sales) or formats.NONE,
        "Origin": sample,
    }
    return tags.dl(*(tags.div(tags.dt(name), tags.dd(text)) for name, text in facts.items() if text), class_="facts")


def _timeline(view: View, zone: ZoneInfo, answer: Answer, rows: Sequence[Row]) -> TagChild:
    """Draw the events of a page of the timeline, grouped by session."""
    if not rows:
        has_filter = any(name == "event" for name, _ in view.filters)
        return empty_note("No events match the filter by event." if has_filter else "No events.")
    newest = tags.a("Newest events", href=view.with_option(before="", open="").query(), class_="button")
    older = tags.a("Older events", href=view.with_option(before=rows[-1]["key"], open="").query(), class_="button")
    is_first, is_last = key_of(view, "before") is None, len(rows) < EVENTS
    total = answer.meta["total_rows"]
    return TagList(
        *(_session(view, zone, list(of)) for _, of in groupby(rows, key=lambda row: row["session_key"])),
        tags.p(
            tags.span(f"{formats.exact(len(rows))} of {formats.exact(total)} events", class_="quiet"),
            tags.span(None if is_first else newest, None if is_last else older, class_="buttons"),
            class_="more",
        ),
    )


def _session(view: View, zone: ZoneInfo, rows: list[Row]) -> Tag:
    """Draw the events of one session, or some between two sessions that belong to none."""
    last, first = (row["event_at"].astimezone(zone) for row in (rows[0], rows[-1]))
    what = "Session" if rows[0]["session_key"] else "Without session"
    span = f"{formats.day(first.date())}, {first:%H:%M}" + ("" if len(rows) == 1 else f" – {last:%H:%M}")
    heading = tags.h3(
        span, tags.span(f"{what}, {len(rows):,} event{'' if len(rows) == 1 else 's'}", class_="quiet"), *marks(rows[0])
    )
    return tags.section(heading, tags.ol(*(_event(view, zone, row) for row in rows), class_="timeline"))


def _event(view: View, zone: ZoneInfo, row: Row) -> Tag:
    """Draw one event as a link that opens it; an open one with its details."""
    is_open = row["key"] == dict(view.options).get("open")
    texts: list[TagChild] = [
        tags.bdi(formats.cut(row["page_path"], 60), class_="quiet") if row["page_path"] else None,
        tags.bdi(formats.cut(row["product_name"] or row["product_id"], 60)) if row["product_id"] else None,
        tags.span("Order ", tags.bdi(formats.cut(row["order_id"], 32))) if row["order_id"] else None,
    ]
    link = tags.a(
        tags.time(
            f"{row['event_at'].astimezone(zone):%H:%M:%S}", datetime=row["event_at"].isoformat(), class_="quiet number"
        ),
        tags.bdi(formats.cut(event_in_words(row["event"]), 60), class_="what"),
        *texts,
        href=view.with_option(open="" if is_open else row["key"]).query(),
        aria_expanded="true" if is_open else "false",
        role="button",
        data_key=f"event-{row['key']}",
    )
    return tags.li(link, event_details(lambda name: f"visitors-{name}", is_raw_shown=False) if is_open else None)
