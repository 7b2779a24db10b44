"""Funnels: a bar for each step, and between two bars how many left and how long the others took.

In: the rows of an answer of `funnel`, without a split or with one. Out: HTML. Bars are shares of those who took the
first step; the largest loss is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard.charts.output import csv_text
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, change_mark, ranking_table
from clickstream.dashboard.formats import Kind, cut, exact, short
from clickstream.dashboard.words import step_in_words

NAME_LENGTH = 60  # characters of a step's name
UNITS = {"visitor": "Visitors", "session": "Sessions"}
_TABLE: tuple[tuple[str, Kind], ...] = (
    ("reached", "count"),
    ("rate_first", "percent"),
    ("rate_previous", "percent"),
    ("dropped", "count"),
    ("median_step_s", "seconds"),
    ("p90_step_s", "seconds"),
)
_HEADS = ("Of the first step", "Of the step before", "Left before it", "Median time", "90 % within")


def funnel_bars(rows: Sequence[Row], unit: str) -> Tag:
    """Draw the steps of one group, with their table and the file to download. unit: visitor or session."""
    worst = max(rows[1:], key=lambda row: 1 - (row["rate_previous"] or 0) if row["dropped"] else 0)
    items = [_step(row, unit, worst if worst["dropped"] else None) for row in rows]
    shown = [[_name(row), *("" if row[key] is None else exact(row[key], kind) for key, kind in _TABLE)] for row in rows]
    plain = [[row["label"], *(row[key] for key, _ in _TABLE)] for row in rows]
    head = ["Step", UNITS[unit], *_HEADS]
    table = tags.table(
        tags.thead(tags.tr(*(tags.th(text, scope="col") for text in head))),
        tags.tbody(*(tags.tr(tags.th(row[0]), *(tags.td(cell) for cell in row[1:])) for row in shown)),
    )
    return tags.div(
        tags.ol(*items, class_="funnel"),
        tags.div(table, class_="chart-table"),
        data_csv=csv_text([head, *plain]),
    )


def split_table(rows: Sequence[Row], head: str, name: Callable[[Row], TagChild], unit: str) -> Tag:
    """Draw a row for each group of a split: how many took the first step, and the share that took each further one."""
    groups: dict[str, dict[str, Any]] = {}
    steps = max(row["step"] for row in rows)
    for row in rows:
        group = groups.setdefault(row["split"], {"value": row["split"]})
        group["started"] = group.get("started", row["reached"])
        group["started_previous"] = group.get("started_previous", row.get("reached_previous"))
        group[f"rate_{row['step']}"] = row["rate_first"]
    columns = [
        RankColumn("started", UNITS[unit]),
        RankColumn("started", "Change", is_wide=True, is_change=True),
        *(RankColumn(f"rate_{step}", f"Step {step}", "percent", is_wide=True) for step in range(2, steps)),
        RankColumn(f"rate_{steps}", "All steps", "percent"),
    ]
    return ranking_table(list(groups.values()), Ranking(head, name, columns, bar="started"))


def _step(row: Row, unit: str, worst: Mapping[str, Any] | None) -> Tag:
    share = exact(row["rate_first"] or 0, "percent")
    count = f"{exact(row['reached'])} {_units(unit, row['reached'])}"
    has_earlier = row.get("reached_previous")
    bar = tags.div(class_="step-bar", style=f"width:{100 * float(row['rate_first'] or 0):.2f}%")
    return tags.li(
        _loss(row, row is worst) if row["step"] > 1 else None,
        tags.div(
            tags.span(str(row["step"]), class_="step-number", aria_hidden="true"),
            tags.span(_name(row), class_="step-name", title=step_in_words(row["label"])),
            change_mark(row["reached"], row["reached_previous"]) if has_earlier else None,
            tags.span(short(row["reached"]), f" {_units(unit, row['reached'])}", class_="step-count", title=count),
            tags.strong(share, class_="step-share", title=f"{share} of those who took the first step"),
            class_="step-head",
        ),
        tags.div(bar if row["reached"] else None, class_="step-track", aria_hidden="true"),
    )


def _loss(row: Row, is_worst: bool) -> TagChild:
    """Say how many left before this step, and how long the others took to it."""
    if row["rate_previous"] is None:
        return None
    left = f"{exact(row['dropped'])} left here, {exact(1 - row['rate_previous'], 'percent')}"
    words: list[TagChild] = [tags.span("↓", aria_hidden="true"), " ", tags.span(left, class_="loss")]
    if is_worst:
        words += [" ", tags.span("largest loss", class_="worst")]
    if row["median_step_s"] is not None:
        took = f"{exact(row['rate_previous'], 'percent')} went on, half of them within "
        words.append(TagList(" · ", took, exact(row["median_step_s"], "seconds")))
    return tags.p(*words, class_="step-loss")


def _name(row: Row) -> str:
    return cut(step_in_words(row["label"]), NAME_LENGTH)


def _units(unit: str, count: int) -> str:
    return unit if count == 1 else UNITS[unit].lower()
