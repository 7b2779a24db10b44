"""The Shiny output that draws a chart with ECharts, and the data sent to it.

Colours in an option are names of the page's palette (`var(--series-1)`); the browser resolves them, so that a change of
theme needs no new data. All texts are formatted here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from htmltools import Tag, tags
from shiny.render.renderer import Jsonifiable, Renderer

from clickstream.dashboard.formats import Kind
from clickstream.metrics.files.csv_file import csv_text

__all__ = ["Chart", "Option", "csv_text", "echart_ui", "render_echart"]

PALETTE = tuple(f"var(--series-{number})" for number in range(1, 8))
Option = dict[str, Any]  # an option of ECharts, or a part of one


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, ready to draw.

    option: an ECharts option without functions. label: text for screen readers. unit: shown after the panel's title.
    kind: format of the value axis. tips: the tooltip of each point: a title and lines of (series, exact value).
    ranges: the first day and the day after the last of each point, for selection by dragging. head, rows: the table.
    links: for each row of the table, the addresses behind its values, "" = none; a click on a point opens them too.
    csv: the file to download. export: where to download the answer behind it (answers/download.py).
    note: shown instead of an empty chart. is_failure: the note is an error message.
    """

    option: Option = field(default_factory=dict)
    label: str = ""
    unit: str = ""
    kind: Kind = "count"
    tips: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    ranges: list[tuple[str, str]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    links: list[list[str]] = field(default_factory=list)
    csv: str = ""
    export: str = ""
    note: str = ""
    is_failure: bool = False


class render_echart(Renderer[Chart]):  # noqa: N801 - named like Shiny's own renderers
    """Draw the `Chart` that the decorated function returns."""

    def auto_output_ui(self) -> Tag:
        return echart_ui(self.output_id)

    async def transform(self, value: Chart) -> Jsonifiable:
        return cast(Jsonifiable, asdict(value))


def echart_ui(id: str) -> Tag:
    """Return the element of a chart. id: the full id, with the module's namespace."""
    return tags.div(tags.div(class_="skeleton chart-skeleton"), id=id, class_="echart")
