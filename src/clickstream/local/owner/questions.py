"""Commands that read the warehouse or its mart: metric, report, query, check and export.

Each is a request type, a result type and a function from (context, request, progress) to the result; registry.py lists
them. An exported day is written to the stage; the command that requested it moves the file away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from clickstream.etl import ledger
from clickstream.etl.export import Extract, Format, days_with_rows, write_day
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.local.owner.mart import DayDifference, differences
from clickstream.mart.file import Mart
from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Answer
from clickstream.progress import Progress
from clickstream.report import Report, build_report
from clickstream.warehouse.query import QueryLimits, QueryResult

Options = Mapping[str, str | Sequence[str]]
"""Parameters, filters and options of a metric as text (metrics/parse.py)."""


class MetricRequest(Request, frozen=True):
    name: str
    options: Options = msgspec.field(default_factory=dict)


def metric(context: WarehouseContext, request: MetricRequest, progress: Progress) -> Answer:
    """Compute one metric."""
    question = question_from_text(request.name, request.options, context.clock(), context.zone)
    return ask(_fresh_mart(context, progress), request.name, question)


class ReportRequest(Request, frozen=True):
    """options: those of the metric `overview`; without days the report covers everything that is loaded."""

    options: Options = msgspec.field(default_factory=dict)


def report(context: WarehouseContext, request: ReportRequest, progress: Progress) -> Report:
    """Build a report."""
    question = question_from_text("overview", request.options, context.clock(), context.zone)
    return build_report(_fresh_mart(context, progress), question)


def _fresh_mart(context: WarehouseContext, progress: Progress) -> Mart:
    """Bring the mart up to date, which takes a moment after many loads and longer the first time."""
    context.keeper.refresh(progress)
    return context.keeper.mart


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
    return msgspec.structs.replace(result, mart_differences=differences(context, request.since, progress))


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
