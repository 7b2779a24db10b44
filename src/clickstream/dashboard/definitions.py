"""The figures that the pages show: their labels, formats, and definitions.

The definitions are those of docs/metrics, in words for users of the dashboard.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.dashboard.formats import Kind


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure.

    caption: a second figure and its text, shown instead of a sparkline; caption_kind: its format, by default `kind`.
    shown_with: "orders" = only if orders exist, "no-orders" = only if none exist, "" = always.
    """

    key: str
    label: str
    definition: str
    kind: Kind = "count"
    caption: tuple[str, str] | None = None
    caption_kind: Kind | None = None
    shown_with: str = ""

    @property
    def has_series(self) -> bool:
        return self.caption is None


FIGURES = (
    Figure(
        "visitors",
        "Visitors",
        "People with at least one event in these days. A person is identified by the user id, else by the first user "
        "id ever seen in the same browser, else by the browser's id. Days do not add up: a person who comes on two "
        "days counts once.",
    ),
    Figure(
        "sessions",
        "Sessions",
        "Visits that began in these days. A session ends after more than 30 minutes without an event and counts on "
        "the day on which it began.",
    ),
    Figure(
        "page_views",
        "Page views",
        "page_view events, plus views of home, category and product pages without a page_view of the same page within "
        "5 seconds.",
    ),
    Figure(
        "revenue",
        "Revenue",
        "Total value of the orders placed in these days, in the currency with most orders; amounts in other currencies "
        "are not added. Refunds are not subtracted. Where the browser and the shop's server report different totals, "
        "the server's counts.",
        kind="money",
        shown_with="orders",
    ),
    Figure(
        "orders",
        "Orders",
        "Orders placed in these days. An order counts once, even if both the browser and the shop's server report it.",
        shown_with="orders",
    ),
    Figure(
        "conversion_rate",
        "Conversion rate",
        "Sessions with an order divided by all sessions that began in these days. Orders reported only by the shop's "
        "server have no session and are not included.",
        kind="percent",
        caption=("sessions", "of {} sessions"),
        caption_kind="count",
        shown_with="orders",
    ),
    Figure(
        "events",
        "Events",
        "All events in these days, of every name. Bots are included unless the filter “People only” is on.",
        shown_with="no-orders",
    ),
    Figure(
        "events_per_session",
        "Events per session",
        "All events of the sessions that began in these days divided by the number of these sessions.",
        kind="ratio",
        shown_with="no-orders",
        caption=("pages_per_session", "{} pages per session"),
    ),
    Figure(
        "median_session_s",
        "Median session",
        "Half of the sessions lasted at most this long, from their first to their last event. A session with one event "
        "lasts 0 s.",
        kind="seconds",
        shown_with="no-orders",
        caption=("avg_session_s", "mean {}"),
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
    "The selected figure per hour, day, week or month. Drag over the chart to zoom in on some days. A period that has "
    "not ended, or is only partly within these days, is dashed. The thin dashed line is the comparison period."
)
PRODUCTS = (
    "Events in these days that name a product, and the items of orders placed in these days. Views are product_view "
    "events, cart adds are add_to_cart_click events; view to cart is the share of sessions with a view that also added "
    "the product to the cart. Revenue is price times quantity of the items, without discounts and shipping costs."
)
CHANNELS = (
    "Sessions that began in these days, by the channel of their first page: its campaign tags or click id, else its "
    "referrer. Revenue is the total of the orders placed in these sessions."
)
ACQUISITION = (
    "Sessions that began in these days, by where their first page came from. Channels follow from its campaign tags, "
    "click id and referrer. A visitor with sessions in two groups counts in both. First visits are first sessions "
    "of new visitors. Orders and revenue are those of these sessions."
)
ACQUISITION_SERIES = (
    "Sessions per hour, day, week or month, with a line for each of the five largest groups; (other) is the rest. Drag "
    "over the chart to zoom in on some days."
)
DEVICES = "Sessions that began in these days, by what their first event was sent from."
PAGES_TOP = (
    "Page views in these days, by path. Entries and exits are the first and last page views of their sessions. The "
    "time on a page ends with the next page view of the session, or with its last event. A click on a page filters by "
    "sessions and events with this page."
)
PAGES_ENDS = (
    "Sessions that began in these days, by the path of their first or last page view. Orders and revenue are those of "
    "these sessions. A session bounced if it has one page view, lasted less than 10 seconds, and led to no key event, "
    "such as adding to the cart, and to no order."
)
PEAK_ACTIVITY = (
    "The figure in each hour of the week, divided by how often this hour occurs in these days. Sessions count where "
    "they start, orders where they are placed, and visitors in each hour in which they have an event."
)
PATHS = (
    "Sessions that began in these days, by the pages or events they went through one after the other; repetitions in a "
    "row count once. In each column the 8 most frequent keep their names. The width of a band is its number of "
    "sessions. A click on a name starts there: what do visitors do after it?"
)
JOURNEYS = (
    "The most common whole sequences of the first five pages or events. Each session is in one row; the share is of "
    "all sessions with such a sequence."
)
CATEGORIES = (
    "Revenue of the items ordered in these days, by category. If there is none: product views (product_view events) by "
    "category."
)
COUNTRIES = "Sessions that began in these days, by the country of their first event."
HEALTH_RECEIVED = "Time since the newest loaded event was received. A quiet shop receives nothing at night."
HEALTH_LOADED = "Time since the last load was committed. Without new events there is nothing to load."
HEALTH_MISSING = (
    "Accepted lines that are neither loaded nor accounted for in any other way. This must be 0, for each hour."
)
HEALTH_PENDING = (
    "Lines that are stored but not loaded. They are loaded within seconds; an object is overdue when the last pass of "
    "the loader should have seen it."
)
HEALTH_LEDGER = (
    "Every line that the collector accepted in these days, by the hour in which it was stored (UTC). Duplicates: "
    "copies of an event, such as a tracker sends after a lost response. Bad rows: lines that are not events. Erased: "
    "lines of persons who asked for it. Days whose objects or rows have expired are left out."
)
HEALTH_BAD_ROWS = (
    "Lines of raw objects that are not events. They are kept with the reason and their bytes, and can be loaded once "
    "they, or the program, are corrected."
)
HEALTH_BOTS = (
    "Events received in these days that count as those of bots, by reason: their user agent, or the pace of their "
    "session. They are kept; People only hides them on other pages. An event with two reasons is in both rows."
)
HEALTH_LATE = (
    "Events by the hour or day in which they were received (UTC). Sent late: more than 1 hour after they happened, "
    "because the device was offline or the events were imported. Loaded late: more than 15 minutes after they were "
    "received, because the loader was behind."
)
HEALTH_CLOCK = (
    "How wrong the clock of the device was when it sent an event, which includes the time on the way. As sent: the "
    "time on the device was used. Corrected: the error was subtracted. Received: the device's time was impossible."
)
HEALTH_ORDERS = (
    "Orders placed in these days that were tracked, by who reported them. Captured: the share of the orders reported "
    "by the server that a browser reported too. Different: browser and server reported different amounts."
)
ORDERS_CHECK = (
    "Orders that the shop's database has for these days. Browser: its checkout_complete event arrived; server: its "
    "order_confirmed event arrived. Pending: younger than 15 minutes, and neither arrived yet; such orders count in no "
    "rate. Doubled: one side sent two events with different ids."
)
ORDERS_CAPTURED = "Share of the shop's orders that the browser or the server reported; pending orders are left out."
ORDERS_BY_BROWSER = "Share of the shop's orders that the browser reported. Blockers and closed tabs lower it."
ORDERS_MISSING = "Orders that neither the browser nor the server reported within 15 minutes."
ORDERS_DIFFERENT = "Orders with an event whose total or currency is not that of the order."
REFUNDS_CAPTURED = "Refunds that the shop's server reported, of those that were reported or are older than 15 minutes."
FUNNEL = (
    "Visitors or sessions that took the first step in these days, and how many of them took each further step, in this "
    "order and in time. Later steps also count after these days. Filters choose who starts, not what they do later. A "
    "visitor counts once per step. The loss is the share of those who took the step before. Directly in a row: any "
    "other event but page views and clicks breaks the chain."
)
FUNNEL_STARTED = "Visitors or sessions that took the first step in these days and match the filters."
FUNNEL_COMPLETED = "Those of them who took all steps, in this order and in time."
FUNNEL_RATE = "Those who took all steps divided by those who took the first one."
FUNNEL_TIME = "Half of those who took all steps needed at most this time from the first step to the last."
FUNNEL_SPLIT = (
    "Each visitor or session belongs to the group of its first step. The percentages are shares of those who started "
    "in that group. The ten largest groups have rows, (other) is the rest."
)
RETENTION = (
    "Visitors by the day, week or month of their first start event, and the share of them who came back in each one "
    "after it. Visitors first seen before these days are in no row. The line adds up the rows whose period has "
    "ended."
)
RETENTION_COHORTS = (
    "A row holds the visitors whose first start event was in that day, week or month. Each cell is the share of them "
    "with a return event that many days, weeks or months later, whether or not they came in between. Hatched cells "
    "have not ended: they can still grow."
)
