"""Rankings: a table with a bar in each row.

In: rows of an answer and the columns to show. Out: an HTML table. Numbers are right-aligned with the exact value as a
tooltip; the bar is behind the name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from htmltools import Tag, TagChild, tags

from clickstream.dashboard.formats import NONE, Kind, Number, change, exact, short

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RankColumn:
    """A column of numbers.

    is_wide: hidden on narrow screens. is_change: shows the change of `key`, with an arrow. currency: of amounts.
    """

    key: str
    label: str
    kind: Kind = "count"
    is_wide: bool = False
    is_change: bool = False
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The layout of a ranking.

    head: title of the first column. name: draws a row's first cell. columns: the numbers. bar: the key of the bar's
    value. sort_link: returns the address that sorts by a key; None = the order is fixed. explained: returns the address
    of what is behind a row's first number; None = it is not a link.
    """

    head: str
    name: Callable[[Row], TagChild]
    columns: Sequence[RankColumn]
    bar: str
    sort_link: Callable[[str], str] | None = None
    explained: Callable[[Row], str] | None = None


def ranking_table(rows: Sequence[Row], ranking: Ranking, sorted_by: str = "") -> Tag:
    """Draw `rows` in their order; each bar is a share of the largest value.

    A column without values is left out: changes without earlier data, and wide columns of zeros.
    """
    columns = [c for c in ranking.columns if (c.key == sorted_by and not c.is_change) or _has_values(c, rows)]
    ranking = replace(ranking, columns=columns)
    top = max((float(row[ranking.bar] or 0) for row in rows), default=0.0)
    return tags.table(
        tags.thead(
            tags.tr(tags.th(ranking.head, scope="col"), *(_head(c, ranking, sorted_by) for c in ranking.columns))
        ),
        tags.tbody(*(_row(row, ranking, top) for row in rows)),
        class_="ranking",
    )


def in_currency(columns: Sequence[RankColumn], currency: str | None) -> list[RankColumn]:
    """Return the columns with the currency of their amounts."""
    return [replace(column, currency=currency) if column.kind == "money" else column for column in columns]


def change_mark(now: Number | None, before: Number | None, kind: Kind = "count", currency: str | None = None) -> Tag:
    """Draw a change as arrow, sign and percent, with both values as a tooltip. If `before` is 0: a dash."""
    earlier = "no earlier data" if before is None else f"{exact(before, kind, currency)} before"
    title = f"{exact(now, kind, currency)} now, {earlier}"
    if now is None or not before:
        return tags.span(NONE, class_="change", title=title)
    ratio = (float(now) - float(before)) / float(before)
    text = change(ratio)
    direction = "up" if text.startswith("+") else "down" if text.startswith("−") else "level"
    arrow = {"up": "↑", "down": "↓", "level": "→"}[direction]
    return tags.span(tags.span(arrow, aria_hidden="true"), f" {text}", class_=f"change {direction}", title=title)


def sort_rows(rows: Sequence[Row], key: str) -> list[Row]:
    """Sort rows by `key`, largest first and None last; ties keep their order."""
    return sorted(rows, key=lambda row: (row[key] is None, -(row[key] or 0)))


def _has_values(column: RankColumn, rows: Sequence[Row]) -> bool:
    if column.is_change:
        return any(row.get(f"{column.key}_previous") for row in rows)
    return not column.is_wide or any(row[column.key] for row in rows)


def _head(column: RankColumn, ranking: Ranking, sorted_by: str) -> Tag:
    is_sorted = column.key == sorted_by and not column.is_change
    label: TagChild = column.label
    if ranking.sort_link is not None and not column.is_change:
        arrow = tags.span("↓" if is_sorted else "", class_="sort-arrow", aria_hidden="true")
        label = tags.a(column.label, arrow, href=ranking.sort_link(column.key), data_key=f"sort-{column.key}")
    return tags.th(label, scope="col", class_=_class(column), aria_sort="descending" if is_sorted else None)


def _row(row: Row, ranking: Ranking, top: float) -> Tag:
    share = float(row[ranking.bar] or 0) / top * 100 if top else 0
    bar = tags.span(class_="bar", style=f"width:{share:.1f}%", aria_hidden="true") if share else None
    return tags.tr(
        tags.th(tags.div(bar, tags.span(ranking.name(row), class_="bar-name"), class_="bar-cell"), scope="row"),
        *(_number(row, column, ranking.explained if n == 0 else None) for n, column in enumerate(ranking.columns)),
    )


def _number(row: Row, column: RankColumn, explained: Callable[[Row], str] | None) -> Tag:
    value = row[column.key]
    if column.is_change:
        previous = row.get(f"{column.key}_previous")
        return tags.td(change_mark(value, previous, column.kind, column.currency), class_=_class(column))
    text, title = (write(value, column.kind, column.currency) for write in (short, exact))
    shown = tags.a(text, href=explained(row), class_="plain") if explained else text
    return tags.td(shown, title=title, class_=_class(column))


def _class(column: RankColumn) -> str:
    names = ("number", "wide-only" if column.is_wide else "", "changes" if column.is_change else "")
    return " ".join(filter(None, names))
