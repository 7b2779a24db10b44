"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import CURRENCY, Metric, Option
from clickstream.metrics.live.live import live
from clickstream.metrics.live.live_minutes import live_minutes
from clickstream.metrics.live.live_top import BY, live_top
from clickstream.metrics.live.window import REFUSED, window

LIVE: Mapping[str, Metric] = {
    "live": Metric(
        "What happens now?",
        "Visitors, sessions and sales of the last 30 minutes.",
        live,
        {"currency": CURRENCY},
        refused=REFUSED,
        period=window,
    ),
    "live_minutes": Metric(
        "How busy were the last 30 minutes?",
        "Events and visitors of each of the last 30 minutes.",
        live_minutes,
        {},
        refused=REFUSED,
        period=window,
    ),
    "live_top": Metric(
        "Where are visitors now, and where do they come from?",
        "The ten pages, or origins, with most events in the last 30 minutes.",
        live_top,
        {"by": Option(BY, "one row per", "page_path")},
        refused=REFUSED,
        period=window,
    ),
}
