"""Charts and sparklines from answers of `time_series` and `live_minutes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from htmltools import HTML

from clickstream.dashboard.charts.output import PALETTE, Chart, csv_text
from clickstream.dashboard.charts.series import OTHER, Buckets, Line, Measure, time_series
from clickstream.dashboard.formats import Number, days, exact
from clickstream.metrics.question import Answer

OTHER_NAME = "(other)"
_WIDTH, _HEIGHT, _PAD = 120, 28, 2  # of a sparkline, in SVG units


def trend(answers: Sequence[Answer], measure: Measure, since: date | None = None) -> Chart:
    """Draw one figure over time. A second answer is the comparison period, drawn behind it bucket by bucket.

    since: the first day with data. The comparison is not drawn before it: zeros would suggest days without visitors.
    """
    now = answers[0]
    values = _values(now)
    previous = _previous(answers[1], len(values), since or date.min) if len(answers) > 1 else None
    if measure.kind == "money":
        measure = replace(measure, currency=now.meta["currency"])
    chart = time_series(_buckets(now), [Line(measure.title, values)], measure, previous)
    if len(answers) > 1 and previous is None and not chart.note:
        return replace(chart, unit=f"{chart.unit}, no earlier data")
    return chart


def split_trend(answer: Answer, title: str, order: Sequence[str], name: Callable[[str], str] = str) -> Chart:
    """Draw a line for each group of a split.

    order: groups in the order of their colours. name: returns what a group is called on screen.
    """
    rows, groups = answer.dicts(), split_groups(answer, order)
    colours = _colours(groups, order)
    lines = [
        Line(name(group), [row["value"] for row in rows if row["split"] == group], colours[group]) for group in groups
    ]
    return time_series(_buckets(answer), lines, Measure(title))


def split_groups(answer: Answer, order: Sequence[str]) -> list[str]:
    """Return the groups of a split in the order of their lines."""
    groups = dict.fromkeys(row["split"] for row in answer.dicts())
    return sorted(groups, key=lambda group: (group == OTHER_NAME, _rank(group, order)))


def minute_bars(answer: Answer, zone: ZoneInfo) -> Chart:
    """Draw the events of the last 30 minutes, in the local time of `zone`; the tooltip also has the visitors.

    The last bar is hatched: its minute has not ended.
    """
    rows = answer.dicts()
    if not any(row["events"] for row in rows):
        return Chart(note="No events in the last 30 minutes.")
    starts = [row["minute"].astimezone(zone).replace(tzinfo=None) for row in rows]
    buckets = Buckets(starts, "minute", [True] * (len(rows) - 1) + [False])
    chart = time_series(buckets, [Line("Events", [row["events"] for row in rows])], Measure("Events"), is_bars=True)
    texts = [(exact(row["events"]), exact(row["visitors"])) for row in rows]
    tips = [
        (title, [("Events", events), ("Visitors", visitors)])
        for (title, _), (events, visitors) in zip(chart.tips, texts, strict=True)
    ]
    head = ["Minute", "Events", "Visitors"]
    return replace(
        chart,
        label=f"Events by minute, {starts[0]:%H:%M} to {starts[-1]:%H:%M}",
        unit="",
        tips=tips,
        ranges=[],  # no days to choose by dragging
        head=head,
        rows=[[f"{start:%H:%M}", *shown] for start, shown in zip(starts, texts, strict=True)],
        csv=csv_text([head, *([row["minute"].isoformat(), row["events"], row["visitors"]] for row in rows)]),
    )


def spark(answer: Answer) -> HTML:
    """Draw the sparkline of one figure."""
    rows = answer.dicts()
    return sparkline([value or 0 for value in _values(answer)], is_last_complete=bool(rows) and rows[-1]["is_complete"])


def sparkline(values: Sequence[Number], is_last_complete: bool = True) -> HTML:
    """Draw a line through `values` on a scale from zero. An incomplete last bucket is dashed; zeros alone are empty."""
    if len(values) < 2 or not any(values):
        return HTML("")
    top = float(max(values))
    step = _WIDTH / (len(values) - 1)
    points = [
        f"{i * step:.1f},{_HEIGHT - _PAD - float(value) / top * (_HEIGHT - 2 * _PAD):.1f}"
        for i, value in enumerate(values)
    ]
    solid = points if is_last_complete else points[:-1]
    lines = f'<polyline points="{" ".join(solid)}"/>' if len(solid) > 1 else ""
    if not is_last_complete:
        lines += f'<polyline points="{" ".join(points[-2:])}" stroke-dasharray="2 3"/>'
    return HTML(
        f'<svg class="sparkline" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f"{lines}</svg>"
    )


def _values(answer: Answer) -> list[Number | None]:
    return [row["value"] for row in answer.dicts()]


def _previous(answer: Answer, length: int, since: date) -> Line | None:
    ends = [end for _, end in _buckets(answer).ranges()]
    known = zip(_values(answer), ends, strict=True)
    values = [value if end > since.isoformat() else None for value, end in known]
    name = days(answer.meta["from"], answer.meta["to"] - timedelta(days=1))
    return Line(name, [*values, *[None] * length][:length]) if any(values) else None


def _buckets(answer: Answer) -> Buckets:
    """Return the buckets of an answer, each once even if it has several groups."""
    is_complete = {(row["bucket_local"], row["utc_offset_s"]): row["is_complete"] for row in answer.dicts()}
    return Buckets([start for start, _ in is_complete], answer.meta["options"]["by"], list(is_complete.values()))


def _rank(group: str, order: Sequence[str]) -> int:
    return order.index(group) if group in order else len(order)


def _colours(groups: list[str], order: Sequence[str]) -> dict[str, str]:
    """Choose each group's colour by its rank in `order`, the same on every chart; if it is used, the next free one."""
    chosen: dict[str, str] = {}
    for group in groups:
        if group == OTHER_NAME:
            chosen[group] = OTHER
            continue
        start = _rank(group, order) % (len(PALETTE) - 1)
        candidates = [*PALETTE[start:-1], *PALETTE[:start]]
        chosen[group] = next((colour for colour in candidates if colour not in chosen.values()), candidates[0])
    return chosen
