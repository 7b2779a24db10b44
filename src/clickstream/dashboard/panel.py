"""The pieces that all pages are built of: a framed panel, and what stands in it when there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.charts.output import Chart
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.state import Asked
from clickstream.dashboard.view import View
from clickstream.errors import ClickstreamError

T = TypeVar("T")
LONGEST = 200  # characters of a name that are sent; the browser cuts its middle out where there is less room


def panel(title: TagChild, *body: TagChild, span: int = 12, tools: TagChild = None, about: str = "") -> Tag:
    """A framed part of a page, `span` of 12 columns wide; `about` is the definition behind its question mark."""
    head = tags.header(tags.h2(title), explain(about) if about else None, tags.div(tools, class_="tools"))
    return tags.section(head, *body, class_=f"panel span-{span}")


def explain(definition: str) -> Tag:
    """A question mark that opens a definition."""
    mark = tags.summary("?", aria_label="What is counted here", title="What is counted here")
    return tags.details(mark, tags.div(definition, class_="menu-body"), class_="menu explain")


def chart_tools() -> Tag:
    """The menu of a chart panel: its table, its data, full screen."""
    acts = {"table": "Show as table", "csv": "Download CSV", "png": "Download picture", "full": "Full screen"}
    buttons = [tags.button(label, type="button", data_act=act) for act, label in acts.items()]
    mark = tags.summary("⋯", aria_label="More about this chart", title="More about this chart")
    return tags.details(mark, tags.div(*buttons, class_="menu-body list"), class_="menu chart-menu")


def chart_unit() -> Tag:
    """Where the browser writes the unit of the chart."""
    return tags.span(class_="unit quiet")


def chart_table() -> Tag:
    """Where the browser puts the table of the chart above."""
    return tags.div(class_="chart-table", hidden=True)


def choice(param: str, label: str, choices: dict[str, str], chosen: str = "") -> Tag:
    """A list to choose a parameter of the address from. The default stands as ''; the browser keeps it in step."""
    options = [
        tags.option(text, value=value, selected="selected" if value == chosen else None)
        for value, text in choices.items()
    ]
    return tags.label(
        tags.span(label, class_="unseen"), tags.select(*options, data_param=param, aria_label=label), class_="choice"
    )


def place(id: str, *skeleton: TagChild, class_: str = "") -> Tag:
    """A place that the server fills; until then it holds `skeleton`, in the size of what will come."""
    return tags.div(*skeleton, id=id, class_=f"shiny-html-output {class_}".strip())


def skeleton(lines: int) -> TagList:
    """Grey lines in the place of table rows."""
    return TagList(*(tags.div(class_="skeleton row-skeleton") for _ in range(lines)))


def shown(asked: Asked[T], what: str, draw: Callable[[T], TagChild]) -> TagChild:
    """`draw` of the answer, or what failed; the rest of the page lives on."""
    outcome = asked.outcome()
    return failure(what, outcome) if isinstance(outcome, ClickstreamError) else draw(outcome)


def drawn(asked: Asked[T], what: str, draw: Callable[[T], Chart]) -> Chart:
    """The same for a chart: what failed is said in its place."""
    outcome = asked.outcome()
    if isinstance(outcome, ClickstreamError):
        return Chart(note=f"{what} could not be read. {_sentence(outcome)}", is_failure=True)
    return draw(outcome)


def value_name(view: View, name: str, row: Row, *more: TagChild) -> Tag:
    """The name of a row, which filters the page by it, or no longer does. `more` stands under it."""
    value = row["value"]
    is_on = (name, value) in view.filters
    text = Tag("region-name" if name == "country" else "long-name", formats.cut(row.get("name") or value, LONGEST))
    return tags.a(
        text,
        *more,
        href=view.toggle(name, value).query(),
        title=f"{row.get('name') or value}: {'remove this filter' if is_on else 'filter by it'}",
        data_key=f"row-{name}-{value}",
        aria_current="true" if is_on else None,
    )


def product_name(view: View, row: Row) -> Tag:
    """The name of a product, with its category under it in small."""
    category = tags.span(formats.cut(row["category"], 24), class_="quiet") if row.get("category") else None
    return value_name(view, "product_id", row, category)


def failure(what: str, error: ClickstreamError) -> Tag:
    """What failed, why, and what to do; the rest of the page stays as it is."""
    return tags.div(
        tags.p(tags.strong(f"{what} could not be read."), f" {_sentence(error)}"),
        tags.button("Try again", type="button", class_="button", data_act="retry"),
        class_="failure",
        role="alert",
    )


def nothing(why: str) -> Tag:
    """Why there is nothing to show."""
    return tags.p(why, class_="nothing")


def _sentence(error: ClickstreamError) -> str:
    """An error's three parts as sentences."""
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in (str(error), error.advice) if part)
