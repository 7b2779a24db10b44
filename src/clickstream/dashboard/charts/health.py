"""The drawings of Data health: figures, tables and charts of the `health_*` metrics, in words.

In: an answer. Out: HTML, or a `Chart`. Hours and days of receipt are UTC. Text that a sender wrote stays text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.charts.output import PALETTE, Chart
from clickstream.dashboard.charts.ranking import RankColumn, Ranking, Row, ranking_table
from clickstream.dashboard.charts.series import Buckets, Line, Measure, stacked_bars, time_series
from clickstream.dashboard.panel import command, empty_note
from clickstream.dashboard.words import in_words
from clickstream.metrics.health.health_clock import BANDS
from clickstream.metrics.question import Answer

MAX_TABLE_ROWS = 10
_FATES = {
    "loaded": ("Loaded", PALETTE[0]),
    "duplicate": ("Duplicates", PALETTE[1]),
    "bad": ("Bad rows", PALETTE[4]),
    "erased": ("Erased", PALETTE[6]),
    "pending": ("Not loaded yet", PALETTE[2]),
}
_BAD = (RankColumn("rows", "Lines"), RankColumn("objects", "Objects"))
_BOTS = (
    RankColumn("events", "Events"),
    RankColumn("sessions", "Sessions", is_wide=True),
    RankColumn("visitors", "Visitors"),
)
_CLOCKS = (
    RankColumn("events", "Events"),
    RankColumn("client", "As sent", is_wide=True),
    RankColumn("corrected", "Corrected", is_wide=True),
    RankColumn("received", "Received", is_wide=True),
)
_TRACKED = (
    RankColumn("both", "Both"),
    RankColumn("browser_only", "Browser only", is_wide=True),
    RankColumn("server_only", "Server only", is_wide=True),
    RankColumn("total_differs", "Different", is_wide=True),
    RankColumn("capture_rate", "Captured", "percent"),
)


def figure(value: TagChild, caption: TagChild, title: str, *, is_bad: bool = False) -> TagChild:
    """Return the content of a card. title: the exact value."""
    return TagList(
        tags.span(value, class_="value bad" if is_bad else "value", title=title),
        tags.p(caption, class_="caption"),
    )


def age_figure(answer: Answer, key: str) -> TagChild:
    """Show how long ago one of the times of `health_freshness` is."""
    (row,) = answer.dicts()
    moment: datetime | None = row[key]
    if moment is None:
        return figure(formats.NONE, "nothing yet", "")
    number = f"load {formats.exact(row['load_number'])}"
    age = Tag("time-ago", datetime=moment.isoformat())
    return figure(age, number if key == "last_loaded_at" else _instant(moment), f"{moment:%Y-%m-%d %H:%M:%S} UTC")


def _hours(count: int) -> str:
    return f"{formats.exact(count)} {'hour does' if count == 1 else 'hours do'}"


def _instant(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}, {moment:%H:%M} UTC"


def _totals(answer: Answer) -> Counter[str]:
    totals: Counter[str] = Counter()
    for row in answer.dicts():
        totals.update({name: value for name, value in row.items() if name != "hour"})
    return totals


def missing_figure(answer: Answer) -> TagChild:
    """Show how many accepted lines are missing."""
    lines, hours = sum(max(0, row["balance"]) for row in answer.dicts()), answer.meta["unbalanced_hours"]
    accepted = formats.exact(_totals(answer)["accepted"])
    caption = f"{_hours(hours)} not add up" if hours else f"all {accepted} accounted for"
    return figure(formats.short(lines), caption, formats.exact(lines), is_bad=hours > 0)


def pending_figure(answer: Answer) -> TagChild:
    """Show how many accepted lines are not loaded yet."""
    pending, overdue = _totals(answer)["pending"], answer.meta["overdue_objects"]
    caption = f"{formats.exact(overdue)} overdue objects" if overdue else "lines, none overdue"
    return figure(formats.short(pending), caption, formats.exact(pending), is_bad=overdue > 0)


def lines_figure(answer: Answer, name: str) -> TagChild:
    """Show a column of the ledger, and its share of all lines."""
    totals = _totals(answer)
    share = formats.exact(totals[name] / totals["accepted"], "percent") if totals["accepted"] else formats.NONE
    return figure(formats.short(totals[name]), f"{share} of all lines", formats.exact(totals[name]))


def verdict(answer: Answer) -> TagChild:
    """Say in words whether the ledger adds up."""
    totals, hours, overdue = _totals(answer), answer.meta["unbalanced_hours"], answer.meta["overdue_objects"]
    check = TagList(" ", tags.code("clickstream check"), " lists them.")
    if hours:
        found = f"{_hours(hours)} not add up."
        why = f" Accepted minus everything else is {formats.exact(totals['balance'])} lines in total."
        return tags.p(tags.strong(found), why, check, class_="verdict bad", role="alert")
    late = f" {formats.exact(overdue)} {'object is' if overdue == 1 else 'objects are'} overdue for loading." * bool(
        overdue
    )
    if not totals["accepted"]:
        return tags.p("Nothing was accepted in these days.", class_="verdict quiet")
    parts = [f"{formats.exact(totals[name])} {label.lower()}" for name, (label, _) in _FATES.items() if totals[name]]
    words = f" {formats.exact(totals['accepted'])} accepted = {' + '.join(parts)}. The balance is 0."
    return tags.p(
        tags.strong("Every line is accounted for."),
        words,
        TagList(tags.strong(late), check) if late else None,
        class_="verdict late" if late else "verdict good",
    )


def _buckets(answer: Answer) -> tuple[Buckets, list[datetime]]:
    """Return the hours or days (UTC) of an answer's range, also those without rows."""
    size = answer.meta["options"]["by"]
    step = timedelta(hours=1) if size == "hour" else timedelta(days=1)
    start, end = answer.meta["start"], answer.meta["end"]
    first_hour = start.replace(minute=0, second=0, microsecond=0)
    moment = first_hour if size == "hour" else first_hour.replace(hour=0)
    starts = [moment + number * step for number in range(max(1, -((moment - end) // step)))]
    complete = [first_hour <= each and each + step <= end for each in starts]
    return Buckets([each.replace(tzinfo=None) for each in starts], size, complete), starts


def ledger_chart(answer: Answer) -> Chart:
    """Draw what became of the lines of each hour or day, as the parts of a bar."""
    buckets, starts = _buckets(answer)
    rows = {row["hour"]: row for row in answer.dicts()}
    lines = [
        Line(label, [rows[start][name] if start in rows else 0 for start in starts], colour)
        for name, (label, colour) in _FATES.items()
    ]
    chart = stacked_bars(buckets, lines, Measure("Accepted lines"))
    return replace(chart, unit=f"lines per {buckets.size} of receipt (UTC)")


def late_chart(answer: Answer) -> Chart:
    """Draw the events that were late in each hour or day, sent or loaded."""
    buckets, starts = _buckets(answer)
    rows = {row["hour"]: row for row in answer.dicts()}
    lines = [
        Line(label, [rows[start][name] if start in rows else 0 for start in starts], colour)
        for name, label, colour in (
            ("late_sent", "Sent late", PALETTE[1]),
            ("late_loaded", "Loaded late", PALETTE[2]),
        )
    ]
    lines = [line for line in lines if any(line.values)]
    chart = time_series(buckets, lines, Measure("Late events"))  # not parts of a whole: an event may be both
    only = f"{lines[0].name.lower()} " if len(lines) == 1 else ""
    return replace(chart, unit=f"{only}per {buckets.size} (UTC)") if lines else chart


def bad_rows_table(answer: Answer) -> TagChild:
    """Rank the reasons of bad rows; below them, the commands to look at and to replay them."""
    rows = answer.dicts()
    if not rows:
        return empty_note(
            "Every line that was accepted in these days is an event. What the collector rejected is in rejected/."
        )

    def name(row: Row) -> TagChild:
        seen = tags.span(f"last {_instant(row['last_seen_at'])}", class_="quiet aside wide-only")
        return TagList(tags.span(in_words("bad_reason", row["reason"]), title=row["reason"]), seen)

    return TagList(
        ranking_table(rows[:MAX_TABLE_ROWS], Ranking("Reason", name, _BAD, bar="rows")),
        _command("Look at them", "clickstream bad list"),
        _command("Load those that are valid by now", "clickstream bad replay --all"),
    )


def _command(what: str, line: str) -> Tag:
    return command(line, tags.span(what, class_="quiet"))


def bots_table(answer: Answer) -> TagChild:
    """Rank the reasons why events are those of bots."""
    rows = [row for row in answer.dicts() if row["reason"] != "(any)"]
    if not rows:
        return empty_note("No bots in these days.")

    def name(row: Row) -> TagChild:
        return tags.span(in_words("bot_reason", row["reason"]), title=row["reason"])

    return ranking_table(rows, Ranking("Why", name, _BOTS, bar="events"))


def clocks_table(answer: Answer) -> TagChild:
    """Draw a row for each band, with a column for each clock that dated events."""
    found: dict[str, Counter[str]] = {band: Counter() for band in BANDS}
    for row in answer.dicts():
        found[row["skew"]].update({"events": row["events"], row["source"]: row["events"]})
    rows = [
        {"band": band, **{column.key: counts[column.key] for column in _CLOCKS}}
        for band, counts in found.items()
        if counts["events"]
    ]
    if not rows:
        return empty_note("No events were received in these days.")
    layout = Ranking("The device's clock is", lambda row: in_words("clock_skew", row["band"]), _CLOCKS, bar="events")
    return ranking_table(rows, layout)


def tracked_orders(answer: Answer) -> TagChild:
    """Show the share of orders that the browser reported too, and the newest days."""
    rows = answer.dicts()
    if not rows:
        return empty_note("No orders in these days.")
    rows = [{**row, "orders": row["both"] + row["browser_only"] + row["server_only"]} for row in rows]
    both, server = (sum(row[name] for row in rows) for name in ("both", "server_only"))
    if both + server:
        share = tags.strong(formats.exact(both / (both + server), "percent"))
        words = f" of {formats.exact(both + server)} orders that the server reported were also reported by a browser."
    else:
        share, words = tags.strong("The server reported no orders."), " How many the browser missed is not known."
    layout = Ranking("Day", lambda row: formats.day(row["day"]), _TRACKED, bar="orders")
    return TagList(tags.p(share, words, class_="verdict"), ranking_table(rows[:MAX_TABLE_ROWS], layout))
