"""Lifetime value: a heat map of cohorts, and the curve of all of them together.

In: the rows of an answer of `ltv` and its currency. Out: HTML for the heat map, a `Chart` for the curve. The colour of
a cell is its revenue per customer, relative to the largest one; months that have not ended are hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from htmltools import Tag, tags

from clickstream.dashboard.charts.axes import axes, curve
from clickstream.dashboard.charts.output import Chart, csv_text
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.drawings.cohorts import DARKEST
from clickstream.dashboard.formats import bucket, exact, short

SHORTEST = 2  # months: one point is not a curve


def value_map(rows: Sequence[Row], currency: str | None) -> Tag:
    """Draw a row for each cohort, the newest last, then one for all of them, and the file to download."""
    cohorts: dict[date | None, list[Row]] = {}
    for row in rows:
        cohorts.setdefault(row["cohort"], []).append(row)
    periods = max(len(cells) for cells in cohorts.values())
    top = max(row["revenue_per_customer"] for row in rows)
    head = ["First order in", "Customers", *(_month(period) for period in range(periods))]
    titles = [None, None, *(_month_title(period) for period in range(periods))]
    table = tags.table(
        tags.caption("Revenue per customer, by months since the first order", class_="unseen"),
        tags.thead(
            tags.tr(*(tags.th(text, scope="col", title=title) for text, title in zip(head, titles, strict=True)))
        ),
        tags.tbody(*(_cohort(cohort, cells, periods, top, currency) for cohort, cells in cohorts.items())),
        class_="cohorts",
    )
    return tags.div(
        table, class_="scroll", tabindex="0", role="group", aria_label="Cohorts", data_csv=_csv(rows, currency)
    )


def value_curve(rows: Sequence[Row], currency: str | None) -> Chart:
    """Draw what a customer has spent, on average, by each month after the first order."""
    points = [row for row in rows if row["cohort"] is None]
    if len(points) < SHORTEST:
        return Chart(
            note="The curve begins when the month after the first orders has ended. The months so far are below."
        )
    names = [_month(row["period"]) for row in points]
    means = [row["revenue_per_customer"] for row in points]
    option = {**axes(names), "series": [curve("Revenue per customer", [round(mean, 4) for mean in means])]}
    shown = [[_money(row["revenue_per_customer"], currency), exact(row["customers"])] for row in points]
    return Chart(
        option=option,
        label=f"Revenue per customer, {names[0]} to {names[-1]} after the first order",
        unit=f"{currency}, by months after the first order",
        kind="money",
        tips=[
            (name, [("Revenue per customer", mean), ("Customers", people)])
            for name, (mean, people) in zip(names, shown, strict=True)
        ],
        head=["Month", "Revenue per customer", "Customers"],
        rows=[[name, *texts] for name, texts in zip(names, shown, strict=True)],
        csv=_csv(points, currency),
    )


def _csv(rows: Sequence[Row], currency: str | None) -> str:
    head = ["Cohort", "Month", "Customers", "Orders", f"Revenue ({currency})", f"Net revenue ({currency})", "Complete"]
    lines = [
        [
            f"{row['cohort']:%Y-%m}" if row["cohort"] else "all",
            row["period"],
            row["customers"],
            row["orders"],
            row["revenue"],
            row["net_revenue"],
            "yes" if row["is_complete"] else "no",
        ]
        for row in rows
    ]
    return csv_text([head, *lines])


def _cohort(cohort: date | None, cells: Sequence[Row], periods: int, top: float, currency: str | None) -> Tag:
    name = bucket(datetime.combine(cohort, time()), "month") if cohort else "All, complete months"
    people = cells[0]["customers"]
    by_period = {cell["period"]: cell for cell in cells}
    return tags.tr(
        tags.th(name, scope="row"),
        tags.td(short(people), title=f"{exact(people)} customers", class_="cohort-size"),
        *(
            _cell(by_period[period], name, top, currency) if period in by_period else tags.td(class_="no-cell")
            for period in range(periods)
        ),
        class_=None if cohort else "all-cohorts",
    )


def _cell(cell: Row, cohort: str, top: float, currency: str | None) -> Tag:
    mean = cell["revenue_per_customer"]
    strength = DARKEST * mean / top if top > 0 else 0
    amounts = (
        f"revenue {exact(cell['revenue'], 'money', currency)}, net {exact(cell['net_revenue'], 'money', currency)}"
    )
    open_note = "" if cell["is_complete"] else ", not over yet"
    people = f"{exact(cell['customers'])} customers, {exact(cell['orders'])} orders"
    return tags.td(
        short(Decimal(str(mean)), "money", currency),
        title=f"{cohort}, {_month(cell['period']).lower()}: {people}, {amounts}{open_note}",
        class_="cell" if cell["is_complete"] else "cell open-cell",
        style=f"--strength:{max(strength, 0):.0f}%",
    )


def _money(mean: float, currency: str | None) -> str:
    return exact(Decimal(str(round(mean, 4))), "money", currency)


def _month(period: int) -> str:
    return f"Month {period}"


def _month_title(period: int) -> str:
    return "The month of the first order" if period == 0 else f"{period} month{'' if period == 1 else 's'} later"
