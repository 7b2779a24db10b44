"""Behaviour: which pages are viewed, what is searched for, when visitors are here, and what they do next.

A ranking of pages, a heat map of the week, a Sankey diagram of what follows what, the most common ways, and a
ranking of search terms.
"""

from __future__ import annotations

from dataclasses import replace

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions
from clickstream.dashboard.answers.state import MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.drawings.flow import ENDS, OTHER, Flow, flow
from clickstream.dashboard.drawings.heat import heat_map
from clickstream.dashboard.explain.links import row_link
from clickstream.dashboard.formats import cut, exact, safe_text
from clickstream.dashboard.listing import MAX_ROWS, PAGE_SIZE, Listing, listing
from clickstream.dashboard.panel import (
    MAX_NAME_LENGTH,
    chart_tools,
    choice,
    content_or_failure,
    empty_note,
    panel,
    placeholder,
    skeleton,
    value_name,
)
from clickstream.dashboard.view import View
from clickstream.dashboard.words import NONE_VALUE, in_words
from clickstream.metrics.question import Answer

PAGE = "behaviour"
BY = {"top": "Most viewed", "landing": "Where visits begin", "exit": "Where visits end"}
FIGURES = {"sessions": "Sessions", "visitors": "Visitors", "orders": "Orders", "events": "Events"}
NODES = {"pages": "Pages", "events": "Events"}
DIRECTIONS = ("after", "before")
WAYS = 10
STEPS = 5
COLUMNS_TOP = (
    RankColumn("page_views", "Views"),
    RankColumn("page_views", "Change", is_change=True),
    RankColumn("visitors", "Visitors", is_wide=True),
    RankColumn("sessions", "Sessions", is_wide=True),
    RankColumn("entries", "Entries", is_wide=True),
    RankColumn("exits", "Exits", is_wide=True),
    RankColumn("exit_rate", "Exit rate", "percent", is_wide=True),
    RankColumn("avg_time_s", "Time", "seconds", is_wide=True),
)
COLUMNS_ENDS = (
    RankColumn("sessions", "Sessions"),
    RankColumn("sessions", "Change", is_change=True),
    RankColumn("visitors", "Visitors", is_wide=True),
    RankColumn("bounce_rate", "Bounced", "percent", is_wide=True),
    RankColumn("avg_session_s", "Average", "seconds", is_wide=True),
    RankColumn("orders", "Orders", is_wide=True),
    RankColumn("conversion_rate", "Converted", "percent", is_wide=True),
    RankColumn("revenue", "Revenue", "money", is_wide=True),
)
_WAY = (
    RankColumn("sessions", "Sessions"),
    RankColumn("share", "Share", "percent"),
    RankColumn("order_sessions", "With order", is_wide=True),
)
_TERM = (
    RankColumn("searches", "Searches"),
    RankColumn("searches", "Change", is_change=True),
    RankColumn("visitors", "Visitors", is_wide=True),
    RankColumn("no_result_rate", "No result", "percent"),
    RankColumn("view_sessions", "Viewed", is_wide=True),
    RankColumn("order_sessions", "Ordered", is_wide=True),
    RankColumn("exit_sessions", "Left", is_wide=True),
)
TERMS = 20
NAMED_TERMS = 5
"""Terms without results that are named above the ranking, which may not contain them."""
_HEADS = {
    "after": ("First", "Second", "Third", "Fourth", "Fifth"),
    "before": ("Here", "1 before", "2 before", "3 before", "4 before"),
}


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    by = choice("by", "Pages", {"" if key == "top" else key: text for key, text in BY.items()}, _choice(view, "by"))
    figures = {"" if key == "sessions" else key: text for key, text in FIGURES.items()}
    figure = choice("metric", "Figure", figures, _choice(view, "metric"))
    kinds = {"" if key == "pages" else key: text for key, text in NODES.items()}
    nodes = choice("nodes", "What visits go through", kinds, _choice(view, "nodes"))
    return TagList(
        tags.h1("Behaviour", class_="unseen"),
        panel(
            TagList("Pages", by),
            placeholder(module.resolve_id("ranking"), skeleton(PAGE_SIZE)),
            about=f"{definitions.PAGES_TOP} {definitions.PAGES_ENDS}",
        ),
        panel(
            TagList("When visitors are here", figure),
            placeholder(module.resolve_id("activity"), skeleton(8)),
            tools=chart_tools(left_out=("png",)),
            about=definitions.PEAK_ACTIVITY,
        ),
        panel(
            TagList("What visitors do next", nodes),
            placeholder(module.resolve_id("paths"), skeleton(12)),
            tools=chart_tools(left_out=("png",)),
            about=definitions.PATHS,
        ),
        panel(
            "Most common ways",
            placeholder(module.resolve_id("journeys"), skeleton(WAYS), class_="ways"),
            about=definitions.JOURNEYS,
        ),
        panel(
            "What visitors search for",
            placeholder(module.resolve_id("searches"), skeleton(WAYS)),
            about=definitions.SEARCH_TERMS,
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    pages = state.query(
        PAGE, lambda context: [(f"pages_{_by(context.view)}", context.question(limit=MAX_ROWS))], "ranking"
    )
    week = state.query(PAGE, _week_queries, "activity")
    links = state.query(PAGE, lambda context: _sequence_queries(context, "paths", MAX_ROWS), "paths")
    ways = state.query(PAGE, lambda context: _sequence_queries(context, "journeys", WAYS), "journeys")
    terms = state.query(PAGE, lambda context: [("search_terms", context.question(limit=MAX_ROWS))], "searches")

    @output
    @render.ui
    def ranking() -> TagChild:
        return content_or_failure(pages, "Pages", lambda answers: _pages(state.view(), answers[0]))

    @output
    @render.ui
    def activity() -> TagChild:
        title = FIGURES[_figure(state.view())]
        return content_or_failure(week, "Activity", lambda answers: heat_map(answers[0], title))

    @output
    @render.ui
    def paths() -> TagChild:
        view = state.view()
        if _has_event_filter(view):
            return _event_note(view)
        return content_or_failure(links, "What visitors do next", lambda answers: _paths(view, answers))

    @output
    @render.ui
    def journeys() -> TagChild:
        view = state.view()
        if _has_event_filter(view):
            return _event_note(view)
        return content_or_failure(ways, "The most common ways", lambda answers: _ways(view, answers))

    @output
    @render.ui
    def searches() -> TagChild:
        return content_or_failure(terms, "What visitors search for", lambda answers: search_ranking(answers[0]))


def _by(view: View) -> str:
    return view.option("by", BY, "top")


def _figure(view: View) -> str:
    return view.option("metric", FIGURES, "sessions")


def _nodes(view: View) -> str:
    return view.option("nodes", NODES, "pages")


def _choice(view: View, name: str) -> str:
    return dict(view.options).get(name, "")


def _anchor(view: View) -> str:
    """Return the page or event to start from, "" without one. Paths begin with a slash, names of events do not."""
    anchor = dict(view.options).get("anchor", "")
    is_page = anchor.startswith("/") or anchor == NONE_VALUE
    return anchor if is_page == (_nodes(view) == "pages") else ""


def _direction(view: View) -> str:
    return view.option("direction", DIRECTIONS, "after") if _anchor(view) else "after"


def _has_event_filter(view: View) -> bool:
    return any(name == "event" for name, _ in view.filters)


def _week_queries(context: QueryContext) -> list[MetricQuery]:
    question = context.question(limit=MAX_ROWS, metric=_figure(context.view))
    return [("peak_activity", replace(question, compare="none"))]


def _sequence_queries(context: QueryContext, metric: str, limit: int) -> list[MetricQuery]:
    """Return the question to `paths` or `journeys`; none with a filter that they refuse."""
    view = context.view
    if _has_event_filter(view):
        return []
    anchor = {"anchor": _anchor(view), "direction": _direction(view)} if _anchor(view) else {}
    return [(metric, context.question(limit=limit, nodes=_nodes(view), steps=str(STEPS), **anchor))]


def _pages(view: View, answer: Answer) -> TagChild:
    by = _by(view)
    name = "landing_page" if by == "landing" else "page_path"
    return listing(
        view,
        answer,
        Listing(
            "Page",
            lambda row: value_name(view, name, {"value": row["page_path"]}),
            COLUMNS_TOP if by == "top" else COLUMNS_ENDS,
            "No page views in these days." if by == "top" else "No sessions in these days.",
            row_link(view, "behaviour-ranking", "page_path") if by != "exit" else None,
        ),
    )


def _paths(view: View, answers: list[Answer]) -> TagChild:
    if not answers:  # the filter that is refused was removed a moment ago
        return None
    answer, direction = answers[0], _direction(view)
    rows = answer.dicts()
    if not rows:
        return TagList(_start(view, 0) if _anchor(view) else None, empty_note(_no_sequence(view)))
    layout = Flow(
        name=lambda node: _node_name(view, node),
        link=lambda node: _node_link(view, node),
        heads=_HEADS[direction],
        is_backward=direction == "before",
    )
    return TagList(_start(view, answer.meta["rows_behind"]["sessions"]), flow(rows, layout))


def _start(view: View, sessions: int) -> Tag:
    """Return what the diagram shows, with links to turn it round or to show all sessions again."""
    anchor = _anchor(view)
    count = f"{exact(sessions)} session{'' if sessions == 1 else 's'}"
    thing = "page" if _nodes(view) == "pages" else "event"
    if not anchor:
        return tags.p(f"{count}, from the first {thing} on. Choose a {thing} to see what follows it.", class_="caption")
    name, is_before = tags.strong(_node_name(view, anchor)), _direction(view) == "before"
    turned = view.with_option(direction="" if is_before else "before").query()
    return tags.p(
        f"{count} with ",
        name,
        ": what came before the last time." if is_before else ": what followed the first time.",
        " ",
        tags.a("What followed?" if is_before else "What came before?", href=turned, data_key="turn"),
        " · ",
        tags.a("Show all sessions", href=view.with_option(anchor="", direction="").query(), data_key="start"),
        class_="caption",
    )


def _node_name(view: View, node: str) -> str:
    is_of_pages = _nodes(view) == "pages"
    words = {"(exit)": "Left", "(entry)": "Arrived", OTHER: "Other pages" if is_of_pages else "Other events"}
    return words.get(node) or (in_words("page_path", node) if is_of_pages else safe_text(node))


def _node_link(view: View, node: str) -> str | None:
    """Return the address that starts at a node; the node at which the diagram starts leads back to all sessions."""
    if node in (*ENDS, OTHER):
        return None
    return view.with_option(anchor="" if node == _anchor(view) else node, direction="").query()


def _ways(view: View, answers: list[Answer]) -> TagChild:
    if not answers:
        return None
    rows = answers[0].dicts()
    if not rows:
        return empty_note(_no_sequence(view))
    return ranking_table(rows, Ranking("Way", lambda row: _way(view, row), _WAY, bar="sessions"))


def _way(view: View, row: Row) -> Tag:
    """Return the pages or events of one way; a click on one starts there."""
    nodes = [node for n in range(1, STEPS + 1) if (node := row[f"step_{n}"]) is not None]
    if _direction(view) == "before":
        nodes.reverse()
    parts: list[TagChild] = []
    for n, node in enumerate(nodes):
        name = _node_name(view, node)
        link = _node_link(view, node)
        parts += [tags.span("→", class_="quiet", aria_hidden="true")] if n else []
        parts.append(tags.a(Tag("long-name", name), href=link, title=f"{name}: start here"))
    return tags.span(*parts, class_="way")


def search_ranking(answer: Answer) -> TagChild:
    """Draw the most frequent search terms; above them, what is searched for and never found."""
    rows, without_term = answer.dicts(), answer.meta["searches_without_term"]
    if not rows:
        return _no_searches(without_term)
    parts = [f"{_counted(len(rows), 'term')}."]
    if found_nothing := [row for row in rows if row["no_result_rate"] == 1]:
        names = ", ".join(f"“{cut(row['term'])}”" for row in found_nothing[:NAMED_TERMS])
        rest = f" and {len(found_nothing) - NAMED_TERMS} more" if len(found_nothing) > NAMED_TERMS else ""
        parts.append(f"Never found anything: {names}{rest}.")
    if without_term:
        parts.append(f"{_counted(without_term, 'search', 'searches')} without a term left out.")
    shown = f" The {TERMS} most frequent:" if len(rows) > TERMS else ""
    return TagList(
        tags.p(" ".join(parts) + shown, class_="caption"),
        ranking_table(rows[:TERMS], Ranking("Term", _term, _TERM, bar="searches")),
    )


def _term(row: Row) -> Tag:
    mark = tags.span("no results", class_="mark wide-only") if row["no_result_rate"] == 1 else None
    name = Tag("long-name", cut(row["term"], MAX_NAME_LENGTH))
    return tags.span(name, mark, class_="term", title=safe_text(row["term"]))


def _no_searches(without_term: int) -> Tag:
    """Return why no term is listed, and the event to send."""
    why = (
        f"{_counted(without_term, 'search', 'searches')} in these days, but none with a term."
        if without_term
        else "No searches in these days."
    )
    example = '{"eventName": "search", "search": {"term": "shoes", "results": 12}}'
    return tags.div(
        tags.p(f"{why} When a visitor searches, send the term and how many products were found (0 if none):"),
        tags.code(example),
        class_="nothing searches-note",
    )


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{exact(count)} {one if count == 1 else many or one + 's'}"


def _no_sequence(view: View) -> str:
    things = "page views" if _nodes(view) == "pages" else "events"
    anchor = _anchor(view)
    return f"No session with {_node_name(view, anchor)} in these days." if anchor else f"No {things} in these days."


def _event_note(view: View) -> TagChild:
    """Return why a filter by event shows nothing here: it would leave one event of each way."""
    without = replace(view, filters=tuple(pair for pair in view.filters if pair[0] != "event")).query()
    link = tags.a("Remove the filter by event", href=without)
    return tags.p(tags.span("A way has more than one event: it cannot be filtered by event. ", link), class_="nothing")
