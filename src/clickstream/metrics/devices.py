"""`devices`: on what, and from where?

Sessions that start in range, by a value of their first event. Columns and order are those of `acquisition`.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.acquisition import sessions_by
from clickstream.metrics.rules.filters import DEVICE_COLUMNS, value_sql
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope


def devices(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Sessions by device type, browser, system or country, most sessions first. `only`: just these values."""
    return sessions_by(scope, value_sql("s", DEVICE_COLUMNS[scope.options["by"]]), only)
