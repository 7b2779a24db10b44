"""Activity by weekday and hour: a table with tinted cells.

In: an answer of `peak_activity`. Out: HTML with the same numbers as a table and as CSV. A cell is as dark as its value
per hour: a range rarely has as many Mondays as Tuesdays. Hours that the range does not have are hatched.
"""

from __future__ import annotations

from calendar import day_abbr, day_name
from collections.abc import Sequence

from htmltools import Tag, tags

from clickstream.dashboard.charts.output import csv_text
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.formats import NONE, exact
from clickstream.dashboard.panel import empty_note, number_table
from clickstream.metrics.question import Answer

HOURS = 24
_LABEL_EVERY = 3  # hours


def heat_map(answer: Answer, title: str) -> Tag:
    """Draw the 168 cells. title: what is counted."""
    rows = answer.dicts()
    busiest = max(rows, key=lambda row: row["per_hour"] or 0)
    top = float(busiest["per_hour"] or 0)
    if not top:
        return empty_note(f"No {title.lower()} in these days.")
    zone = answer.meta["tz"]
    head = tags.tr(
        tags.th(tags.span("Weekday", class_="unseen"), scope="col"),
        *(tags.th(f"{hour:02}", colspan=_LABEL_EVERY, scope="colgroup") for hour in range(0, HOURS, _LABEL_EVERY)),
    )
    days = [rows[first : first + HOURS] for first in range(0, len(rows), HOURS)]
    lines = [
        tags.tr(tags.th(day_abbr[n], scope="row"), *(_cell(row, top) for row in day)) for n, day in enumerate(days)
    ]
    described = f"{title} per hour, by weekday and hour in the time zone {zone}."
    most = f"Busiest: {_long_name(busiest)}, {exact(top)} per hour."
    return tags.div(
        tags.p(f"{described} ", tags.strong(most), class_="caption"),
        tags.table(tags.thead(head), tags.tbody(*lines), class_="heat"),
        _scale(top),
        number_table(["Hour", title, "Hours in range", "Per hour"], [_texts(row) for row in rows]),
        data_csv=_csv(rows, title),
        class_="drawing",
    )


def _cell(row: Row, top: float) -> Tag:
    if row["per_hour"] is None:
        return tags.td(title=f"{_long_name(row)}: not in these days", class_="missing")
    hours = row["hours_in_range"]
    spent = "1 hour" if hours == 1 else f"{_plain(hours)} hours"
    title = f"{_long_name(row)}: {exact(row['per_hour'])} per hour ({exact(row['value'])} in {spent})"
    return tags.td(title=title, style=f"--heat:{row['per_hour'] / top:.3f}")


def _scale(top: float) -> Tag:
    """Return the legend: from no activity to the most."""
    steps = [tags.i(style=f"--heat:{n / 4}") for n in range(5)]
    return tags.p("0", tags.span(*steps, aria_hidden="true"), f"{exact(top)} per hour", class_="heat-scale caption")


def _long_name(row: Row) -> str:
    hour = row["hour"]
    return f"{day_name[row['weekday'] - 1]} {hour:02}:00–{(hour + 1) % HOURS:02}:00"


def _plain(hours: float) -> str:
    """Write a number of hours without needless decimal places."""
    return f"{hours:.0f}" if float(hours).is_integer() else f"{hours:.2f}"


def _texts(row: Row) -> list[str]:
    per_hour = NONE if row["per_hour"] is None else exact(row["per_hour"])
    return [_long_name(row), exact(row["value"]), _plain(row["hours_in_range"]), per_hour]


def _csv(rows: Sequence[Row], title: str) -> str:
    head = ["Weekday", "Hour", title, "Hours in range", "Per hour"]
    keys = ("hour", "value", "hours_in_range", "per_hour")
    return csv_text([head, *([day_name[row["weekday"] - 1], *(row[key] for key in keys)] for row in rows)])
