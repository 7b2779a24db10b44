"""Time series: the options of a line or bar chart that starts at zero, or below it where a value is negative.

In: the values of one or more series over the same buckets. Out: a `Chart`. An incomplete bucket is dashed with a hollow
point (lines) or hatched (bars), and unit, tooltip and table say so; the comparison period is a thin dashed line;
dragging over buckets selects their days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from clickstream.dashboard.charts.axes import axes
from clickstream.dashboard.charts.output import PALETTE, Chart, Option, csv_text
from clickstream.dashboard.formats import Kind, Number, bucket, exact, safe_text
from clickstream.money import exact_decimal

OTHER = "var(--series-7)"
BARS_BELOW = 8  # fewer buckets are drawn as bars: a line through three points suggests values between them
GROUPS_BELOW = 3  # the same for several lines, which become grouped bars
FLATTENING = 5  # a line this many times larger than the second largest flattens all others
_SHORT_NAMES = {"minute": "%H:%M", "hour": "%H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, colour and a value for each bucket (None = unknown)."""

    name: str
    values: Sequence[Number | None]
    colour: str = PALETTE[0]

    @property
    def label(self) -> str:
        """The name as it is shown."""
        return safe_text(self.name)

    def points(self) -> list[int | float | None]:
        """Return the values as numbers for the browser: money as a float."""
        return [float(value) if isinstance(value, Decimal) else value for value in self.values]


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of a chart: local starts, their size, and which of them are complete."""

    starts: Sequence[datetime]
    size: str
    is_complete: Sequence[bool]

    def ranges(self) -> list[tuple[str, str]]:
        """Return the first day and the day after the last of each bucket, as ISO dates."""
        return [(start.date().isoformat(), _end(start, self.size).isoformat()) for start in self.starts]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a chart shows: its title, the format of its values, and the currency of amounts."""

    title: str
    kind: Kind = "count"
    currency: str | None = None

    def exact(self, value: Number | None) -> str:
        return exact(value, self.kind, self.currency)

    def plain(self, value: Number | None) -> Number | None:
        """Return the value for a file: a number without separators and unit."""
        return exact_decimal(value, self.currency) if self.kind == "money" and value is not None else value


def time_series(
    buckets: Buckets, lines: Sequence[Line], measure: Measure, previous: Line | None = None, *, is_bars: bool = False
) -> Chart:
    """Draw `lines` over `buckets`. previous: drawn thin and dashed behind a single line. is_bars: bars, not lines."""
    drawn = [*lines, *([previous] if previous else [])]
    if not any(value for line in drawn for value in line.values):
        return Chart(note=f"No {measure.title.lower()} in these days.")
    is_bars = is_bars or len(buckets.starts) < (BARS_BELOW if len(lines) == 1 else GROUPS_BELOW)
    series = [_previous(previous)] if previous else []
    for line in lines:
        series += [_bars(line, buckets)] if is_bars else _line(line, buckets, is_filled=len(lines) == 1)
    unit = f"per {buckets.size}" + (f", dashed: {previous.label}" if previous else "")
    if not all(buckets.is_complete):
        unit += f", {'hatched' if is_bars else 'hollow'}: incomplete"
    option = {**_axes(buckets, measure.kind), "series": series}
    if any(value is not None and value < 0 for line in drawn for value in line.values):
        option["yAxis"]["min"] = None  # net revenue, on a day with more refunds than sales
    return _chart(_with_legend(option, lines) if len(lines) > 1 else option, buckets, drawn, measure, unit)


def stacked_bars(buckets: Buckets, lines: Sequence[Line], measure: Measure) -> Chart:
    """Draw `lines` as the parts of one bar for each bucket, the first at the bottom. Lines of zeros are left out."""
    lines = [line for line in lines if any(line.values)]
    if not lines:
        return Chart(note=f"No {measure.title.lower()} in these days.")
    bars = [{**_bars(line, buckets), "stack": "all"} for line in lines]
    for bar, line in zip(bars, lines, strict=True):
        bar["itemStyle"] = {"color": line.colour}
    option = _with_legend({**_axes(buckets, measure.kind), "series": bars}, lines, hides_flattening=False)
    return _chart(option, buckets, lines, measure, f"per {buckets.size}")


def _chart(option: Option, buckets: Buckets, drawn: Sequence[Line], measure: Measure, unit: str) -> Chart:
    names = [_name(buckets, i) for i in range(len(buckets.starts))]
    return Chart(
        option=option,
        label=f"{measure.title}, {names[0]} to {names[-1]}",
        unit=f"{measure.currency} {unit}" if measure.currency else unit,
        kind=measure.kind,
        tips=[(name, _tip_lines(drawn, measure, i)) for i, name in enumerate(names)],
        ranges=buckets.ranges(),
        head=[buckets.size.capitalize(), *(line.label for line in drawn)],
        rows=[[name, *(measure.exact(line.values[i]) for line in drawn)] for i, name in enumerate(names)],
        csv=_csv(buckets, drawn, measure),
    )


def _csv(buckets: Buckets, lines: Sequence[Line], measure: Measure) -> str:
    suffix = f" ({measure.currency})" if measure.currency else ""
    starts = [start.isoformat() if buckets.size == "hour" else start.date().isoformat() for start in buckets.starts]
    values = [[start, *(measure.plain(line.values[i]) for line in lines)] for i, start in enumerate(starts)]
    return csv_text([[buckets.size.capitalize(), *(f"{line.name}{suffix}" for line in lines)], *values])


def _axes(buckets: Buckets, kind: Kind) -> Option:
    are_many_days = buckets.size == "hour" and len(buckets.starts) > 72
    names = [start.strftime(_SHORT_NAMES["day" if are_many_days else buckets.size]) for start in buckets.starts]
    return axes(names, minInterval=1 if kind == "count" else 0)  # counts have whole ticks only


def _with_legend(option: Option, lines: Sequence[Line], *, hides_flattening: bool = True) -> Option:
    """Add a legend above the chart that shows and hides lines. A line that would flatten the others starts hidden."""
    totals = {line.label: sum(float(value or 0) for value in line.values) for line in lines}
    second = sorted(totals.values())[-2] if hides_flattening else float("inf")
    legend = {
        "type": "scroll",
        "top": 0,
        "left": 0,
        "icon": "roundRect",
        "itemWidth": 10,
        "itemHeight": 10,
        "textStyle": {"color": "var(--text)", "fontSize": 12},
        "pageTextStyle": {"color": "var(--muted)"},
        "pageIconColor": "var(--text)",
        "pageIconInactiveColor": "var(--line)",
        "inactiveColor": "var(--muted)",
        "tooltip": {"show": True},
        "data": list(totals),
        "selected": {name: total <= FLATTENING * second for name, total in totals.items()},
    }
    return {**option, "legend": legend, "grid": {**option["grid"], "top": 40}}


def _line(line: Line, buckets: Buckets, is_filled: bool) -> list[Option]:
    """Return a solid line through the complete buckets and a dashed one to and from the incomplete ones.

    If there are few points, each is marked; otherwise only the incomplete ones are.
    """
    is_short = len(buckets.starts) < BARS_BELOW
    look = {
        "type": "line",
        "name": line.label,
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": is_short,
        "itemStyle": {"color": line.colour},
    }
    solid = [value if full else None for value, full in zip(line.points(), buckets.is_complete, strict=True)]
    area = {"areaStyle": {"color": line.colour, "opacity": 0.08}} if is_filled else {}
    series = [{**look, **area, "data": solid, "lineStyle": {"color": line.colour, "width": 2}}]
    if not all(buckets.is_complete):
        near = _near(buckets.is_complete)
        data = [_end_point(line, i, buckets) if near[i] else None for i in range(len(near))]
        dashed = {"color": line.colour, "width": 2, "type": [3, 4]}
        series.append({**look, "data": data, "lineStyle": dashed, "symbol": "none", "showSymbol": True})
    return series


def _end_point(line: Line, i: int, buckets: Buckets) -> int | float | Option | None:
    """Return a point of a dashed section: hollow if its bucket is incomplete."""
    if buckets.is_complete[i]:
        return line.points()[i]
    hollow = {"color": "var(--panel)", "borderColor": line.colour, "borderWidth": 2}
    return {"value": line.points()[i], "symbol": "circle", "symbolSize": 7, "itemStyle": hollow}


def _near(is_complete: Sequence[bool]) -> list[bool]:
    """Mark incomplete buckets and their neighbours: the points of the dashed sections."""
    last = len(is_complete) - 1
    return [not all(is_complete[max(0, i - 1) : min(last, i + 1) + 1]) for i in range(last + 1)]


def _bars(line: Line, buckets: Buckets) -> Option:
    hatch = {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 4], "rotation": -0.785, "color": "var(--panel)"}
    data = [
        value if full else {"value": value, "itemStyle": {"decal": hatch}}
        for value, full in zip(line.points(), buckets.is_complete, strict=True)
    ]
    look = {"color": line.colour, "borderRadius": [3, 3, 0, 0]}
    return {"type": "bar", "name": line.label, "data": data, "barMaxWidth": 56, "itemStyle": look}


def _previous(line: Line) -> Option:
    look = {"color": "var(--muted)", "width": 1, "type": [4, 4]}
    return {
        "type": "line",
        "name": line.label,
        "data": line.points(),
        "symbol": "none" if len(line.values) > 1 else "emptyCircle",
        "symbolSize": 7,
        "silent": True,
        "lineStyle": look,
        "itemStyle": {"color": "var(--muted)"},
    }


def _name(buckets: Buckets, i: int) -> str:
    """Return the name of a bucket for tooltip and table."""
    name = bucket(buckets.starts[i], buckets.size)
    return name if buckets.is_complete[i] else f"{name} (incomplete)"


def _tip_lines(lines: Sequence[Line], measure: Measure, i: int) -> list[tuple[str, str]]:
    return [(line.label, measure.exact(line.values[i])) for line in lines]


def _end(start: datetime, size: str) -> date:
    if size == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1).date()
    return start.date() + timedelta(days=7 if size == "week" else 1)
