"""Retention: a heat map of cohorts, and the curve of all of them together.

In: the rows of an answer of `retention`. Out: HTML for the heat map, a `Chart` for the curve. The colour of a cell is
its rate, relative to the largest one after the first period; cells that have not ended are hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from htmltools import Tag, tags

from clickstream.dashboard.charts.axes import axes, curve
from clickstream.dashboard.charts.output import Chart, csv_text
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.formats import bucket, exact, short

DARKEST = 45  # percent of the accent colour in the darkest cell: text on it stays readable in both themes
NEAR_ALL = 0.75  # the axis of a curve above this share ends at 100 %, and so does that of zeros alone


def cohort_map(rows: Sequence[Row], size: str) -> Tag:
    """Draw a row for each cohort, the newest last, and the file to download. size: day, week or month."""
    cohorts: dict[date, list[Row]] = {}
    for row in rows:
        if row["cohort"] is not None:
            cohorts.setdefault(row["cohort"], []).append(row)
    periods = max(len(cells) for cells in cohorts.values())
    top = max((row["rate"] or 0 for cells in cohorts.values() for row in cells[1:]), default=0)
    head = [size.capitalize(), "Visitors", *(_period(period, size) for period in range(periods))]
    plain = [
        [f"{cohort}", cells[0]["size"], *(cell["rate"] for cell in cells), *[None] * (periods - len(cells))]
        for cohort, cells in cohorts.items()
    ]
    table = tags.table(
        tags.caption(f"Share of visitors who came back, by {size}s after the first one", class_="unseen"),
        tags.thead(
            tags.tr(
                *(tags.th(text, scope="col", title=_period_title(i - 2, size)) for i, text in enumerate(head)),
            )
        ),
        tags.tbody(*(_cohort(cohort, cells, periods, top, size) for cohort, cells in cohorts.items())),
        class_="cohorts",
    )
    return tags.div(
        table, class_="scroll", tabindex="0", role="group", aria_label="Cohorts", data_csv=csv_text([head, *plain])
    )


def retention_curve(rows: Sequence[Row], size: str) -> Chart:
    """Draw the share that came back after each period. Period 0, nearly everyone, would flatten the others."""
    points = [row for row in rows if row["cohort"] is None and row["period"] > 0]
    if not points:
        return Chart(note=f"No visitor of these days has had a whole {size} after the first one yet.")
    names = [_period(row["period"], size) for row in points]
    top = max(row["rate"] or 0 for row in points)
    shown = [exact(row["rate"], "percent") for row in points]
    scale = {"max": 1, "interval": 0.25} if top == 0 or top > NEAR_ALL else {}
    option = {**axes(names, **scale), "series": [curve("Came back", [row["rate"] for row in points])]}
    lines = [
        [("Came back", text), ("Visitors", f"{exact(row['returned'])} of {exact(row['size'])}")]
        for row, text in zip(points, shown, strict=True)
    ]
    head = [size.capitalize(), "Visitors", "Came back", "Share"]
    return Chart(
        option=option,
        label=f"Share of visitors who came back, {names[0]} to {names[-1]}",
        unit=f"percent, by {size}s after the first",
        kind="percent",
        tips=list(zip(names, lines, strict=True)),
        head=head,
        rows=[
            [name, exact(row["size"]), exact(row["returned"]), text]
            for name, row, text in zip(names, points, shown, strict=True)
        ],
        csv=csv_text([head, *([row["period"], row["size"], row["returned"], row["rate"]] for row in points)]),
    )


def _cohort(cohort: date, cells: Sequence[Row], periods: int, top: float, size: str) -> Tag:
    name = bucket(datetime.combine(cohort, time()), size)
    people = cells[0]["size"]
    return tags.tr(
        tags.th(name, scope="row"),
        tags.td(short(people), title=f"{exact(people)} visitors", class_="cohort-size"),
        *(_cell(cell, name, top, size) for cell in cells),
        *(tags.td(class_="no-cell") for _ in range(periods - len(cells))),
    )


def _cell(cell: Row, cohort: str, top: float, size: str) -> Tag:
    rate = cell["rate"] or 0
    strength = DARKEST * min(rate / top, 1) if top else DARKEST * rate
    open_note = "" if cell["is_complete"] else ", not over yet"
    title = f"{exact(cell['returned'])} of {exact(cell['size'])} visitors of {cohort} came back in "
    return tags.td(
        tags.span(f"{100 * rate:.0f}" if rate in (0, 1) or rate >= 0.1 else f"{100 * rate:.1f}", tags.span("%")),
        title=f"{title}{_period(cell['period'], size).lower()}{open_note}",
        class_="cell" if cell["is_complete"] else "cell open-cell",
        style=f"--strength:{strength:.0f}%",
    )


def _period(period: int, size: str) -> str:
    return f"{size.capitalize()} {period}"


def _period_title(period: int, size: str) -> str | None:
    if period < 0:
        return None
    return f"The first {size}" if period == 0 else f"{period} {size}{'' if period == 1 else 's'} later"
