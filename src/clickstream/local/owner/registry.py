"""Every command on the warehouse: its path in the owner's API, its request, its result, and the function that runs it.

The client (client.py) and the API (api.py) both read this list. To add a command, write a request type and a function
in questions.py, loading.py or erasure.py, and list it here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from clickstream.etl.expire import ExpiryResult
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.etl.repair.replay import ReplayFilter, ReplayResult
from clickstream.etl.run import PassResult
from clickstream.lake.writer import WrittenLake
from clickstream.local import notes
from clickstream.local.moving.move import MoveRequest, MoveResult, move
from clickstream.local.orders import OrdersCheckRequest, orders_check
from clickstream.local.owner import erasure, loading, questions
from clickstream.local.owner.answers import read_answer, read_report
from clickstream.local.owner.context import WarehouseContext
from clickstream.metrics.explain.explanation import Explanation
from clickstream.metrics.question import Answer
from clickstream.progress import Progress
from clickstream.report import Report
from clickstream.shop.check import OrdersCheck
from clickstream.warehouse.notes import Note
from clickstream.warehouse.query import QueryResult

Q = TypeVar("Q", bound=msgspec.Struct)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Command(Generic[Q, R]):
    """A command on the warehouse. path: below /api. read: decodes a result that needs more than its type.

    creates: it makes a data directory that does not exist yet; the other commands fail then.
    """

    path: str
    request: type[Q]
    result: type[R]
    run: Callable[[WarehouseContext, Q, Progress], R]
    read: Callable[[bytes], R] | None = None
    creates: bool = False

    def decode(self, data: bytes) -> R:
        """Restore a result from the JSON that `encode` made."""
        return self.read(data) if self.read else msgspec.json.decode(data, type=self.result)


def encode(result: object) -> bytes:
    """Return a result as JSON."""
    return msgspec.json.encode(result, enc_hook=str)


METRIC = Command("metric", questions.MetricRequest, Answer, questions.metric, read_answer)
METRIC_EXPLAIN = Command("metric/explain", questions.ExplainRequest, Explanation, questions.explain_metric)
REPORT = Command("report", questions.ReportRequest, Report, questions.report, read_report)
REPORT_PAGE = Command("report/page", questions.ReportPageRequest, questions.ReportPage, questions.report_page)
QUERY = Command("query", questions.QueryRequest, QueryResult, questions.query)
CHECK = Command("check", questions.CheckRequest, questions.CheckResult, questions.check, creates=True)
ORDERS_CHECK = Command("orders/check", OrdersCheckRequest, OrdersCheck, orders_check)
MART_STATUS = Command("mart/status", questions.MartStatusRequest, questions.MartStatus, questions.mart_status)
MART_BUILD = Command("mart/build", questions.MartBuildRequest, questions.MartBuild, questions.mart_build)
NOTE_ADD = Command("note/add", notes.NoteAddRequest, Note, notes.note_add)
NOTE_LIST = Command("note/list", notes.NoteListRequest, notes.NoteList, notes.note_list)
NOTE_REMOVE = Command("note/remove", notes.NoteRemoveRequest, Note, notes.note_remove)
ETL_RUN = Command("etl/run", loading.EtlRunRequest, PassResult, loading.etl_run, creates=True)
ETL_REBUILD = Command("etl/rebuild", RebuildRequest, loading.RebuildResult, loading.etl_rebuild, creates=True)
BAD_LIST = Command("bad/list", loading.BadListRequest, loading.BadList, loading.bad_list)
BAD_SHOW = Command("bad/show", loading.BadShowRequest, loading.BadRowDetails, loading.bad_show)
BAD_REPLAY = Command("bad/replay", ReplayFilter, ReplayResult, loading.bad_replay)
FORGET = Command("forget", erasure.ForgetRequest, erasure.ForgetResult, erasure.forget, creates=True)
FORGET_RESUME = Command("forget/resume", erasure.ResumeRequest, erasure.ResumeResult, erasure.resume, creates=True)
EXPIRE = Command("expire", erasure.ExpireRequest, ExpiryResult, erasure.expire, creates=True)
EXPORT_DAYS = Command("export/days", questions.ExportDaysRequest, questions.DaySpan, questions.export_days)
MOVE = Command("warehouse/move", MoveRequest, MoveResult, move)
EXPORT_LAKE = Command("export/lake", questions.ExportLakeRequest, WrittenLake, questions.export_lake)
EXPORT_DAY = Command("export/day", questions.ExportDayRequest, questions.ExportedDay, questions.export_day)

COMMANDS = (
    METRIC,
    METRIC_EXPLAIN,
    REPORT,
    REPORT_PAGE,
    QUERY,
    CHECK,
    ORDERS_CHECK,
    MART_STATUS,
    MART_BUILD,
    NOTE_ADD,
    NOTE_LIST,
    NOTE_REMOVE,
    ETL_RUN,
    ETL_REBUILD,
    BAD_LIST,
    BAD_SHOW,
    BAD_REPLAY,
    FORGET,
    FORGET_RESUME,
    EXPIRE,
    EXPORT_DAYS,
    EXPORT_DAY,
    EXPORT_LAKE,
    MOVE,
)
