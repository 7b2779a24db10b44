"""The figures that the pages show: what each is called, how it is written, and what exactly it counts.

The definitions are those of the metrics, in a user's words.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.dashboard.formats import Kind


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure. beside: a figure and the text for it that stand in place of a sparkline."""

    key: str
    label: str
    definition: str
    kind: Kind = "count"
    beside: tuple[str, str] | None = None

    @property
    def has_series(self) -> bool:
        return self.beside is None


FIGURES = (
    Figure(
        "visitors",
        "Visitors",
        "People with at least one event in these days. A person is the event's user id, else the first user id that "
        "the browser ever showed, else the browser's own id. Days do not add up: who comes twice counts once.",
    ),
    Figure(
        "sessions",
        "Sessions",
        "Visits that began in these days. A session ends when more than 30 minutes pass without an event, and counts "
        "whole on the day it began.",
    ),
    Figure(
        "page_views",
        "Page views",
        "Pages looked at: page_view events, and views of home, category or product pages that no page_view of the "
        "same page accompanies within 5 seconds.",
    ),
    Figure("events", "Events", "All events that happened in these days, of every name. Bots are counted."),
    Figure(
        "events_per_session",
        "Events per session",
        "All events of the sessions that began in these days, divided by the number of those sessions.",
        kind="ratio",
        beside=("pages_per_session", "{} pages per session"),
    ),
    Figure(
        "median_session_s",
        "Median session",
        "Half of the sessions lasted at most this long, from their first to their last event. A session of one event "
        "lasted 0 s.",
        kind="seconds",
        beside=("avg_session_s", "mean {}"),
    ),
)

SERIES: dict[str, tuple[str, Kind]] = {
    "sessions": ("Sessions", "count"),
    "visitors": ("Visitors", "count"),
    "page_views": ("Page views", "count"),
    "events": ("Events", "count"),
    "new_visitors": ("New visitors", "count"),
    "cart_sessions": ("Sessions with a cart", "count"),
    "bounce_rate": ("Bounce rate", "percent"),
}
TIME_SERIES = (
    "One figure for each bucket of time. Drag over the chart to look at some days; a bucket that is not "
    "over yet, or only partly inside these days, is dashed. The thin dashed line is the period compared with."
)
PRODUCTS = (
    "Events in these days that name a product. Views are product_view events, cart adds are "
    "add_to_cart_click events; view to cart is the share of sessions with a view that also added it."
)
CATEGORIES = "Product views (product_view events) in these days, by the category that the event names."
COUNTRIES = "Sessions that began in these days, by the country of their first event."
