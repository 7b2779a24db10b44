"""What moved: the values whose figure changed most, as a list of lines.

In: rows of an answer of `movers`, and the name of each as a link. Out: HTML. A line has the name, the change as an
arrow, a signed number and a percentage, and its share of the whole change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from htmltools import Tag, TagChild, tags

from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.charts.series import Measure
from clickstream.dashboard.formats import change, short


def movers_list(rows: Sequence[Row], measure: Measure, name: Callable[[Row], TagChild]) -> Tag:
    """Draw a line for each row, in their order. name: draws a row's name."""
    return tags.ul(*(_line(row, measure, name) for row in rows), class_="movers")


def _line(row: Row, measure: Measure, name: Callable[[Row], TagChild]) -> Tag:
    is_more = row["change"] > 0
    title = f"{measure.exact(row['value_now'])} now, {measure.exact(row['value_previous'])} before"
    arrow = tags.span("↑" if is_more else "↓", aria_hidden="true")
    moved = tags.span(arrow, f" {_change(row, measure)}", class_=f"change {'up' if is_more else 'down'}", title=title)
    return tags.li(name(row), moved, tags.span(_share(row["share_of_change"]), class_="quiet share"))


def _change(row: Row, measure: Measure) -> str:
    """Return the change as a number and relative to the other period: "+120 (+34 %)", "+80 (new)"."""
    size = short(abs(row["change"]), measure.kind, measure.currency)
    sign = "+" if row["change"] > 0 else "−"
    unit = f"\u00a0{measure.currency}" if measure.currency else ""
    before = row["value_previous"]
    ratio = change(float(row["change"]) / float(before)) if before else "new"
    return f"{sign}{size}{unit} ({ratio})"


def _share(share: float | None) -> str:
    """Return which part of the whole change this is; a negative one moved against it."""
    if share is None:
        return "no change in all"
    percent = f"{abs(share) * 100:,.0f}\u00a0% of the change"
    return percent if share >= 0 else f"{percent}, the other way"
