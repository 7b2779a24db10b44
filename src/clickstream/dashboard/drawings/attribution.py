"""Attribution: what each channel, source, medium or campaign earns, with a column for each model.

In: an answer of `attribution` with all models. Out: HTML with the same numbers as CSV. A bar is the share of all orders
that the model gives to the row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from htmltools import Tag, TagChild, tags

from clickstream.dashboard.charts.output import csv_text
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.formats import exact, short
from clickstream.dashboard.words import in_words
from clickstream.metrics.customers.attribution import MODELS
from clickstream.metrics.question import Answer
from clickstream.money import exact_decimal

SORTED_BY = "linear"  # the model that favours no visit decides the order of the rows


def by_value(answer: Answer) -> dict[str, dict[str, Row]]:
    """Return the rows of each value by model, the values with most orders by the model `SORTED_BY` first.

    Values of which the limit cut some models are left out.
    """
    found: dict[str, dict[str, Row]] = {}
    for row in answer.dicts():
        found.setdefault(row["value"], {})[row["model"]] = row
    whole = [(value, models) for value, models in found.items() if len(models) == len(MODELS)]
    return dict(sorted(whole, key=lambda item: (-item[1][SORTED_BY]["credit"], item[0])))


def model_table(answer: Answer, shown: int, head: str, name: Callable[[Row], TagChild]) -> Tag:
    """Draw the first `shown` values. head: title of the first column. name: draws a row's first cell."""
    values = by_value(answer)
    currency = answer.meta["currency"]
    top = max(float(row["share"] or 0) for models in values.values() for row in models.values()) or 1.0
    models = [in_words("model", model) for model in MODELS]
    heads = [head, "Orders touched", *models]
    body = [
        tags.tr(
            tags.th(name(rows[SORTED_BY]), scope="row"),
            tags.td(exact(rows[SORTED_BY]["orders_touched"]), title=f"{exact(rows[SORTED_BY]['touches'])} visits"),
            *(_cell(rows[model], top, currency) for model in MODELS),
        )
        for rows in list(values.values())[:shown]
    ]
    table = tags.table(
        tags.caption("Orders and revenue that each model gives to a row", class_="unseen"),
        tags.thead(tags.tr(*(tags.th(text, scope="col") for text in heads))),
        tags.tbody(*body),
        class_="models",
    )
    return tags.div(
        table,
        class_="scroll",
        tabindex="0",
        role="group",
        aria_label="Comparison of models",
        data_csv=_csv(head, list(values.values()), currency),
    )


def _cell(row: Row, top: float, currency: str | None) -> Tag:
    """Draw the orders that a model gives to a value, a bar, and below them the revenue."""
    share = float(row["share"] or 0)
    money = row["revenue_credit"]
    title = f"{exact(row['credit'])} orders, {exact(row['share'], 'percent')} of all, {exact(money, 'money', currency)}"
    return tags.td(
        tags.span(class_="bar", style=f"width:{100 * share / top:.1f}%", aria_hidden="true"),
        tags.span(_orders(row["credit"]), class_="credit"),
        tags.span(short(money, "money", currency), class_="quiet"),
        title=title,
    )


def _orders(credit: Decimal) -> str:
    """Write a number of orders with one decimal place; small credit is not shown as zero."""
    return "<0.1" if 0 < credit < Decimal("0.05") else f"{credit:,.1f}"


def _csv(head: str, values: Sequence[dict[str, Row]], currency: str | None) -> str:
    titles = [f"{in_words('model', model)} ({unit})" for model in MODELS for unit in ("orders", currency)]
    lines = [
        [
            rows[SORTED_BY]["value"],
            rows[SORTED_BY]["orders_touched"],
            *(
                number
                for model in MODELS
                for number in (rows[model]["credit"], exact_decimal(rows[model]["revenue_credit"], currency))
            ),
        ]
        for rows in values
    ]
    return csv_text([[head, "Orders touched", *titles], *lines])
