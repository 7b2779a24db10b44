"""Where a point of a time chart leads: to the sessions behind it, or to Explain for its bucket; and where a row leads.

In: an answer of `time_series`, and the output that shows it. Out: addresses, in the order of the rows of the chart's
table. They keep the filters of the view, so that what opens counts what the point says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from clickstream.dashboard.charts.output import Chart
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.view import Days, Explained, View
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.buckets import Bucket, Unit, buckets
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.split import OTHER

REACHED = {"sessions": "", "cart_sessions": "cart", "checkout_sessions": "checkout", "order_sessions": "order"}
"""Figures whose points are lists of sessions, with what these reached."""
VISITORS = "visitors"


def linked(chart: Chart, view: View, output: str, answer: Answer, groups: Sequence[str] = ()) -> Chart:
    """Return the chart with a link behind each of its points. groups: the values of its lines, in their order."""
    meta = answer.meta
    period = Period(meta["from"], meta["to"], meta["start"], meta["end"], meta["end"])
    lines = groups or ("",)
    unit, zone = cast(Unit, meta["options"]["by"]), ZoneInfo(meta["tz"])
    links = []
    shown = replace(view, period="", days=Days(period.from_date, period.to_date))
    for bucket in buckets(unit, zone, period):
        at = _text(bucket.start)
        links.append(
            [
                _sessions(_only(shown, meta["options"], group), meta["options"], bucket)
                or replace(view, explained=Explained(output, at, group)).query()
                if group != OTHER
                else ""
                for group in lines
            ]
        )
    return replace(chart, links=links) if chart.rows else chart


def row_link(view: View, output: str, key: str = "value") -> Callable[[Row], str]:
    """Return a function for the address of what is behind a row of a ranking. key: of its value."""
    return lambda row: replace(view, explained=Explained(output, value=row[key])).query()


def _only(view: View, options: Mapping[str, str], group: str) -> View:
    """Return the view with a filter for one group of a split in place of others for the same dimension."""
    if not group or view.has_filter(options["split"], group):
        return view
    filters = tuple(pair for pair in view.filters if pair[0] != options["split"])
    return replace(view, filters=filters).toggle(options["split"], group)


def _sessions(view: View, options: Mapping[str, str], bucket: Bucket) -> str:
    """Return the address of the list of the sessions behind a point; "" for a figure that is not a number of them."""
    reached = REACHED.get(options["metric"])
    if reached is None:
        return ""
    between = f"{_text(bucket.start)}..{_text(bucket.end)}"
    return replace(view, page=VISITORS, options=()).with_option(between=between, reached=reached).query()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
