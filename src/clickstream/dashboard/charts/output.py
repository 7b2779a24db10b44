"""The output that draws a chart with ECharts, and what is sent to it.

Colours in an option are names of the page's palette (`var(--series-1)`); the browser looks them up, so that
a change of theme needs no new data. Texts are formatted here; the browser only places them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from htmltools import Tag, tags
from shiny.render.renderer import Jsonifiable, Renderer

from clickstream.dashboard.formats import Kind


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, ready to draw.

    option: an ECharts option without functions. label: what a screen reader says. unit: stands
    behind the panel's title. kind: how the value axis is
    written. tips: for each point of the category axis its title and its (series, exact value) lines.
    ranges: for each point the query that a drag from it begins and ends with, or none. head, rows: its table.
    note: said in place of the chart when there is nothing to draw; is_failure: because it could not be read.
    """

    option: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    unit: str = ""
    kind: Kind = "count"
    tips: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    ranges: list[tuple[str, str]] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""
    is_failure: bool = False


class render_echart(Renderer[Chart]):  # noqa: N801 - Shiny's renderers are written so
    """Draw the `Chart` that the function returns."""

    def auto_output_ui(self) -> Tag:
        return echart_ui(self.output_id)

    async def transform(self, value: Chart) -> Jsonifiable:
        return cast(Jsonifiable, asdict(value))


def echart_ui(id: str) -> Tag:
    """The place of a chart. `id` as seen by the browser: a module passes it through its namespace."""
    return tags.div(tags.div(class_="skeleton chart-skeleton"), id=id, class_="echart")
