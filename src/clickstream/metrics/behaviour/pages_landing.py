"""`pages_landing` and `pages_exit`: where do sessions begin, and where do they end?

Sessions that start in the range, by the path of their first or last page view, and the orders placed in them. Sessions
without a page view are `(none)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from clickstream.metrics.acquisition import sessions_by
from clickstream.metrics.question import Column
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("page_path", "text"),
    Column("sessions", "int"),
    Column("visitors", "int"),
    Column("bounces", "int"),
    Column("bounce_rate", "rate"),
    Column("avg_session_s", "double"),
    Column("order_sessions", "int"),
    Column("conversion_rate", "rate"),
    Column("orders", "int"),
    Column("revenue", "money"),
)


def pages_landing(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Group sessions by their first page, most sessions first. only: these pages alone."""
    return sessions_by(scope, "s.landing_page", only, COLUMNS)


def pages_exit(scope: Scope, only: Sequence[str] | None = None) -> Result:
    """Group sessions by their last page, most sessions first. only: these pages alone."""
    return sessions_by(scope, "s.exit_page", only, COLUMNS)
