"""Events by minute: thirty bars, the last one hatched because its minute has not ended.

In: an answer of `live_minutes`. Out: a `Chart`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from clickstream.dashboard.charts.output import Chart, csv_text
from clickstream.dashboard.charts.series import Buckets, Line, Measure, time_series
from clickstream.dashboard.formats import exact
from clickstream.metrics.question import Answer


def minute_bars(answer: Answer, zone: ZoneInfo) -> Chart:
    """Draw the events of each minute, in the local time of `zone`; the tooltip also has the visitors."""
    rows = answer.dicts()
    if not any(row["events"] for row in rows):
        return Chart(note="No events in the last 30 minutes.")
    starts = [_local(row["minute"], zone) for row in rows]
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


def _local(minute: datetime, zone: ZoneInfo) -> datetime:
    return minute.astimezone(zone).replace(tzinfo=None)
