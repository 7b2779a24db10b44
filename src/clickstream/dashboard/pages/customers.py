"""Customers: who buys, who comes back, what is a customer worth, and what is left in carts?

Key figures of the buyers, revenue by kind of customer, payment method and coupon, lifetime value by month of the first
order, groups of customers by recency, frequency and value, and abandoned carts. The chosen group is in the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, module, render

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.state import LiveResult, MetricQuery, PageState, QueryContext
from clickstream.dashboard.charts.output import Chart, echart_ui, render_echart
from clickstream.dashboard.charts.ranking import (
    RankColumn,
    Ranking,
    Row,
    change_mark,
    in_currency,
    ranking_table,
    sort_rows,
)
from clickstream.dashboard.drawings.lifetime import value_curve, value_map
from clickstream.dashboard.formats import Kind
from clickstream.dashboard.listing import MAX_ROWS, PAGE_SIZE, more_rows, shown_rows
from clickstream.dashboard.panel import (
    MAX_NAME_LENGTH,
    chart_or_failure,
    chart_table,
    chart_tools,
    chart_unit,
    content_or_failure,
    empty_note,
    figure_card,
    filter_refusal,
    panel,
    placeholder,
    product_name,
    skeleton,
)
from clickstream.dashboard.view import Days, View
from clickstream.dashboard.words import NONE_VALUE, in_words
from clickstream.errors import ClickstreamError
from clickstream.metrics.customers.rfm_customers import GROUPS
from clickstream.metrics.question import Answer

PAGE = "customers"
COHORT_MONTHS = 12  # at least as many, also when fewer days are on screen
PRODUCTS = 10
ROWS = 8


@dataclass(frozen=True, slots=True)
class Card:
    """A key figure. caption: a text with the values of `parts`. is_neutral: more is neither better nor worse."""

    key: str
    label: str
    about: str
    kind: Kind = "count"
    caption: str = ""
    parts: Sequence[str] = ()
    is_neutral: bool = False


BUYERS = (
    Card("customers", "Customers", definitions.CUSTOMERS),
    Card("first_time", "New customers", definitions.FIRST_TIME),
    Card("repeat_customers", "Repeat customers", definitions.REPEAT_CUSTOMERS),
    Card("repeat_rate", "Repeat rate", definitions.REPEAT_RATE, "percent", "of {}", ("customers",)),
    Card("orders_per_customer", "Orders per customer", definitions.ORDERS_PER_CUSTOMER, "ratio"),
    Card(
        "median_days_between_orders",
        "Days between",
        definitions.DAYS_BETWEEN,
        caption="orders, median",
        is_neutral=True,
    ),
)
CARTS = (
    Card("carts", "Carts filled", definitions.CARTS, caption="{} ordered, {} emptied", parts=("ordered", "emptied")),
    Card(
        "abandonment_rate",
        "Carts abandoned",
        definitions.ABANDONMENT,
        "percent",
        "{} left behind",
        ("abandoned",),
        is_neutral=True,
    ),
    Card(
        "checkout_abandonment_rate",
        "Abandoned in checkout",
        definitions.CHECKOUT_ABANDONMENT,
        "percent",
        "{} of {} carts",
        ("checkout_abandoned", "checkout_carts"),
        is_neutral=True,
    ),
    Card(
        "median_to_order_s",
        "Time to order",
        definitions.TIME_TO_ORDER,
        "seconds",
        "median, from the first product",
        is_neutral=True,
    ),
)
REVENUE = {"customer": "First and repeat orders", "payment_method": "Payment methods", "coupon": "Coupons"}
_HEADS = {"customer": "Order", "payment_method": "Paid by", "coupon": "Coupon"}
_MISSING = {
    "payment_method": "The orders of these days name no payment method. The shop can send it as paymentMethod.",
    "coupon": "No order of these days had a coupon.",
}
_SOLD = (
    RankColumn("revenue", "Revenue", "money"),
    RankColumn("orders", "Orders"),
    RankColumn("refunds", "Refunded", "money", is_wide=True),
)
_GROUP = (
    RankColumn("customers", "Customers"),
    RankColumn("orders", "Orders", is_wide=True),
    RankColumn("revenue", "Revenue", "money"),
)
_CUSTOMER = (
    RankColumn("revenue", "Revenue", "money"),
    RankColumn("orders", "Orders"),
    RankColumn("recency_days", "Days ago", is_wide=True),
    RankColumn("r", "R", is_wide=True),
    RankColumn("f", "F", is_wide=True),
    RankColumn("m", "M", is_wide=True),
)
_LEFT = (
    RankColumn("carts", "Carts"),
    RankColumn("carts_with_product", "Of carts", is_wide=True),
    RankColumn("rate", "Rate", "percent"),
)


@module.ui
def page_ui(view: View) -> TagList:
    """Return the page before its first answer."""
    del view
    return TagList(
        tags.h1("Customers", class_="unseen"),
        tags.div(*(_card(card) for card in BUYERS), class_="cards short"),
        *(
            panel(
                title,
                placeholder(module.resolve_id(by), skeleton(3)),
                span=4,
                about=definitions.REVENUE_BY_CUSTOMER if by == "customer" else definitions.REVENUE_BY,
            )
            for by, title in REVENUE.items()
        ),
        panel(
            TagList("Lifetime value", chart_unit()),
            echart_ui(module.resolve_id("curve")),
            chart_table(),
            tools=chart_tools(),
            about=definitions.LTV,
        ),
        panel(
            "Lifetime value by month of the first order",
            placeholder(module.resolve_id("cohorts"), skeleton(6)),
            tools=chart_tools(left_out=("table", "png")),
            about=definitions.LTV_COHORTS,
        ),
        panel("Groups of customers", placeholder(module.resolve_id("groups"), skeleton(6)), about=definitions.RFM),
        panel(
            placeholder(module.resolve_id("list_title")),
            placeholder(module.resolve_id("list"), skeleton(PAGE_SIZE)),
            about=definitions.RFM_CUSTOMERS,
        ),
        tags.div(*(_card(card) for card in CARTS), class_="cards four short"),
        panel(
            "Left behind in carts",
            placeholder(module.resolve_id("left"), skeleton(PRODUCTS)),
            about=definitions.ABANDONED_PRODUCTS,
        ),
    )


@module.server
def page_server(_input: Inputs, output: Outputs, _session: Session, state: PageState) -> None:
    """Query the page's metrics and draw the answers."""
    buyers = state.query(PAGE, lambda context: [("customers", context.question())], _outputs(BUYERS))
    carts = state.query(PAGE, lambda context: [("abandonment", context.question())], _outputs(CARTS))
    worth = state.query(PAGE, lambda context: [_ltv_query(context)], {"curve": "", "cohorts": ""})
    in_groups = state.query(PAGE, lambda context: [("rfm", replace(context.question(), compare="none"))], "groups")
    best = state.query(PAGE, lambda context: [_list_query(context)], "list")
    abandoned = state.query(PAGE, lambda context: [_abandoned_query(context)], "left")

    for card in BUYERS:
        _draw_card(output, buyers, card)
    for card in CARTS:
        _draw_card(output, carts, card)
    for by, title in REVENUE.items():
        _draw_revenue(output, state, by, title)

    @output
    @render_echart
    def curve() -> Chart:
        return chart_or_failure(worth, "Lifetime value", lambda answers: _curve(answers[0]))

    @output
    @render.ui
    def cohorts() -> TagChild:
        return content_or_failure(worth, "Lifetime value", lambda answers: _cohorts(answers[0]))

    @output
    @render.ui
    def groups() -> TagChild:
        view = state.view()
        return content_or_failure(in_groups, "The groups of customers", lambda answers: _groups(view, answers[0]))

    @output
    @render.ui
    def list_title() -> TagChild:
        group = _group(state.view())
        return in_words("rfm_group", group) if group else "Best customers"

    @output(id="list")
    @render.ui
    def listed() -> TagChild:
        return content_or_failure(best, "The customers", lambda answers: _listed(state.view(), answers[0]))

    @output
    @render.ui
    def left() -> TagChild:
        return content_or_failure(abandoned, "The products", lambda answers: _left(state.view(), answers[0]))


def _outputs(cards: Sequence[Card]) -> dict[str, str]:
    return {f"card_{card.key}": "" for card in cards}


def _card(card: Card) -> Tag:
    return figure_card(module.resolve_id(f"card_{card.key}"), card.label, card.about)


def _draw_card(output: Outputs, found: LiveResult[list[Answer]], card: Card) -> None:
    @output(id=f"card_{card.key}")
    @render.ui
    def drawn() -> TagChild:
        outcome = found.outcome()
        if isinstance(outcome, ClickstreamError):
            why = tags.p(filter_refusal(outcome) or formats.safe_text(str(outcome)), class_="caption")
            return TagList(tags.span(formats.NONE, class_="value"), why)
        row = outcome[0].dicts()[0]
        value = row[card.key]
        caption = card.caption.format(*(formats.short(row[part]) for part in card.parts))
        change = None
        if row.get(f"{card.key}_previous") and not card.is_neutral:
            change = change_mark(value, row[f"{card.key}_previous"], card.kind)
        return TagList(
            tags.span(formats.short(value, card.kind), class_="value", title=formats.exact(value, card.kind)),
            tags.p(change, tags.span(caption) if caption and value is not None else None, class_="caption together"),
        )


def _draw_revenue(output: Outputs, state: PageState, by: str, title: str) -> None:
    found = state.query(PAGE, lambda context: [("revenue", context.question(limit=MAX_ROWS, by=by))], by)

    def drawn(answer: Answer) -> TagChild:
        rows = sort_rows(answer.dicts(), "revenue")[:ROWS]
        if not rows:
            return empty_note("No orders in these days.")
        if by in _MISSING and all(row["value"] == NONE_VALUE for row in rows):
            return empty_note(_MISSING[by])
        columns = _in_currency(_SOLD, answer)
        heading = Ranking(_HEADS[by], lambda row: in_words(by, row["value"]), columns, bar="revenue")
        return ranking_table(rows, heading)

    @output(id=by)
    @render.ui
    def table() -> TagChild:
        return content_or_failure(found, title, lambda answers: drawn(answers[0]))


def _in_currency(columns: Sequence[RankColumn], answer: Answer) -> list[RankColumn]:
    """Return the columns with the currency of their amounts, also in their titles."""
    return [
        replace(column, label=f"{column.label}, {column.currency}") if column.currency else column
        for column in in_currency(columns, answer.meta["currency"])
    ]


def _ltv_query(context: QueryContext) -> MetricQuery:
    """Return the query for the cohorts of the days on screen, and of the months before them: a year in all."""
    last = context.days.last
    number = last.year * 12 + last.month - COHORT_MONTHS
    first = min(context.days.first, date(number // 12, number % 12 + 1, 1))
    whole_year = replace(context, days=Days(first, context.days.end))
    return "ltv", replace(whole_year.question(), compare="none")


def _list_query(context: QueryContext) -> MetricQuery:
    group = _group(context.view)
    options = {"group": group} if group else {}
    return "rfm_customers", replace(context.question(limit=shown_rows(context.view), **options), compare="none")


def _abandoned_query(context: QueryContext) -> MetricQuery:
    """Return the query for the products left in carts, without a comparison: it doubles the work of a slow answer."""
    return "abandoned_products", replace(context.question(limit=PRODUCTS), compare="none")


def _group(view: View) -> str:
    return view.option("group", GROUPS, "")


def _curve(answer: Answer) -> Chart:
    rows = answer.dicts()
    return value_curve(rows, answer.meta["currency"]) if rows else Chart(note=_NO_COHORT)


def _cohorts(answer: Answer) -> TagChild:
    rows = answer.dicts()
    return value_map(rows, answer.meta["currency"]) if rows else empty_note(_NO_COHORT)


_NO_COHORT = "No customer ordered for the first time in these months."


def _groups(view: View, answer: Answer) -> TagChild:
    rows = answer.dicts()
    if not any(row["customers"] for row in rows):
        return empty_note("No visitor ordered in the year up to the last of these days.")
    layout = Ranking("Group", lambda row: _group_name(view, row), _in_currency(_GROUP, answer), "customers")
    return ranking_table(rows, layout)


def _group_name(view: View, row: Row) -> Tag:
    """Name a group, as a link that lists its customers, or all of them again."""
    name, is_on = row["group"], _group(view) == row["group"]
    return tags.a(
        tags.span(in_words("rfm_group", name)),
        tags.span(definitions.RFM_GROUPS[name], class_="quiet"),
        href=view.with_option(group="" if is_on else name, rows="").query(),
        data_key=f"group-{name}",
        title="List all customers" if is_on else "List these customers",
        aria_current="true" if is_on else None,
    )


def _listed(view: View, answer: Answer) -> TagChild:
    rows = answer.dicts()
    if not rows:
        return empty_note("No customers in this group." if _group(view) else "No customers in this year.")
    layout = Ranking("Customer", _customer_name, _in_currency(_CUSTOMER, answer), bar="revenue")
    return TagList(ranking_table(rows, layout), more_rows(view, len(rows), answer.meta["total_rows"]))


def _customer_name(row: Row) -> Tag:
    """Name a customer, as a link to the timeline of this visitor."""
    visitor = row["visitor_id"]
    return tags.a(
        Tag("long-name", formats.cut(visitor, MAX_NAME_LENGTH)),
        href="?" + urlencode({"page": "visitors", "visitor": visitor}),
        title=f"{formats.safe_text(visitor)}: what this visitor did",
        data_key=f"customer-{visitor}",
    )


def _left(view: View, answer: Answer) -> TagChild:
    rows = [row for row in answer.dicts() if row["carts"]]
    if not rows:
        return empty_note("No cart with a product was left behind in these days.")
    named = [{**row, "value": row["product_id"]} for row in rows]
    return ranking_table(named, Ranking("Product", lambda row: product_name(view, row), _LEFT, bar="carts"))
