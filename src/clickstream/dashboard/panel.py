"""The parts that all pages consist of: a framed panel, and its content while loading, empty or failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.answers.download import file_address
from clickstream.dashboard.answers.state import LiveResult
from clickstream.dashboard.charts.output import Chart
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.view import FILTERS, View
from clickstream.dashboard.words import in_words
from clickstream.errors import ClickstreamError, QuestionError
from clickstream.metrics.question import Answer

T = TypeVar("T")
MAX_NAME_LENGTH = 200  # characters of a name sent to the browser, which shortens it further where space is limited


def panel(title: TagChild, *body: TagChild, span: int = 12, tools: TagChild = None, about: str = "") -> Tag:
    """Return a framed part of a page, `span` of 12 columns wide. about: the definition behind its question mark.

    A panel without the menu of a chart gets one for the files of its table.
    """
    files = None if "chart-menu" in str(TagList(tools)) else file_tools()
    name = title if isinstance(title, str) else ""
    head = tags.header(tags.h2(title), explain(about, name) if about else None, tags.div(tools, files, class_="tools"))
    return tags.section(head, *body, class_=f"panel span-{span}")


def explain(definition: str, name: str = "") -> TagList:
    """Return a question mark that opens the Explain panel of `name`, and the definition with which that begins."""
    title = f"{name}: what is counted, and how" if name else "What is counted here, and how"
    mark = tags.button("?", type="button", class_="explain", data_action="explain", aria_label=title, title=title)
    return TagList(mark, tags.span(definition, class_="definition", hidden=True))


def figure_card(id: str, label: str, about: str) -> Tag:
    """Return the card of a key figure, which the server fills. id: of its output. about: the definition behind "?"."""
    figure = placeholder(id, tags.div(class_="skeleton figure-skeleton"), class_="figure")
    return tags.section(tags.header(tags.h2(label), explain(about, label)), figure, class_="card")


def command(text: str, *before: TagChild, class_: str = "") -> Tag:
    """Return a command, or another text to use elsewhere, with a button that copies it. before: content before it."""
    copy = tags.button("Copy", type="button", class_="button", data_action="copy")
    return tags.div(*before, tags.code(text), copy, class_=f"command {class_}".strip())


def chart_tools(left_out: Collection[str] = ()) -> Tag:
    """Return the menu of a chart panel: show the table, download, full screen. left_out: actions it cannot do."""
    actions = {
        "table": "Show as table",
        "csv": "Download CSV",
        "parquet": "Download Parquet",
        "png": "Download image",
        "full": "Full screen",
    }
    actions = {action: label for action, label in actions.items() if action not in left_out}
    buttons = [tags.button(label, type="button", data_action=action) for action, label in actions.items()]
    mark = tags.summary("⋯", aria_label="Chart options", title="Chart options")
    return tags.details(mark, tags.div(*buttons, class_="menu-body list"), class_="menu chart-menu")


def file_tools() -> Tag:
    """Return the menu of a panel with a table: its answer as a file, with the rows that are not shown."""
    actions = {"csv": "All rows as CSV", "parquet": "All rows as Parquet"}
    buttons = [tags.button(label, type="button", data_action=action) for action, label in actions.items()]
    mark = tags.summary("⋯", aria_label="Download", title="Download")
    return tags.details(mark, tags.div(*buttons, class_="menu-body list"), class_="menu file-menu")


def chart_unit() -> Tag:
    """Return the element in which the browser writes the unit of the chart."""
    return tags.span(class_="unit quiet")


def chart_table() -> Tag:
    """Return the element in which the browser puts the table of the chart above."""
    return tags.div(class_="chart-table")


def number_table(head: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> Tag:
    """Return the table of a chart that is drawn as HTML, shown by the chart's menu. names: columns that are text."""

    def row(cells: Sequence[str]) -> Tag:
        return tags.tr(
            tags.th(cells[0], scope="row"),
            *(tags.td(cell, class_="name-cell" if n < names else None) for n, cell in enumerate(cells[1:], 1)),
        )

    titles = [tags.th(text, scope="col", class_="name-cell" if n < names else None) for n, text in enumerate(head)]
    return tags.div(
        tags.table(tags.thead(tags.tr(*titles)), tags.tbody(*(row(cells) for cells in rows))), class_="chart-table"
    )


def choice(param: str, label: str, choices: dict[str, str], chosen: str = "") -> Tag:
    """Return a select box for a parameter of the address. The default has the value ''; the browser updates it."""
    options = [
        tags.option(text, value=value, selected="selected" if value == chosen else None)
        for value, text in choices.items()
    ]
    return tags.label(
        tags.span(label, class_="unseen"), tags.select(*options, data_param=param, aria_label=label), class_="choice"
    )


def placeholder(id: str, *skeleton: TagChild, class_: str = "") -> Tag:
    """Return an element that the server fills; until then it shows `skeleton`, in the size of the content."""
    return tags.div(*skeleton, id=id, class_=f"shiny-html-output {class_}".strip())


def skeleton(lines: int) -> TagList:
    """Return grey lines, shown until the table rows arrive."""
    return TagList(*(tags.div(class_="skeleton row-skeleton") for _ in range(lines)))


def content_or_failure(result: LiveResult[T], what: str, draw: Callable[[T], TagChild]) -> TagChild:
    """Return `draw` of the result, or an error message; other parts of the page are not affected.

    The panel offers the first answer of the result as a file.
    """
    outcome = result.outcome()
    if isinstance(outcome, ClickstreamError):
        return failure(what, outcome)
    address = _file_address(outcome)
    return TagList(draw(outcome), tags.i(hidden=True, data_export=address) if address else None)


def chart_or_failure(result: LiveResult[T], what: str, draw: Callable[[T], Chart]) -> Chart:
    """Return `draw` of the result, or a chart that shows the error. It offers the first answer as a file."""
    outcome = result.outcome()
    if isinstance(outcome, ClickstreamError):
        if refusal := filter_refusal(outcome):
            return Chart(note=refusal)
        return Chart(note=f"{what} could not be loaded. {_sentences(outcome)}", is_failure=True)
    return replace(draw(outcome), export=_file_address(outcome))


def value_name(view: View, name: str, row: Row, *more: TagChild) -> Tag:
    """Return the name of a row as a link that adds or removes a filter by it. more: content below the name."""
    value = row["value"]
    shown = row.get("name") or in_words(name, value)
    is_on = view.has_filter(name, value)
    text = Tag("region-name" if name == "country" else "long-name", formats.cut(shown, MAX_NAME_LENGTH))
    return tags.a(
        text,
        *more,
        href=view.toggle(name, value).query(),
        title=f"{formats.safe_text(shown)}: {'remove this filter' if is_on else 'filter by it'}",
        data_key=f"row-{name}-{value}",
        aria_current="true" if is_on else None,
    )


def product_name(view: View, row: Row) -> Tag:
    """Return the name of a product, with its category in small text after it."""
    category = tags.span(formats.cut(row["category"], 24), class_="quiet") if row.get("category") else None
    return value_name(view, "product_id", row, category)


def failure(what: str, error: ClickstreamError) -> Tag:
    """Return a message: what failed, why, and what to do. A filter that has no meaning here is not a failure."""
    if refusal := filter_refusal(error):
        return empty_note(refusal)
    return tags.div(
        tags.p(tags.strong(f"{what} could not be loaded."), f" {_sentences(error)}"),
        tags.button("Try again", type="button", class_="button", data_action="retry"),
        class_="failure",
        role="alert",
    )


def filter_refusal(error: ClickstreamError) -> str:
    """Return what to say if the error is a filter that the metric does not have, or that has an error; else ""."""
    if not isinstance(error, QuestionError):
        return ""
    if (error.code, error.parameter) == ("invalid_filter", "segment"):
        return "The segment has an error, which is described at the top of the page."
    if error.code != "filter_not_applicable":
        return ""
    return f"A filter by {FILTERS.get(error.parameter, error.parameter).lower()} does not apply here. Remove it above."


def empty_note(why: str) -> Tag:
    """Return a message that explains why a panel is empty."""
    return tags.p(why, class_="nothing")


def _file_address(outcome: object) -> str:
    """Return where to download the first answer of an outcome; "" if it has none."""
    first = outcome[0] if isinstance(outcome, list) and outcome else None
    return file_address(first) if isinstance(first, Answer) else ""


def _sentences(error: ClickstreamError) -> str:
    """Return an error's three parts as sentences."""
    return formats.safe_text(" ".join(f"{part[0].upper()}{part[1:]}." for part in (str(error), error.advice) if part))
