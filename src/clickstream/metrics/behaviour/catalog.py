"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.behaviour.search_terms import search_terms
from clickstream.metrics.definition import Metric, first_values

BEHAVIOUR: Mapping[str, Metric] = {
    "search_terms": Metric(
        "What do visitors look for, and do they find it?",
        "Search terms, searches without a result, and what sessions did after searching.",
        search_terms,
        {},
        lambda scope, now: search_terms(scope, first_values(now)),
    ),
}
