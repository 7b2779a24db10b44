"""How commands use the warehouse: through its owner when there is one, else by opening the file themselves.

In: settings. Out: a Client whose answers are the same either way (local/owner/commands.py).
Each call looks anew, so that a long-running command follows an owner that starts or ends meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from datetime import date, datetime
from typing import Protocol

import msgspec
import urllib3
from msgspec import to_builtins
from urllib3.exceptions import HTTPError, ReadTimeoutError

from clickstream.errors import ClickstreamError, QuestionError, UnavailableError, WarehouseBusyError
from clickstream.etl.export import remove_unfinished
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.etl.repair.replay import ReplayFilter
from clickstream.event import utc_now
from clickstream.local.owner import commands, life, repairs
from clickstream.local.owner.commands import Json, Place, open_place
from clickstream.local.owner.file import Owner, find_owner
from clickstream.local.owner.life import DaysRequest, ExpireRequest, ExportRequest, ForgetRequest
from clickstream.local.owner.progress import LINES, read_lines
from clickstream.local.owner.query import Limits
from clickstream.local.owner.wire import pack_report, unpack_report
from clickstream.metrics.parse import Texts
from clickstream.progress import Progress
from clickstream.report import Report
from clickstream.settings import Settings

PATIENCE_S = 5.0
SILENCE_S = 120.0
"""How long a living owner says nothing at most: it tells twice a second how far the work is."""


class _Reply(msgspec.Struct):
    success: bool
    result: Json = {}
    error: str = ""
    message: str = ""
    advice: str = ""


class _NotThereError(Exception):
    """The owner of owner.json does not answer: it ended, or it is no owner."""


class Watch(Protocol):
    """Is told how the work goes, as far as it can be seen from here."""

    def asks(self, owner: Owner) -> None: ...

    def reached(self, done: int, total: int, doing: str = "") -> None: ...


class _Unwatched:
    def asks(self, owner: Owner) -> None:
        pass

    def reached(self, done: int, total: int, doing: str = "") -> None:
        pass


def reach(settings: Settings, clock: Callable[[], datetime] = utc_now, watch: Watch | None = None) -> Client:
    """The client of these settings' warehouse."""
    return Client(settings, clock, watch=watch)


class Client:
    """Raises what the work raises; WarehouseBusyError when somebody who is no owner holds the file."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        patience_s: float = PATIENCE_S,
        watch: Watch | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._patience_s = patience_s
        self._watch = watch or _Unwatched()

    def report(self, options: Texts) -> Report:
        """What happened (report/build.py); report_json and render_report show it."""
        body = {"options": dict(options)}
        return unpack_report(self._ask("report", body, lambda place: pack_report(commands.report(place, options))))

    def metric(self, name: str, options: Texts) -> Json:
        body = {"name": name, "options": dict(options)}
        return self._ask("metric", body, lambda place: commands.metric(place, name, options))

    def check(self, since: date | None = None) -> Json:
        return self._ask("check", {"since": since}, lambda place: commands.check(place, since))

    def query(self, sql: str, limits: Limits | None = None) -> Json:
        limits = limits or Limits()
        body = {"sql": sql, "rows": limits.rows, "time_s": limits.time_s}
        return self._ask("query", body, lambda place: commands.query(place, sql, limits))

    def etl_run(self, reconcile: Collection[date] = (), max_seconds: float | None = None) -> Json:
        body = {"reconcile": list(reconcile), "max_seconds": max_seconds}
        return self._ask(
            "etl/run", body, lambda place: commands.etl_run(place, reconcile, self._watch.reached, max_seconds)
        )

    def etl_rebuild(self, wish: RebuildRequest) -> Json:
        body = {"apply": wish.apply, "first": wish.first}
        return self._ask("etl/rebuild", body, lambda place: repairs.etl_rebuild(place, wish, self._watch.reached))

    def bad_list(self, since: date | None = None, reason: str | None = None) -> Json:
        body = {"since": since, "reason": reason}
        return self._ask("bad/list", body, lambda place: repairs.bad_list(place, since, reason))

    def bad_show(self, object_: str, line: int) -> Json:
        return self._ask(
            "bad/show", {"object": object_, "line": line}, lambda place: repairs.bad_show(place, object_, line)
        )

    def bad_replay(self, chosen: ReplayFilter) -> Json:
        body = {"reason": chosen.reason, "object": chosen.object}
        return self._ask("bad/replay", body, lambda place: repairs.bad_replay(place, chosen, self._watch.reached))

    def forget(self, asked: ForgetRequest) -> Json:
        return self._ask("forget", to_builtins(asked), lambda place: life.forget(place, asked, self._watch.reached))

    def expire(self, asked: ExpireRequest) -> Json:
        return self._ask("expire", to_builtins(asked), lambda place: life.expire(place, asked, self._watch.reached))

    def export_days(self, asked: DaysRequest) -> Json:
        return self._ask("export/days", to_builtins(asked), lambda place: life.export_days(place, asked))

    def export_day(self, asked: ExportRequest) -> Json:
        """A file in the stage; who asks takes it away."""
        try:
            return self._ask("export/day", to_builtins(asked), lambda place: life.export_day(place, asked))
        except KeyboardInterrupt:
            remove_unfinished(self._settings.stage_path)
            raise

    def _ask(self, path: str, body: Json, work: Callable[[Place], Json]) -> Json:
        """Ask the owner, or do the work here. Two short commands at once take turns: that is what patience is for."""
        deadline = time.monotonic() + self._patience_s
        while True:
            owner = find_owner(self._settings)
            try:
                if owner is not None:
                    self._watch.asks(owner)
                    return _ask_owner(owner, path, body, self._watch.reached)
            except _NotThereError:
                pass
            try:
                return _interruptible(lambda: self._work_here(work))
            except WarehouseBusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _work_here(self, work: Callable[[Place], Json]) -> Json:
        with open_place(self._settings, self._clock) as place:
            return work(place)


def _interruptible(work: Callable[[], Json]) -> Json:
    """Do the work on a thread of its own: DuckDB holds the main one where Ctrl-C would wait for its end."""
    done: Future[Json] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="work", daemon=True).start()
    while not done.done():
        wait([done], timeout=0.1)  # now and then: a signal that another thread takes does not end a wait
    return done.result()


def ask_status(owner: Owner, timeout_s: float = 5.0) -> Json | None:
    """What the owner says of itself; None when it does not answer, or is no owner."""
    try:
        with _connected(owner, timeout_s) as pool:
            response = pool.request("GET", f"{owner.url}/api/status")
        return _result(response.status, response.data)
    except (HTTPError, msgspec.MsgspecError, _NotThereError, ClickstreamError):
        return None


def _ask_owner(owner: Owner, path: str, body: Json, reached: Progress) -> Json:
    """The owner's answer. `reached` is told meanwhile how far it is."""
    url, content = f"{owner.url}/api/{path}", msgspec.json.encode(body)
    try:
        with (
            _connected(owner, SILENCE_S) as pool,
            pool.request("POST", url, body=content, preload_content=False) as response,
        ):
            is_told = response.headers.get("Content-Type", "").startswith(LINES)
            answer = read_lines(response, reached) if is_told else (response.status, response.data)
        return _result(*answer)
    except ReadTimeoutError as error:
        raise UnavailableError(
            f"asking the owner ({owner})", "it does not answer", "see DATA/logs/owner.log"
        ) from error
    except (HTTPError, msgspec.MsgspecError) as error:
        raise _NotThereError from error


def _connected(owner: Owner, silence_s: float) -> urllib3.PoolManager:
    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json", "Accept": LINES}
    return urllib3.PoolManager(headers=headers, retries=False, timeout=urllib3.Timeout(connect=5, read=silence_s))


def _result(status: int, body: bytes) -> Json:
    reply = msgspec.json.decode(body, type=_Reply)
    if reply.success:
        return reply.result
    if status in (401, 403, 404):
        raise _NotThereError
    raise _error_of(status, reply)


def _error_of(status: int, reply: _Reply) -> ClickstreamError:
    """The error as the owner raised it: same words, same code."""
    doing, _, why = reply.message.partition(": ")
    if status == 400:
        return QuestionError(reply.error, doing.removeprefix("asking with "), why, reply.advice)
    error = ClickstreamError(doing, why, reply.advice)
    error.code = reply.error
    return error
