"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.behaviour.journeys import journeys
from clickstream.metrics.behaviour.paths import MAX_TOP, paths
from clickstream.metrics.behaviour.sequences import OPTIONS
from clickstream.metrics.definition import Metric, Option, whole_number

BEHAVIOUR: Mapping[str, Metric] = {
    "paths": Metric(
        "What do visitors do next?",
        "Sessions by what they went through, page by page or event by event, as links between consecutive steps.",
        paths,
        {
            **OPTIONS,
            "top": Option(
                (), f"nodes of a step that keep their name, 1 to {MAX_TOP}", "8", check=whole_number("top", 1, MAX_TOP)
            ),
        },
        refused=("event",),
    ),
    "journeys": Metric(
        "Which ways through the shop are most common?",
        "Sessions by the whole sequence of pages or events that they went through.",
        journeys,
        OPTIONS,
        refused=("event",),
    ),
}
