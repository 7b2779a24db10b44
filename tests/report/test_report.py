"""The report as text and as JSON."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event, item
from tests.metrics.oracle import Event

from clickstream.metrics.question import Question
from clickstream.report import Report, build_report, render_report, report_json

APRIL = at("2008-04-01 10:00")


def question(**fields: Any) -> Question:
    return Question(**{"as_of": at("2026-11-22 12:00"), "tz": ZoneInfo("UTC"), **fields})


def shop(days: int = 40, name: str = "Trousers\x1b[31m [red]9") -> list[Event]:
    """Two product views a day: `p1` by Polish clients, `p2` by Czech ones; all marked as sample."""
    return [
        event(
            APRIL + timedelta(days=day, seconds=30 * number),
            "product_view",
            client_id=f"c{day}-{number}",
            country=("PL", "CZ")[number],
            context_product_id=f"p{number + 1}",
            context_product_name=(name, None)[number],
            context_product_category=("trousers", "skirts")[number],
            page_path=f"/p/{number + 1}",
            is_sample=True,
        )
        for day in range(days)
        for number in range(2)
    ]


def shown(report: Report, **options: Any) -> str:
    out = StringIO()
    render_report(report, Console(file=out, width=options.pop("width", 100), **options))
    return out.getvalue()


def test_a_report_without_dates_covers_all_days_and_the_sample(mart: FilledMart) -> None:
    mart.fill([*shop(), event(at("2026-11-20 08:00"))])
    document = report_json(build_report(mart, question()))
    assert (document["from"], document["to"]) == ("2008-04-01", "2026-11-21")
    assert (document["events"], document["sessions"], document["visitors"]) == (81, 81, 81)
    assert (document["products"], document["views"], document["events_per_session"]) == (2, 80, 1.0)
    assert document["median_session_s"] == 0.0
    assert document["sample"] == {"mode": "include", "is_present": True, "is_hidden": False}


def test_a_report_as_json_has_plain_values_and_named_rows(mart: FilledMart) -> None:
    mart.fill(shop())
    document = json.loads(json.dumps(report_json(build_report(mart, question()))))
    assert [(row["month"], row["events"]) for row in document["by_month"]] == [("2008-04", 60), ("2008-05", 20)]
    assert document["time_series"]["by"] == "day"
    assert document["time_series"]["rows"][0]["bucket_local"] == "2008-04-01T00:00:00"
    assert [(row["product_id"], row["category"], row["views"]) for row in document["products_top"]] == [
        ("p1", "trousers", 40),
        ("p2", "skirts", 40),
    ]
    assert [row["category"] for row in document["categories"]] == ["skirts", "trousers"]
    assert [(row["country"], row["sessions"]) for row in document["countries"]] == [("CZ", 40), ("PL", 40)]


def test_a_report_of_a_range_is_compared_with_the_range_before(mart: FilledMart) -> None:
    mart.fill(shop())
    report = build_report(mart, question(from_date=date(2008, 4, 10), to_date=date(2008, 4, 20)))
    assert report_json(report)["events_previous"] == 18
    assert "20  (+11.1 %)" in shown(report)
    assert "Changes are compared with 2008-03-31 to 2008-04-09" in shown(report)


def test_a_report_with_orders_shows_revenue_products_and_channels(mart: FilledMart) -> None:
    def order(name: str, total: str, currency: str) -> Event:
        money = {"order_id": name, "order_total": Decimal(total), "order_currency": currency}
        lines = [item("x1", "900", "1", product_name="Laptop"), item("x2", "50.25", "2")]
        visit = {"client_id": f"c{name}", "page_url": "https://shop/", "channel": "email", "items": lines}
        return event(APRIL, "checkout_complete", **visit, **money)

    mart.fill([*shop(2), order("1", "1000.50", "EUR"), order("2", "1000.50", "EUR"), order("3", "9", "USD")])
    report = build_report(mart, question())
    lines = shown(report).splitlines()
    assert "2,001.00 EUR" in shown(report)
    assert lines[lines.index("Revenue, by currency") + 1].split() == ["2,001.00", "EUR", "2", "█" * 30]
    assert lines[lines.index("Products, by revenue in EUR") + 1].split()[:2] == ["Laptop", "1,800.00"]
    assert lines[lines.index("Channels, by sessions") + 1].split()[:2] == ["direct", "4"]
    assert max(map(cell_len, lines)) <= 80
    document = report_json(report)
    assert (document["orders"], document["revenue"], document["currency"]) == (3, "2001.0000", "EUR")
    assert [row["currency"] for row in document["revenues"]] == ["EUR", "USD"]
    assert [(row["channel"], row["orders"]) for row in document["channels"]] == [("direct", 0), ("email", 3)]


def test_a_report_without_bots_states_how_many_events_are_hidden(mart: FilledMart) -> None:
    mart.fill([event(APRIL), event(APRIL, client_id="robot", is_bot=True)])
    report = build_report(mart, question(filters={"humans": ("true",)}))
    assert "Events of bots are hidden: 1." in shown(report)


def test_a_report_of_an_empty_warehouse_states_what_to_do(mart: FilledMart) -> None:
    mart.fill([])
    report = build_report(mart, question())
    assert shown(report).splitlines() == [
        "No events yet: the warehouse is empty.",
        "Next: clickstream up, or clickstream import FILE",
    ]
    document = report_json(report)
    assert (document["from"], document["events"], document["bounce_rate"], document["products_top"]) == (
        None,
        0,
        None,
        [],
    )


def test_a_report_of_days_without_events_says_so(mart: FilledMart) -> None:
    mart.fill(shop())
    report = build_report(mart, question(from_date=date(2020, 1, 1), to_date=date(2020, 2, 1)))
    assert shown(report).startswith("No events from 2020-01-01 to 2020-01-31 match.\n")


@pytest.mark.parametrize("days", [1, 20, 40, 100], ids=["hours", "days", "months", "weeks"])
def test_a_report_on_a_terminal_fits_eighty_columns(mart: FilledMart, days: int) -> None:
    mart.fill(shop(days, name="Ünverschämt lange Hose für 日本語 und andere Kunden"))
    report = build_report(mart, question())
    for width in (80, 200):
        text = shown(report, width=width, force_terminal=True, color_system=None)
        assert max(map(cell_len, text.splitlines())) <= 80


def test_a_report_off_a_terminal_shows_full_names(mart: FilledMart) -> None:
    name = "a name that is longer than its column on a terminal"
    mart.fill(shop(name=name))
    assert f"\n{name}  " in shown(build_report(mart, question()), width=1_000_000)


def test_names_are_never_read_as_markup_or_escape_sequences(mart: FilledMart) -> None:
    mart.fill(shop())
    text = shown(build_report(mart, question()), force_terminal=True, color_system="standard")
    assert "Trousers\\x1b[31m [red]9" in text


def test_a_report_of_many_years_leaves_months_without_events_out(mart: FilledMart) -> None:
    mart.fill([*shop(), event(at("2026-11-20 08:00"))])
    lines = shown(build_report(mart, question()), width=80).splitlines()
    assert len(lines) < 60
    assert any(line.startswith("Events per 4 months") for line in lines)
    assert any(line.startswith("2026-11") for line in lines)
    assert "221 months without events are left out" in lines


def test_a_report_honours_no_color(mart: FilledMart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    mart.fill(shop())
    text = shown(build_report(mart, question()), force_terminal=True, color_system="standard")
    assert "\x1b[36m" not in text
