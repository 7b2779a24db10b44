"""The definitions of this package's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from clickstream.metrics.definition import Metric

CUSTOMERS: Mapping[str, Metric] = {}
