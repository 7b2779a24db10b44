"""A long ranking: sorted by the server, some rows at first, a button for more. Sort and length are in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, in_currency, ranking_table, sort_rows
from clickstream.dashboard.panel import empty_note
from clickstream.dashboard.view import View
from clickstream.metrics.question import Answer

PAGE_SIZE = 20
MAX_ROWS = 10_000
"""The limit of a metric: all rows are read, so that they can be sorted by any column."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The layout. head, name: of the first column. columns: the first is the default sort. empty: for no rows.

    explained: as in Ranking.
    """

    head: str
    name: Callable[[Row], TagChild]
    columns: Sequence[RankColumn]
    empty: str
    explained: Callable[[Row], str] | None = None


def listing(view: View, answer: Answer, layout: Listing) -> TagChild:
    """Draw the first rows of an answer, in the order that the address asks for."""
    first = layout.columns[0].key
    sort = view.option("sort", tuple(dict.fromkeys(column.key for column in layout.columns)), first)
    rows = sort_rows(answer.dicts(), sort)
    if not rows:
        return empty_note(layout.empty)
    shown = shown_rows(view)

    def sorted_by(key: str) -> str:
        return view.with_option(sort="" if key == first else key).query()

    columns = in_currency(layout.columns, answer.meta.get("currency"))
    drawn_as = Ranking(layout.head, layout.name, columns, sort, sorted_by, layout.explained)
    return TagList(ranking_table(rows[:shown], drawn_as, sort), more_rows(view, shown, answer.meta["total_rows"]))


def shown_rows(view: View) -> int:
    """Return how many rows the address asks for."""
    wanted = dict(view.options).get("rows", "")
    is_number = wanted.isascii() and wanted.isdecimal()
    return min(max(int(wanted[:9]), 1), MAX_ROWS) if is_number else PAGE_SIZE  # int() refuses thousands of digits


def more_rows(view: View, shown: int, total: int) -> Tag:
    """Return how many rows are shown, and a button to show more."""
    count = tags.span(f"{formats.exact(min(shown, total))} of {formats.exact(total)}", class_="quiet")
    if shown >= min(total, MAX_ROWS):
        return tags.p(count, class_="more")
    link = view.with_option(rows=str(shown + PAGE_SIZE)).query()
    return tags.p(count, tags.a("Show more", href=link, class_="button", data_key="more"), class_="more")
