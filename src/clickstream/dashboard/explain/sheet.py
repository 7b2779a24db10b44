"""The Explain panel as HTML: the definition, the question, the SQL, and the rows behind the number.

In: an `Explanation`. Out: tags. The browser writes title and definition, which are on the page already, at once; the
rest follows (static/dashboard.js). Texts of events are shown as text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import definitions, formats
from clickstream.dashboard.answers.raw_lines import RawLine
from clickstream.dashboard.panel import command, placeholder, skeleton
from clickstream.dashboard.view import COMPARES, FILTERS, Explained
from clickstream.dashboard.words import event_in_words, in_words
from clickstream.metrics.explain.explanation import Explanation, row_filter
from clickstream.metrics.explain.rows import Rows
from clickstream.metrics.explain.statements import Statement
from clickstream.money import exact_amount

TITLES = {
    "answer": "The answer",
    "comparison": "The same for the comparison period",
    "visitors": "Which visitors the filters select: a table that the others read",
    "rows behind": "The number of rows behind it",
    "currency": "The currency with most orders",
    "sample": "Is there sample data?",
    "load": "The load of the answer",
}
HEADS = {
    "event_timestamp": "Time",
    "session_start": "Start",
    "ordered_at": "Ordered",
    "refunded_at": "Refunded",
    "event_name": "Event",
    "visitor": "Visitor",
    "page_path": "Page",
    "entry_page": "Entry page",
    "context_product_id": "Product",
    "order_id": "Order",
    "refund_id": "Refund",
    "channel": "Channel",
    "device_type": "Device",
    "country": "Country",
    "events": "Events",
    "page_views": "Page views",
    "total": "Total",
    "amount": "Amount",
    "currency": "Currency",
    "browser_at": "By the browser",
    "server_at": "By the server",
    "is_bot": "Bot",
}
_MONEY = ("total", "amount")
_NUMBERS = ("events", "page_views", *_MONEY)
_NAMES: dict[str, Callable[[Any], str]] = {
    "event_name": event_in_words,
    "channel": lambda value: in_words("channel", value),
    "device_type": lambda value: in_words("device_type", value),
}
_OPTIONS = {"metric": "Figure", "by": "By", "split": "Split by", "sample": "Sample data", "currency": "Currency"}
_FIGURES = {figure.key: f"{figure.label}: {figure.definition}" for figure in definitions.FIGURES}
MAX_TEXT, MAX_NAME, MAX_ID = 200, 32, 18  # characters that are shown
_TIME = "{:%-d %b %Y, %H:%M:%S}"


def sheet() -> Tag:
    """Return the panel, closed and empty."""
    close = tags.button(
        "×", type="button", class_="icon-button", data_action="explain-close", aria_label="Close", title="Close (Esc)"
    )
    title = tags.h2(id="explain-title", tabindex="-1")
    return Tag(
        "dialog",
        tags.header(title, close),
        tags.p(id="explain-definition"),
        placeholder("explained", skeleton(6)),
        placeholder("raw_line"),
        id="explain",
        class_="sheet",
        aria_labelledby="explain-title",
    )


def explanation(target: Explained, found: Explanation | None, zone: ZoneInfo) -> TagChild:
    """Return what follows the definition. zone: in which times are shown."""
    if found is None:
        return tags.p("No metric is behind this panel, so there is no SQL to show.", class_="quiet")
    return TagList(
        tags.p(_FIGURES[figure], class_="figure-definition")
        if (figure := found.asked.get("metric")) in _FIGURES
        else None,
        _part(target, found, zone),
        _section("Question", _question(found, zone)),
        _section(
            "SQL", *(_statement(each, title, n == 0) for n, (each, title) in enumerate(_titled(found.statements)))
        ),
        _section("Rows behind it", _rows_behind(found), _rows(found.rows, zone)),
    )


def raw_line(found: RawLine, object: str | None, line: int | None) -> Tag:
    """Return a stored line, exactly as it was received."""
    name = tags.p(tags.code(f"{object} · {line}"), class_="quiet") if object else None
    note = tags.p(found.note, class_="note") if found.note else None
    text = command(found.text, class_="raw") if found.text else None
    body = tags.div(name, note, text, tabindex="-1", data_key="raw-line")
    return tags.section(tags.h3("Raw line, as it was received"), body)


def _section(title: str, *body: TagChild) -> Tag:
    return tags.section(tags.h3(title), *body)


def _part(target: Explained, found: Explanation, zone: ZoneInfo) -> TagChild:
    """Return which bucket or row is meant."""
    words = []
    if target.at:
        start = datetime.fromisoformat(target.at).astimezone(zone)
        words.append(formats.bucket(start.replace(tzinfo=None), found.asked.get("by", "hour")))
    if target.value:
        name = row_filter(found.metric, found.asked)
        value = formats.cut(in_words(name, target.value) if name else target.value, MAX_TEXT)
        words.append(f"{FILTERS[name].lower() if name in FILTERS else 'row'}: {value}")
    return tags.p(tags.strong(", ".join(words)), class_="part") if words else None


def _question(found: Explanation, zone: ZoneInfo) -> TagList:
    asked = dict(found.asked)
    days = _days(f"{asked.pop('from')} to {asked.pop('to')}")
    mode, _, other = asked.pop("compare").partition(": ")
    compare = COMPARES.get(mode, mode)  # type: ignore[call-overload]
    filters = asked.pop("filters")
    lines: dict[str, TagChild] = {
        "Metric": tags.span(tags.code(found.metric), f" · {found.text} Its page is docs/metrics/{found.metric}.md"),
        "Days": f"{days}, time zone {asked.pop('tz')}",
        "Compared with": f"{compare.lower()}, {_days(other)}" if other else "nothing",
        "Filters": formats.cut(filters, MAX_TEXT),
        "As of": _time(asked.pop("as_of"), zone),
        "Load": f"{found.load:,}",
        **{_OPTIONS.get(name, name.replace("_", " ").capitalize()): _option(value) for name, value in asked.items()},
    }
    facts = [TagList(tags.dt(name), tags.dd(value)) for name, value in lines.items()]
    where = tags.p("It asks the warehouse of ./data; add --data for another data directory.", class_="quiet")
    return TagList(tags.dl(*facts), command(formats.safe_text(found.command)), where)


def _days(text: str) -> str:
    """Format `2026-03-01 to 2026-03-08`, of which the last day is excluded."""
    first, after = map(date.fromisoformat, text.split(" to "))
    return formats.days(first, after - timedelta(days=1))


def _option(value: str) -> TagChild:
    return tags.code(formats.cut(value, MAX_TEXT))


def _titled(statements: list[Statement]) -> list[tuple[Statement, str]]:
    """Return the statements with their titles; several of one purpose are numbered."""
    titles = [TITLES[statement.purpose] for statement in statements]
    numbers = [titles[: n + 1].count(title) for n, title in enumerate(titles)]
    numbered = [f"{title}, {n}" if titles.count(title) > 1 else title for title, n in zip(titles, numbers, strict=True)]
    return list(zip(statements, numbered, strict=True))


def _statement(statement: Statement, title: str, is_open: bool) -> Tag:
    text = command(statement.script(), class_="sql")
    return tags.details(tags.summary(title), text, open="" if is_open else None, class_="statement")


def _rows_behind(found: Explanation) -> Tag:
    counts = [f"{formats.exact(count)} in {table}" for table, count in found.rows_behind.items()]
    return tags.p(f"The whole answer: {', '.join(counts) or 'none'}.", class_="quiet")


def _rows(rows: Rows | None, zone: ZoneInfo) -> TagChild:
    """Draw the newest rows, each with a button for its raw line."""
    if rows is None:
        return None
    count = tags.strong(f"{formats.exact(rows.count)} {rows.words}", id="explain-count", data_count=rows.count)
    if not rows.sample:
        return tags.p(count)
    shown = ", all shown" if len(rows.sample) == rows.count else f", the newest {len(rows.sample)} shown"
    head = [tags.th(HEADS.get(name, name), scope="col", class_=_class(name)) for name in rows.columns]
    body = [
        tags.tr(
            *(
                tags.td(*_cell(name, value, zone, row_values.get("currency")), class_=_class(name))
                for name, value in row_values.items()
            ),
            tags.td(_raw_button(n)),
        )
        for n, row in enumerate(rows.sample)
        for row_values in [dict(zip(rows.columns, row.values, strict=True))]
    ]
    unseen = tags.th(tags.span("Raw line", class_="unseen"), scope="col")
    table = tags.table(tags.thead(tags.tr(*head, unseen)), tags.tbody(*body), class_="rows")
    return TagList(
        tags.p(count, shown), tags.div(table, class_="scroll", tabindex="0", role="region", aria_label="Rows")
    )


def _raw_button(n: int) -> Tag:
    label = f"Raw line of row {n + 1}"
    return tags.button("Raw line", type="button", class_="link", data_action="raw-line", value=n, aria_label=label)


def _cell(name: str, value: Any, zone: ZoneInfo, currency: str | None) -> tuple[TagChild, ...]:
    if value is None or value is False:
        return ("" if value is False else formats.NONE,)
    if value is True:
        return ("yes",)
    if name.endswith("_at") or name in ("event_timestamp", "session_start"):
        return (_time(value, zone),)
    if name in _MONEY:
        return (exact_amount(Decimal(value), currency),)
    if name in _NUMBERS:
        return (f"{value:,}",)
    if name == "country":
        return (Tag("region-name", formats.safe_text(str(value))),)
    text = _NAMES.get(name, formats.safe_text)(str(value))
    length = MAX_ID if name == "visitor" else MAX_NAME
    title = formats.cut(text, MAX_TEXT) if len(text) > length else None
    return (tags.span(formats.cut(text, length), title=title),)


def _class(name: str) -> str | None:
    return "number" if name in _NUMBERS else None


def _time(text: str, zone: ZoneInfo) -> str:
    return _TIME.format(datetime.fromisoformat(text).astimezone(zone))
