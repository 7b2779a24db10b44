"""`devices`: which devices do visitors use, and where are they?

Sessions that start in the range, grouped by a value of their first event. Columns and sort order as in `acquisition`.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.acquisition import sessions_by
from clickstream.metrics.rules.filters import DEVICE_COLUMNS
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope


def devices(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Group sessions by device type, browser, system or country, most sessions first. only: these values alone."""
    return sessions_by(scope, f"s.{DEVICE_COLUMNS[scope.options['by']]}", only)
