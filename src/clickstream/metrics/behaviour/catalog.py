"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.behaviour.movers import LIMIT, METRIC_NAMES, movers
from clickstream.metrics.behaviour.search_terms import search_terms
from clickstream.metrics.definition import CURRENCY, Metric, Option, first_values

BEHAVIOUR: Mapping[str, Metric] = {
    "search_terms": Metric(
        "What do visitors look for, and do they find it?",
        "Search terms, searches without a result, and what sessions did after searching.",
        search_terms,
        {},
        lambda scope, now: search_terms(scope, first_values(now)),
    ),
    "movers": Metric(
        "What explains the change?",
        "The values of each dimension whose figure changed most against the comparison period.",
        movers,
        {"metric": Option(METRIC_NAMES, "a figure of overview", "sessions"), "currency": CURRENCY},
        limit=LIMIT,
    ),
}
