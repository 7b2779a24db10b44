"""The parts that all charts over a row of names share: the frame with its axes, and a single filled line.

In: the names below the chart, and values. Out: parts of an ECharts option.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickstream.dashboard.charts.output import PALETTE, Option

MARKED_BELOW = 16  # a shorter curve has a mark on each point


def axes(names: Sequence[str], **value_axis: Any) -> Option:
    """Return the frame of a chart whose values start at zero. value_axis: what differs on the axis of values."""
    label = {"color": "var(--muted)", "fontSize": 12, "hideOverlap": True}
    return {
        "grid": {"left": 4, "right": 12, "top": 12, "bottom": 4, "outerBoundsMode": "same"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "line", "lineStyle": {"color": "var(--muted)"}}},
        "xAxis": {
            "type": "category",
            "data": list(names),
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": "var(--line)"}},
            "axisLabel": label,
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "splitNumber": 4,
            "axisLabel": label,
            "splitLine": {"lineStyle": {"color": "var(--line)"}},
            **value_axis,
        },
    }


def curve(name: str, values: Sequence[float | None]) -> Option:
    """Return a line in the first colour of the palette, filled down to zero."""
    return {
        "type": "line",
        "name": name,
        "data": list(values),
        "symbol": "circle",
        "symbolSize": 6,
        "showSymbol": len(values) < MARKED_BELOW,
        "itemStyle": {"color": PALETTE[0]},
        "lineStyle": {"color": PALETTE[0], "width": 2},
        "areaStyle": {"color": PALETTE[0], "opacity": 0.08},
    }
