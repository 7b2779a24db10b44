"""Commands that read the warehouse or its mart: metric, report, query, check, mart and export.

Each is a request type, a result type and a function from (context, request, progress) to the result; registry.py lists
them. An exported day is written to the stage; the command that requested it moves the file away.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from clickstream.etl import ledger
from clickstream.etl.export import Extract, Format, days_with_rows, write_day
from clickstream.lake.writer import WrittenLake, write_lake
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.mart.compare import compare
from clickstream.mart.file import VERSION, Mart
from clickstream.mart.refresh import Way, find_gap
from clickstream.mart.source import Position, read_position
from clickstream.metrics.catalog import ask, reads_warehouse
from clickstream.metrics.explain.explanation import Explanation, explain
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Answer
from clickstream.progress import Progress
from clickstream.report import Report, build_report, report_question
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.query import QueryLimits, QueryResult

Options = Mapping[str, str | Sequence[str]]
"""Parameters, filters and options of a metric as text (metrics/parse.py)."""
COMPARE_ATTEMPTS = 10
_NEXT: dict[Way, Literal["nothing", "update", "build"]] = {
    "unchanged": "nothing",
    "updated": "update",
    "built": "build",
}


class MetricRequest(Request, frozen=True):
    name: str
    options: Options = msgspec.field(default_factory=dict)


def metric(context: WarehouseContext, request: MetricRequest, progress: Progress) -> Answer:
    """Compute one metric."""
    question = question_from_text(request.name, request.options, context.clock(), context.zone)
    mart = None if reads_warehouse(request.name) else context.keeper.current(progress)
    return ask(mart, request.name, question, records=context.records)


class ExplainRequest(Request, frozen=True):
    name: str
    options: Options = msgspec.field(default_factory=dict)


def explain_metric(context: WarehouseContext, request: ExplainRequest, progress: Progress) -> Explanation:
    """Explain how the answer of a metric is computed."""
    question = question_from_text(request.name, request.options, context.clock(), context.zone)
    mart = None if reads_warehouse(request.name) else context.keeper.current(progress)
    return explain(mart, context.records, request.name, question)


class ReportRequest(Request, frozen=True):
    """options: those of the metric `overview`; without days the report covers everything that is loaded."""

    options: Options = msgspec.field(default_factory=dict)


def report(context: WarehouseContext, request: ReportRequest, progress: Progress) -> Report:
    """Build a report."""
    question = question_from_text("overview", request.options, context.clock(), context.zone)
    return build_report(context.keeper.current(progress), question)


class ReportPageRequest(Request, frozen=True):
    """options: as in ReportRequest, and `compare`."""

    options: Options = msgspec.field(default_factory=dict)


class ReportPage(msgspec.Struct, frozen=True):
    """html: one document that contains all it needs."""

    html: str


def report_page(context: WarehouseContext, request: ReportPageRequest, progress: Progress) -> ReportPage:
    """Build a report as an HTML page."""
    # Other commands read this module too, and must start quickly: the pages import Shiny.
    from clickstream.dashboard.printed.answers import ask_all  # noqa: PLC0415
    from clickstream.dashboard.printed.page import empty_page, printed_page  # noqa: PLC0415

    given = question_from_text("overview", request.options, context.clock(), context.zone)
    mart = context.keeper.current(progress)
    question = report_question(mart, given)
    if question is None:
        return ReportPage(empty_page(given))
    return ReportPage(printed_page(ask_all(mart, question, context.records)))


class QueryRequest(Request, frozen=True):
    sql: str
    rows: int = QueryLimits().rows
    time_s: float = QueryLimits().time_s


def query(context: WarehouseContext, request: QueryRequest, _progress: Progress) -> QueryResult:
    """Run one SELECT."""
    return context.warehouse.query(request.sql, QueryLimits(request.rows, request.time_s))


class CheckRequest(Request, frozen=True):
    """since: the first UTC day to compare; None: of the ledger, the last days that have objects; of the mart, all.

    with_mart: also bring the mart up to date and compare it with the warehouse.
    """

    since: date | None = None
    with_mart: bool = True


class HourCounts(msgspec.Struct, frozen=True):
    """One hour of the ledger. balance: accepted lines that are missing (above 0) or too many (below 0)."""

    hour: str
    accepted: int
    loaded: int
    duplicate: int
    bad: int
    erased: int
    pending: int
    balance: int


class DayDifference(msgspec.Struct, frozen=True):
    """A UTC day on which mart and warehouse contain other numbers of events, sessions, orders or refunds."""

    day: date
    kind: Literal["events", "sessions", "orders", "refunds"]
    warehouse: int
    mart: int


class CheckResult(msgspec.Struct, frozen=True):
    """The ledger (etl/ledger.py), and the comparison of the mart with the warehouse.

    hours: in descending order; totals: their sums by column. other_files: files below events/ that no load reads.
    mart_differences: in the order of days; None if the two were not compared.
    """

    balanced: bool
    totals: dict[str, int]
    hours: list[HourCounts]
    overdue: list[str]
    repeated: int
    external: int
    other_files: int
    mart_differences: Sequence[DayDifference] | None = None


def check(context: WarehouseContext, request: CheckRequest, progress: Progress) -> CheckResult:
    """Compare what was accepted with what became of it, and the mart with the warehouse."""
    found = ledger.check(context.warehouse, context.store, request.since)
    result = msgspec.convert(found.as_json(), CheckResult)
    if not request.with_mart:
        return result
    return msgspec.structs.replace(result, mart_differences=_differences(context, request.since, progress))


def _differences(context: WarehouseContext, since: date | None, progress: Progress) -> Sequence[DayDifference] | None:
    """Bring the mart up to date and compare it with the warehouse; None if loads kept arriving meanwhile."""
    for _ in range(COMPARE_ATTEMPTS):
        context.keeper.refresh(progress)
        with context.warehouse.reading() as cursor, context.keeper.mart.reading() as mart:
            found = compare(cursor, mart, since)
        if found is not None:
            return [DayDifference(each.day, each.kind, each.warehouse, each.mart) for each in found]
    return None


class MartStatusRequest(Request, frozen=True):
    """Examine the mart without changing it."""


class MartStatus(msgspec.Struct, frozen=True):
    """The mart's file, the load that it shows, and what it needs to show the last one.

    version: of its tables; None if the file is missing, damaged or of another version. load_id, loaded_at: of the load
    that it shows (ISO 8601, UTC); None before the first. loads_behind: the loads since. next: what the next question
    does first. failure: why the running owner could not bring it up to date, "" if it could.
    """

    path: str
    size_bytes: int
    version: int | None
    load_id: int | None
    loaded_at: str | None
    warehouse_load_id: int
    loads_behind: int
    events: int
    sessions: int
    bytes_per_event: float | None
    next: Literal["nothing", "update", "build"]
    failure: str


def mart_status(context: WarehouseContext, _request: MartStatusRequest, _progress: Progress) -> MartStatus:
    """Examine the mart. One that does not exist is not created."""
    keeper = context.keeper
    with context.warehouse.reading() as cursor, keeper.peek() as mart:
        gap = find_gap(mart, cursor) if mart else None
        known = gap.known if gap else Position()
        events, sessions = _counts(mart) if mart else (0, 0)
        size = _size(keeper.path)
        return MartStatus(
            path=str(keeper.path.absolute()),
            size_bytes=size,
            version=VERSION if mart else None,
            load_id=known.load_id or None,
            loaded_at=_text(known.loaded_at),
            warehouse_load_id=read_position(cursor).load_id,
            loads_behind=_loads_after(cursor, known.load_id),
            events=events,
            sessions=sessions,
            bytes_per_event=round(size / events, 1) if events else None,
            next=_NEXT[gap.way if gap else "built"],
            failure=str(keeper.failure or ""),
        )


def mart_state(loads_behind: int, next_work: str) -> str:
    """Say how far the mart is. next_work: `next` of its status."""
    if next_work == "nothing":
        return "up to date"
    return f"{loads_behind:,} load{'' if loads_behind == 1 else 's'} behind; the next question {next_work}s it"


class MartBuildRequest(Request, frozen=True):
    """Build the mart from scratch."""


class MartBuild(msgspec.Struct, frozen=True):
    """A mart that was built. duration_s: how long it took. load_id: the load that it shows; None before the first."""

    path: str
    size_bytes: int
    load_id: int | None
    events: int
    sessions: int
    duration_s: float
    events_per_s: int


def mart_build(context: WarehouseContext, _request: MartBuildRequest, progress: Progress) -> MartBuild:
    """Build the mart from scratch. The old one answers until it is done."""
    started = time.monotonic()
    done = context.keeper.build(progress)
    duration_s = time.monotonic() - started
    events, sessions = _counts(context.keeper.mart)
    return MartBuild(
        path=str(context.keeper.path.absolute()),
        size_bytes=_size(context.keeper.path),
        load_id=done.position.load_id or None,
        events=events,
        sessions=sessions,
        duration_s=round(duration_s, 3),
        events_per_s=int(events / duration_s),
    )


class ExportDaysRequest(Request, frozen=True):
    table: str
    tz: str


class DaySpan(msgspec.Struct, frozen=True):
    """first, end: local days `[first, end)`; None for a table without rows."""

    first: date | None
    end: date | None


def export_days(context: WarehouseContext, request: ExportDaysRequest, _progress: Progress) -> DaySpan:
    """Find the local days of a table that have rows."""
    span = days_with_rows(context.warehouse, request.table, ZoneInfo(request.tz))
    return DaySpan(*span) if span else DaySpan(None, None)


class ExportDayRequest(Request, frozen=True):
    table: str
    day: date
    tz: str
    format: Format


class ExportedDay(msgspec.Struct, frozen=True):
    """file: the path of a whole file in the stage."""

    file: str
    rows: int


def export_day(context: WarehouseContext, request: ExportDayRequest, _progress: Progress) -> ExportedDay:
    """Write the rows of one local day to a file in the stage."""
    wanted = Extract(request.table, request.day, ZoneInfo(request.tz), request.format)
    path, rows = write_day(context.warehouse, wanted, context.stage)
    return ExportedDay(str(path), rows)


class ExportLakeRequest(Request, frozen=True):
    """lake: the absolute path of its folder."""

    lake: str


def export_lake(context: WarehouseContext, request: ExportLakeRequest, progress: Progress) -> WrittenLake:
    """Write the warehouse and its mart as a lake."""
    mart = context.keeper.current(progress)
    context.stage.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lake-", dir=context.stage) as stage:
        return write_lake(context.warehouse, mart, Path(request.lake), Path(stage), progress)


def _counts(mart: Mart) -> tuple[int, int]:
    """Return the numbers of events and sessions."""
    with mart.reading() as cursor:
        events, sessions = cursor.fetch("select (select count(*) from hits), (select count(*) from sessions)").rows[0]
    return events, sessions


def _loads_after(cursor: Cursor, load_id: int) -> int:
    return int(cursor.scalar("select count(*) from loads where load_id > $known", {"known": load_id}))


def _size(path: Path) -> int:
    """Return the bytes of the file and of its log."""
    size = 0
    for part in (path, path.with_name(f"{path.name}.wal")):
        with suppress(FileNotFoundError):
            size += part.stat().st_size
    return size


def _text(micros: int | None) -> str | None:
    return None if micros is None else f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
