"""The printed report: one HTML document that contains all it needs.

In: the answers of `ask_all`. Out: HTML with its style and its charts in it. It has no script and requests nothing, also
by its own policy; texts from events and notes are escaped. It is light only, and fits on pages of A4.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, change_mark, in_currency, ranking_table
from clickstream.dashboard.definitions import FIGURES, Figure
from clickstream.dashboard.drawings.cohorts import cohort_map
from clickstream.dashboard.drawings.funnel import funnel_bars
from clickstream.dashboard.printed.answers import COHORTS, PrintedAnswers, Trend
from clickstream.dashboard.printed.drawings import Curve, draw_curve
from clickstream.dashboard.view import FILTERS
from clickstream.dashboard.words import in_words
from clickstream.errors import QuestionError
from clickstream.metrics.question import Answer, Question
from clickstream.warehouse.notes import Note

_STYLE = Path(__file__).parent / "printed.css"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NAMES = {"hour": "%H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
_TITLES = {"sessions": "Sessions", "revenue": "Revenue"}
_NAME_LENGTH = 48
_CHANNELS = (
    RankColumn("sessions", "Sessions"),
    RankColumn("sessions", "Change", is_change=True),
    RankColumn("visitors", "Visitors"),
    RankColumn("bounce_rate", "Bounced", "percent", is_wide=True),
    RankColumn("orders", "Orders", is_wide=True),
    RankColumn("conversion_rate", "Converted", "percent", is_wide=True),
    RankColumn("revenue", "Revenue", "money", is_wide=True),
)
_PRODUCTS = (
    RankColumn("revenue", "Revenue", "money"),
    RankColumn("revenue", "Change", "money", is_change=True),
    RankColumn("units", "Units", is_wide=True),
    RankColumn("orders", "Orders", is_wide=True),
    RankColumn("views", "Views", is_wide=True),
    RankColumn("view_to_order", "Bought", "percent", is_wide=True),
)


def printed_page(answers: PrintedAnswers) -> str:
    """Return the report as an HTML document."""
    meta, figures = answers.overview.meta, answers.overview.dicts()[0]
    title = f"Clickstream report, {formats.days(meta['from'], meta['to'] - timedelta(days=1))}"
    body = TagList(
        _header(answers),
        _cards(figures),
        _sales(figures),
        *(_trend(trend, answers.notes) for trend in answers.trends),
        _section("Channels, by sessions", _channels(answers.channels)),
        _section("Products", _products(answers.products)),
        _section("Funnel", _or_reason(answers.funnel, _funnel)),
        _section("Do visitors come back?", _or_reason(answers.retention, _retention)),
        _footer(answers),
    )
    return _document(title, body)


def empty_page(question: Question) -> str:
    """Return the report of a warehouse without events."""
    body = TagList(
        tags.header(tags.h1("Clickstream report")),
        tags.p("No events yet: the warehouse is empty. Send some, or import a file, and run the report again."),
        tags.footer(tags.p(f"Made {_moment(question.as_of, question)}.")),
    )
    return _document("Clickstream report", body)


def _document(title: str, body: TagList) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light">\n'
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _header(answers: PrintedAnswers) -> Tag:
    meta = answers.overview.meta
    lines = [f"Time zone {meta['tz']}"]
    if meta["compare"]:
        other = meta["compare"]
        lines.append(f"compared with {formats.days(other['from'], other['to'] - timedelta(days=1))}")
    if meta["sample"]["is_present"] and not meta["sample"]["is_hidden"]:
        lines.append("includes the sample of real clicks")
    filters = [
        tags.li("People only" if values == ["true"] else "People and bots")
        if name == "humans"
        else tags.li(f"{FILTERS.get(name, name)}: {formats.safe_text(', '.join(values))}")
        for name, values in meta["filters"].items()
    ]
    return tags.header(
        tags.p("Clickstream report", class_="name"),
        tags.h1(formats.days(meta["from"], meta["to"] - timedelta(days=1))),
        tags.p(" · ".join(lines)),
        tags.ul(*filters, class_="filters") if filters else None,
    )


def _cards(figures: Row) -> Tag:
    has_orders = figures["orders"] > 0
    left_out = "no-orders" if has_orders else "orders"
    return tags.div(*(_card(figure, figures) for figure in FIGURES if figure.shown_with != left_out), class_="cards")


def _sales(figures: Row) -> TagChild:
    """Return the amounts to the last digit: paper has no tooltips."""
    if not figures["orders"]:
        return None
    names = {"revenue": "Revenue", "refunds": "refunds", "net_revenue": "net revenue"}
    amounts = [f"{label} {formats.exact(figures[name], 'money', figures['currency'])}" for name, label in names.items()]
    return tags.p(", ".join(amounts), class_="quiet")


def _card(figure: Figure, figures: Row) -> Tag:
    currency = figures["currency"] if figure.kind == "money" else None
    value, earlier = figures[figure.key], figures.get(f"{figure.key}_previous")
    before = None
    if earlier is not None and figures.get("events_previous"):
        before = f"{formats.short(earlier, figure.kind, currency)} before"
    return tags.section(
        tags.h2(figure.label),
        tags.p(
            formats.short(value, figure.kind, currency),
            tags.small(f" {currency}") if currency else None,
            class_="value",
        ),
        tags.p(change_mark(value, earlier, figure.kind, currency), " ", tags.small(before)) if before else None,
        class_="card",
    )


def _trend(trend: Trend, notes: Sequence[Note]) -> Tag:
    rows, by = trend.now.dicts(), trend.now.meta["options"]["by"]
    starts = [row["bucket_local"] for row in rows]
    title, currency = _TITLES[trend.figure], trend.now.meta.get("currency") if trend.figure == "revenue" else None
    earlier = [_number(row["value"]) for row in trend.earlier.dicts()] if trend.earlier else []
    marks = note_marks(starts, notes) if starts else {}
    curve = Curve(
        f"{title} per {by}, {len(rows)} values",
        [start.strftime(_NAMES[by]) for start in starts],
        [_number(row["value"]) for row in rows],
        [row["is_complete"] for row in rows],
        earlier if any(earlier) else (),
        marks,
    )
    unit = f"per {by}, in {currency}" if currency else f"per {by}"
    remarks = [
        "Dashed, grey: the period before." if curve.earlier else "",
        "" if all(curve.is_complete) else f"A {by} that is not over, or not whole in these days, is dotted or pale.",
    ]
    listed = [
        tags.li(tags.b(str(number)), f" {formats.day(note.day)} ", tags.bdi(formats.safe_text(note.text)))
        for number, note in enumerate(notes, 1)
    ]
    return _section(
        f"{title} {unit}",
        draw_curve(curve),
        tags.p(" ".join(filter(None, remarks)), class_="quiet"),
        tags.ol(*listed, class_="notes"),
    )


def note_marks(starts: Sequence[datetime], notes: Sequence[Note]) -> dict[int, list[int]]:
    """Return which notes, by number, belong to the bucket with each index; of a day's hours, to the first."""
    days = [start.date() for start in starts]
    marks: dict[int, list[int]] = {}
    for number, note in enumerate(notes, 1):
        last = max(0, bisect_right(days, note.day) - 1)
        marks.setdefault(days.index(days[last]), []).append(number)
    return marks


def _channels(answer: Answer) -> TagChild:
    layout = Ranking("Channel", lambda row: in_words("channel", row["value"]), _columns(_CHANNELS, answer), "sessions")
    return _ranking(answer, layout, "No sessions in these days.")


def _products(answer: Answer) -> TagChild:
    bar = "revenue" if any(row["revenue"] for row in answer.dicts()) else "views"
    layout = Ranking("Product", _product, _columns(_PRODUCTS, answer), bar)
    return _ranking(answer, layout, "No product was viewed or sold in these days.")


def _columns(columns: Sequence[RankColumn], answer: Answer) -> list[RankColumn]:
    return in_currency(columns, answer.meta.get("currency"))


def _product(row: Row) -> str:
    return formats.cut(row.get("name") or row["value"], _NAME_LENGTH)


def _ranking(answer: Answer, layout: Ranking, empty: str) -> TagChild:
    rows = answer.dicts()
    if not rows:
        return tags.p(empty, class_="quiet")
    left = answer.meta["total_rows"] - len(rows)
    more = f"{formats.exact(left)} more {'is' if left == 1 else 'are'} not shown." if left > 0 else ""
    money = answer.meta.get("currency")
    note = " ".join(part for part in (f"Amounts in {money}." if money else "", more) if part)
    return TagList(ranking_table(rows, layout), tags.p(note, class_="quiet") if note else None)


def _funnel(answer: Answer) -> TagChild:
    rows = answer.dicts()
    if not rows or not rows[0]["reached"]:
        return tags.p("No visitor took the first step in these days.", class_="quiet")
    return funnel_bars(rows, "visitor")


def _retention(answer: Answer) -> TagChild:
    rows = [row for row in answer.dicts() if row["cohort"] is not None]
    if not rows:
        return tags.p("No visitor was seen for the first time in these days.", class_="quiet")
    by = answer.meta["options"]["by"]
    newest = sorted({row["cohort"] for row in rows})[-COHORTS:]
    shown = [row for row in rows if row["cohort"] in newest]
    note = f"New visitors by {by}, and the share of them that came back, in percent. Hatched: not over yet."
    return TagList(cohort_map(shown, by), tags.p(note, class_="quiet"))


def _or_reason(found: Answer | QuestionError, draw: Callable[[Answer], TagChild]) -> TagChild:
    if isinstance(found, QuestionError):
        return tags.p(f"Not shown with the filter {FILTERS.get(found.parameter, found.parameter)}.", class_="quiet")
    return draw(found)


def _footer(answers: PrintedAnswers) -> Tag:
    meta, question = answers.overview.meta, answers.question
    parts = [f"Data of load {meta['load']:,}"]
    if answers.freshness is not None:
        (found,) = answers.freshness.dicts()
        if found["last_received_at"] is not None:
            age = formats.exact(max(0.0, found["lag_s"]), "seconds")
            parts.append(
                f"last event received {_moment(found['last_received_at'], question)}, {age} before this report"
            )
    events = meta["rows_behind"].get("clickstream_events", 0)
    parts.append(f"{formats.exact(events)} events counted")
    if meta["hidden_bot_events"]:
        parts.append(f"{formats.exact(meta['hidden_bot_events'])} events of bots left out")
    return tags.footer(
        tags.p(tags.strong("Data health. "), "; ".join(parts), "."),
        tags.p(f"Made {_moment(question.as_of, question)}. Counts are exact."),
    )


def _section(title: str, *content: TagChild) -> Tag:
    return tags.section(tags.h2(title), *content, class_="section")


def _moment(instant: datetime, question: Question) -> str:
    local = instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(question.tz)
    return f"{formats.day(local.date())}, {local:%H:%M} {question.tz.key}"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
