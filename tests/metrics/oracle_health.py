"""The metrics of data health recomputed in plain Python, from the lines that were stored and when they were loaded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
GAP = timedelta(minutes=30)
WIDTHS = {"5s": 5, "1min": 60, "5min": 300, "1h": 3600}
Event = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Line:
    """A line of an object. event: None for a bad row, whose reason is `bad`. reasons: those of its user agent."""

    object: str
    number: int
    hour: datetime
    event: Event | None
    bad: str = ""
    reasons: tuple[str, ...] = ()


@dataclass
class Sent:
    """All stored lines. loads: object -> when it was loaded; others are pending."""

    lines: list[Line] = field(default_factory=list)
    loads: dict[str, datetime] = field(default_factory=dict)

    def winners(self) -> list[Row]:
        """Return the loaded lines that became rows: of copies, the one received first."""
        found: dict[str, Row] = {}
        for line in self.lines:
            if line.event is None or line.object not in self.loads:
                continue
            row = Row(line, self.loads[line.object])
            old = found.get(row.event["eventId"])
            if old is None or row.place < old.place:
                found[row.event["eventId"]] = row
        return list(found.values())


class Row:
    """A row of the fact table."""

    def __init__(self, line: Line, loaded_at: datetime) -> None:
        assert line.event is not None
        self.line, self.event, self.loaded_at = line, line.event, loaded_at
        self.received_at = datetime.fromisoformat(self.event["_ingest"]["receivedAt"])
        sent = self.event["_ingest"].get("sentAt")
        self.sent_at = datetime.fromisoformat(sent) if sent else None
        self.happened_at, self.source = self._time(datetime.fromisoformat(self.event["createdAt"]))
        self.place = (self.received_at, line.object, line.number)
        self.client = self.event.get("clientId")
        self.user = self.event.get("userId")

    def _time(self, created: datetime) -> tuple[datetime, str]:
        latest = self.received_at + timedelta(minutes=5)
        if self.sent_at is None:
            is_near = self.received_at - timedelta(days=7) <= created <= latest
            return (created, "client") if is_near else (self.received_at, "received")
        wrong_by = self.received_at - self.sent_at
        is_right = abs(wrong_by) <= timedelta(seconds=5)
        moment = created if is_right else created + wrong_by
        if not datetime(2000, 1, 1, tzinfo=UTC) <= moment <= latest:
            return self.received_at, "received"
        return moment, "client" if is_right else "corrected"


@dataclass(frozen=True)
class Span:
    """The effective range."""

    start: datetime
    end: datetime

    def has(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def overlaps(self, hour: datetime) -> bool:
        return hour < self.end and hour + HOUR > self.start


def freshness(sent: Sent, as_of: datetime) -> dict[str, Any]:
    rows = sent.winners()
    received = max((row.received_at for row in rows if row.received_at < as_of), default=None)
    return {
        "last_received_at": received,
        "last_loaded_at": max(sent.loads.values(), default=None),
        "last_event_at": max((row.happened_at for row in rows if row.happened_at < as_of), default=None),
        "lag_s": received and (as_of - received).total_seconds(),
        "load_number": len(set(sent.loads.values())),
    }


def ledger(sent: Sent, span: Span, by: str) -> list[dict[str, Any]]:
    names = ("accepted", "loaded", "duplicate", "bad", "erased", "pending", "balance")
    hours: dict[datetime, Counter[str]] = defaultdict(Counter)
    winners = {row.line for row in sent.winners()}
    for line in sent.lines:
        if span.overlaps(line.hour):
            kind = "loaded" if line in winners else "bad" if line.bad else "duplicate"
            hours[start_of(line.hour, by)][kind if line.object in sent.loads else "pending"] += 1
            hours[start_of(line.hour, by)]["accepted"] += 1
    return [{"hour": hour, **{name: hours[hour][name] for name in names}} for hour in sorted(hours, reverse=True)]


def bad_rows(sent: Sent, span: Span) -> list[dict[str, Any]]:
    lines = [line for line in sent.lines if line.bad and line.object in sent.loads and span.overlaps(line.hour)]
    found = [
        {
            "reason": reason,
            "rows": len(group),
            "objects": len({line.object for line in group}),
            "last_seen_at": max(line.hour for line in group),
        }
        for reason, group in _grouped(lines, lambda line: line.bad)
    ]
    return sorted(found, key=lambda row: (-row["rows"], row["reason"]))


def bots(sent: Sent, span: Span) -> list[dict[str, Any]]:
    rows = sent.winners()
    sessions = _sessions(rows)
    of_sessions = {row: number for number, session in enumerate(sessions) for row in session}
    fast = {number for number, session in enumerate(sessions) if _is_too_fast(session)}
    users: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row.happened_at, row.place)):
        if row.client and row.user:
            users.setdefault(row.client, row.user)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if span.has(row.received_at):
            reasons = (*row.line.reasons, *(["rate"] if of_sessions.get(row) in fast else []))
            for reason in (*reasons, *(["(any)"] if reasons else [])):
                found[reason].append(row)
    answer = [
        {
            "reason": reason,
            "events": len(group),
            "sessions": len({of_sessions.get(row) for row in group} - {None}),
            "visitors": len({row.user or users.get(row.client or "") or row.client for row in group} - {None}),
        }
        for reason, group in found.items()
    ]
    return sorted(answer, key=lambda row: (-row["events"], row["reason"]))


def late(sent: Sent, span: Span, by: str) -> list[dict[str, Any]]:
    rows = [row for row in sent.winners() if span.has(row.received_at)]
    answer = []
    for hour, group in _grouped(rows, lambda row: start_of(row.received_at, by)):
        of_sender = [row.received_at - row.happened_at for row in group]
        of_loader = [row.loaded_at - row.received_at for row in group]
        answer.append(
            {
                "hour": hour,
                "events": len(group),
                "late_sent": sum(delay > HOUR for delay in of_sender),
                "late_loaded": sum(delay > HOUR / 4 for delay in of_loader),
                "p90_sent_s": _p90(of_sender),
                "p90_loaded_s": _p90(of_loader),
            }
        )
    return sorted(answer, key=lambda row: row["hour"], reverse=True)


def clock(sent: Sent, span: Span) -> list[dict[str, Any]]:
    found = Counter((row.source, _band(row)) for row in sent.winners() if span.has(row.received_at))
    order = "none", *(f"{sign}_{width}" for sign in ("behind", "ahead") for width in (*WIDTHS, "more"))
    keys = sorted(found, key=lambda key: (key[0], order.index(key[1])))
    return [{"source": source, "skew": band, "events": found[source, band]} for source, band in keys]


def orders(sent: Sent, span: Span, tz: ZoneInfo) -> list[dict[str, Any]]:
    events = [row for row in sent.winners() if row.event.get("order")]
    days: dict[Any, Counter[str]] = defaultdict(Counter)
    for _, group in _grouped(events, lambda row: row.event["order"]["id"]):
        sides = {
            name: min(seen, key=lambda row: (row.happened_at, row.place))
            for name in ("checkout_complete", "order_confirmed")
            if (seen := [row for row in group if row.event["eventName"] == name])
        }
        browser, server = sides.get("checkout_complete"), sides.get("order_confirmed")
        moment = (browser or server or group[0]).happened_at
        if span.has(moment):
            day = days[moment.astimezone(tz).date()]
            day["both" if browser and server else "browser_only" if browser else "server_only"] += 1
            if browser and server:
                day["total_differs"] += browser.event["order"]["total"] != server.event["order"]["total"]
    return [
        {
            "day": day,
            "both": count["both"],
            "browser_only": count["browser_only"],
            "server_only": count["server_only"],
            "capture_rate": count["both"] / of_server if (of_server := count["both"] + count["server_only"]) else None,
            "total_differs": count["total_differs"],
        }
        for day, count in sorted(days.items(), reverse=True)
    ]


def start_of(moment: datetime, by: str) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=0) if by == "day" else hour


def _band(row: Row) -> str:
    if row.sent_at is None:
        return "none"
    skew = row.sent_at - row.received_at
    width = next((name for name, seconds in WIDTHS.items() if abs(skew) <= timedelta(seconds=seconds)), "more")
    return f"{'ahead' if skew > timedelta() else 'behind'}_{width}"


def _p90(values: list[timedelta]) -> float:
    return sorted(values)[ceil(len(values) * 9 / 10) - 1].total_seconds()


def _sessions(rows: list[Row]) -> list[list[Row]]:
    """Split the events of each client at more than 30 minutes of silence."""
    found: list[list[Row]] = []
    for _, group in _grouped([row for row in rows if row.client], lambda row: row.client):
        ordered = sorted(group, key=lambda row: (row.happened_at, row.place))
        for before, row in zip([None, *ordered], ordered, strict=False):
            if before is None or row.happened_at - before.happened_at > GAP:
                found.append([])
            found[-1].append(row)
    return found


def _is_too_fast(session: list[Row]) -> bool:
    views: int = sum(row.event["eventName"] == "page_view" for row in session)
    lasted: timedelta = session[-1].happened_at - session[0].happened_at
    return timedelta() < lasted < (views - 1) * timedelta(seconds=1) and views >= 10


def _grouped(values: Iterable[Any], key: Callable[[Any], Any]) -> Iterator[tuple[Any, list[Any]]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    yield from groups.items()
