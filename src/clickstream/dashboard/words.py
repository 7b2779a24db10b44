"""The figures that the pages show: what each is called, how it is written, and what exactly it counts.

The definitions are those of the metrics, in a user's words.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.dashboard.formats import Kind


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure.

    beside: a figure and the text for it that stand in place of a sparkline, written as beside_kind (none: as kind).
    ware: shown only where orders are known ("shop"), only where they are not ("plain"), or always ("").
    """

    key: str
    label: str
    definition: str
    kind: Kind = "count"
    beside: tuple[str, str] | None = None
    beside_kind: Kind | None = None
    ware: str = ""

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
    Figure(
        "revenue",
        "Revenue",
        "What the orders placed in these days come to, in the currency with most orders; other currencies are never "
        "added. It is gross: events know no refunds. Totals are those of the shop's server where it told them.",
        kind="money",
        ware="shop",
    ),
    Figure(
        "orders",
        "Orders",
        "Orders placed in these days, each once, whether the browser, the shop's server or both told of it.",
        ware="shop",
    ),
    Figure(
        "conversion_rate",
        "Conversion rate",
        "Sessions with an order, divided by all sessions that began in these days. Orders that only the shop's server "
        "saw belong to no session.",
        kind="percent",
        beside=("sessions", "of {} sessions"),
        beside_kind="count",
        ware="shop",
    ),
    Figure(
        "events",
        "Events",
        "All events that happened in these days, of every name. Bots are counted, unless people only are shown.",
        ware="plain",
    ),
    Figure(
        "events_per_session",
        "Events per session",
        "All events of the sessions that began in these days, divided by the number of those sessions.",
        kind="ratio",
        ware="plain",
        beside=("pages_per_session", "{} pages per session"),
    ),
    Figure(
        "median_session_s",
        "Median session",
        "Half of the sessions lasted at most this long, from their first to their last event. A session of one event "
        "lasted 0 s.",
        kind="seconds",
        ware="plain",
        beside=("avg_session_s", "mean {}"),
    ),
)

SERIES: dict[str, tuple[str, Kind]] = {
    "sessions": ("Sessions", "count"),
    "visitors": ("Visitors", "count"),
    "page_views": ("Page views", "count"),
    "events": ("Events", "count"),
    "new_visitors": ("New visitors", "count"),
    "revenue": ("Revenue", "money"),
    "orders": ("Orders", "count"),
    "conversion_rate": ("Conversion rate", "percent"),
    "cart_sessions": ("Sessions with a cart", "count"),
    "bounce_rate": ("Bounce rate", "percent"),
}
TIME_SERIES = (
    "One figure for each bucket of time. Drag over the chart to look at some days; a bucket that is not "
    "over yet, or only partly inside these days, is dashed. The thin dashed line is the period compared with."
)
PRODUCTS = (
    "Events in these days that name a product, and the items of orders placed in them. Views are product_view events, "
    "cart adds are add_to_cart_click events; view to cart is the share of sessions with a view that also added it. "
    "Revenue is price times quantity of the items; discounts and shipping of an order are not spread over them."
)
CHANNELS = (
    "Sessions that began in these days, by the channel of their first page: its campaign tags, its click id, else its "
    "referrer. Revenue is that of the orders placed in these sessions."
)
DEVICES = "Sessions that began in these days, by the device of their first event."
CATEGORIES = (
    "What the orders placed in these days brought, by the category that their items name; without any, product views "
    "(product_view events) by the category that the event names."
)
COUNTRIES = "Sessions that began in these days, by the country of their first event."
