"""A report as text: on a terminal at most 80 columns, in colour if the console supports it; elsewhere with full names.

In: a Report and a rich Console (which honours NO_COLOR). Names come from events: they are printed with their control
characters escaped, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.metrics.question import Answer
from clickstream.metrics.rules.filters import NONE
from clickstream.money import rounded_amount
from clickstream.report.build import Month, Report
from clickstream.report.figures import Value, amount, bar, change, duration, fit, number, percent, sparkline

WIDTH = 80
_BAR = 30
_NAME = 26
_MAX_DAYS = 31  # a longer range is shown by month
_MAX_MONTHS = 24  # of a longer range, months without events are left out
_MAX_POINTS = 60  # of the line of events


def render_report(report: Report, console: Console) -> None:
    """Print the report. Without events it states why, and what to do next."""
    for part in _parts(report, console) if report.has_events else _no_events(report):
        console.print(part, width=min(WIDTH, console.width) if console.is_terminal else None)


def _parts(report: Report, console: Console) -> Iterator[Text | Table]:
    yield _title(report)
    yield Text()
    yield _key_figures(report, min(WIDTH, console.width))
    yield from _chart(report, console)
    yield from _money(report, console)
    yield from _ranking(Ranking("Categories, by views", report.categories, "views"), console)
    yield from _ranking(Ranking("Channels, by sessions", _with_names(report.channels), "sessions"), console)
    yield from _ranking(Ranking("Countries, by sessions", report.countries, "sessions"), console)


def _money(report: Report, console: Console) -> Iterator[Text | Table]:
    """Show products by revenue, and each currency if there are several; without orders, products by views."""
    if not report.has_orders:
        yield from _ranking(Ranking("Most viewed products, by views", report.products, "views"), console)
        return
    if report.revenues is not None and len(report.revenues.rows) > 1:
        yield Text("\nRevenue, by currency", style="bold")
        rows = report.revenues.dicts()
        yield _bars([(amount(row["revenue"], row["currency"]), row["orders"]) for row in rows], console)
    currency = report.figures["currency"]
    title = f"Products, by revenue in {currency}"
    yield from _ranking(
        Ranking(title, report.products, "revenue", lambda value: rounded_amount(value, currency)),
        console,
    )


def _with_names(answer: Answer | None) -> Answer | None:
    """Return the answer if at least one of its rows has a name."""
    return answer if answer and any(row[0] != NONE for row in answer.rows) else None


def _no_events(report: Report) -> Iterator[Text]:
    if report.overview is None:
        yield Text("No events yet: the warehouse is empty.")
        yield Text("Next: clickstream up, or clickstream import FILE", style="dim")
    else:
        yield Text(f"No events from {_days(report)} match.")
        yield Text("Next: choose other days or fewer filters; clickstream report shows all days", style="dim")


def _title(report: Report) -> Text:
    meta = report.overview.meta if report.overview else {}
    text = Text("Clickstream report  ", style="bold")
    text.append(f"{_days(report)} · {report.question.tz.key}", style="not bold")
    text.append(f" · load {meta['load']:,}", style="dim not bold")
    if meta["compare"]:
        other = meta["compare"]
        text.append(
            f"\nChanges are compared with {other['from']} to {other['to'] - timedelta(days=1)}", style="dim not bold"
        )
    if meta["sample"]["is_hidden"]:
        text.append("\nSample rows are hidden, because you have events of your own.", style="dim not bold")
    elif meta["sample"]["is_present"]:
        text.append("\nIncludes the sample of real clicks, which is marked as sample.", style="dim not bold")
    if meta["hidden_bot_events"]:
        text.append(f"\nEvents of bots are hidden: {meta['hidden_bot_events']:,}.", style="dim not bold")
    return text


def _days(report: Report) -> str:
    """Return the first and the last day, both included."""
    if report.from_date is None or report.to_date is None:
        return "no day"
    return f"{report.from_date} to {report.to_date - timedelta(days=1)}"


def _key_figures(report: Report, width: int) -> Table:
    figures = report.figures
    shown: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("Visitors", "visitors", number),
        ("Sessions", "sessions", number),
        ("Events", "events", number),
        ("Page views", "page_views", number),
        ("Product views", "views", number),
        ("Products in events", "products", number),
        ("Events per session", "events_per_session", lambda value: f"{value:.2f}"),
        ("Median session", "median_session_s", duration),
        ("Bounce rate", "bounce_rate", percent),
        ("New visitors", "new_visitors", number),
        ("With a cart", "cart_sessions", number),
        ("With a checkout", "checkout_sessions", number),
    )
    if report.has_orders:
        sold: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
            ("Revenue", "revenue", lambda value: amount(value, figures["currency"])),
            ("Orders", "orders", number),
            ("Sessions with an order", "conversion_rate", percent),
        )
        if figures["refunds"]:
            sold = (
                *sold,
                ("Refunds", "refunds", lambda value: amount(value, figures["currency"])),
                ("Net revenue", "net_revenue", lambda value: amount(value, figures["currency"])),
            )
        shown = (*sold, *shown)
    table = Table.grid(padding=(0, 2))
    table.width = width
    for _ in range(3):
        table.add_column(ratio=1)
    cells = [_figure(label, figures, name, write) for label, name, write in shown]
    for start in range(0, len(cells), 3):
        table.add_row(*cells[start : start + 3])
    return table


def _figure(label: str, figures: dict[str, Any], name: str, write: Callable[[Any], str]) -> Text:
    value = figures[name]
    text = Text(label, style="dim")
    text.append(f"\n{'-' if value is None else write(value)}", style="bold not dim")
    if f"{name}_previous" in figures:
        points, relative = figures.get(f"{name}_change_points"), figures.get(f"{name}_change")
        text.append(f"  {change(points, are_points=True) if points is not None else change(relative)}", style="not dim")
    return text


def _chart(report: Report, console: Console) -> Iterator[Text | Table]:
    """Show each day of a short range; of a longer one a line for the whole range, and its months."""
    assert report.series is not None
    yield Text()
    points = [(row["bucket_local"], row["value"]) for row in report.series.dicts()]
    title = Text(f"Events by {report.unit}", style="bold")
    if report.unit == "day" and len(points) <= _MAX_DAYS:
        yield title
        yield _bars([(f"{moment:%a %Y-%m-%d}", value) for moment, value in points], console)
        return
    per_point = ceil(len(points) / _MAX_POINTS)
    if per_point > 1:
        title = Text(f"Events per {per_point} {report.unit}s", style="bold")
    sums = [sum(value for _, value in points[at : at + per_point]) for at in range(0, len(points), per_point)]
    yield title.append(f"  {sparkline(sums, console.options.ascii_only)}", style="not bold cyan")
    shown = report.months if len(report.months) <= _MAX_MONTHS else [one for one in report.months if one.events]
    if len(report.months) > 1:
        yield _bars([(_month(month), month.events) for month in shown], console)
    if empty := len(report.months) - len(shown):
        yield Text(f"{empty:,} months without events are left out", style="dim")


def _month(month: Month) -> str:
    return f"{month.month:%Y-%m}" if month.is_complete else f"{month.month:%Y-%m} (part)"


def _bars(rows: Sequence[tuple[str, Value]], console: Console, write: Callable[[Any], str] = number) -> Table:
    most = max(value for _, value in rows)
    table = Table.grid(padding=(0, 2))
    table.add_column(width=max([_NAME, *(cell_len(label) for label, _ in rows)]), no_wrap=True)
    table.add_column(justify="right", min_width=9, no_wrap=True)
    table.add_column(width=_BAR, style="cyan", no_wrap=True)
    for label, value in rows:
        table.add_row(Text(label), write(value), bar(value, most, _BAR, console.options.ascii_only))
    return table


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ranking to print. figure: the column that orders it. write: formats that figure."""

    title: str
    answer: Answer | None
    figure: str
    write: Callable[[Any], str] = number


def _ranking(ranking: Ranking, console: Console) -> Iterator[Text | Table]:
    answer = ranking.answer
    rows = answer.dicts() if answer else []
    if answer is None or not rows:
        return
    yield Text(f"\n{ranking.title}", style="bold")
    bars = [(fit(row.get("name") or row["value"], _NAME, console), row[ranking.figure]) for row in rows]
    yield _bars(bars, console, ranking.write)
    if (left := answer.meta["total_rows"] - len(rows)) > 0:
        yield Text(f"and {left:,} more", style="dim")
