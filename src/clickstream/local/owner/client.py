"""How a command uses the warehouse: through its owner while one runs, or by opening the warehouse itself.

In: settings, a command of registry.py and its request. Out: the same typed result either way, or the same error.
Each call looks for the owner again, so a long-running command follows an owner that starts or ends meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from clickstream.errors import ClickstreamError, UnavailableError, WarehouseBusyError, error_from_fields
from clickstream.event import utc_now
from clickstream.local.owner.context import open_context
from clickstream.local.owner.file import Owner, find_owner, require_folder
from clickstream.local.owner.progress import NDJSON, read_stream
from clickstream.local.owner.registry import Command, Q, R
from clickstream.progress import Progress, no_progress
from clickstream.settings import Settings

PATIENCE_S = 5.0
SILENCE_S = 120.0
"""The longest silence of a running owner: it reports progress twice a second."""
_T = TypeVar("_T")


class OwnerStatus(msgspec.Struct):
    """What the owner reports about itself. etl: counts of passes and failures, and why loading fails now."""

    pid: int
    warehouse: str
    events: int
    etl: dict[str, Any]


class _Body(msgspec.Struct):
    """The body of a response. error, message, advice, fields: only when it failed."""

    success: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    message: str = ""
    advice: str = ""
    fields: dict[str, Any] | None = None


class _NoOwnerError(Exception):
    """The process in owner.json does not respond as an owner: it has ended, or it is another program."""


class Client:
    """Runs commands on the warehouse of these settings.

    patience_s: how long to wait for another command that holds the DuckDB file; short commands take turns.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = utc_now,
        progress: Progress = no_progress,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._progress = progress
        self._patience_s = patience_s

    def call(self, command: Command[Q, R], request: Q) -> R:
        """Run the command. Raises what it raises; WarehouseBusyError if another process keeps the DuckDB file."""
        deadline = time.monotonic() + self._patience_s
        while True:
            owner = find_owner(self.settings)
            try:
                if owner is not None:
                    return self._call_owner(owner, command, request)
            except _NoOwnerError:
                pass
            try:
                return _interruptible(lambda: self._run_here(command, request))
            except WarehouseBusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _run_here(self, command: Command[Q, R], request: Q) -> R:
        if not command.creates:
            require_folder(self.settings)
        with open_context(self.settings, self._clock) as context:
            return command.run(context, request, self._progress)

    def _call_owner(self, owner: Owner, command: Command[Q, R], request: Q) -> R:
        self._progress(0, 0, f"the owner ({owner}) is working")
        url, body = f"{owner.url}/api/{command.path}", msgspec.json.encode(request)
        try:
            with (
                _pool(owner, SILENCE_S) as pool,
                pool.request("POST", url, body=body, preload_content=False) as response,
            ):
                is_stream = response.headers.get("Content-Type", "").startswith(NDJSON)
                outcome = read_stream(response, self._progress) if is_stream else (response.status, response.data)
            return command.decode(_result(*outcome))
        except ReadTimeoutError as error:
            doing = f"calling the owner ({owner})"
            raise UnavailableError(doing, "it does not respond", "see DATA/logs/owner.log") from error
        except (HTTPError, msgspec.MsgspecError) as error:
            raise _NoOwnerError from error


def fetch_status(owner: Owner, timeout_s: float = 5.0) -> OwnerStatus | None:
    """Return the status of an owner; None if it does not respond as one."""
    try:
        with _pool(owner, timeout_s) as pool:
            response = pool.request("GET", f"{owner.url}/api/status")
        return msgspec.json.decode(_result(response.status, response.data), type=OwnerStatus)
    except (HTTPError, msgspec.MsgspecError, _NoOwnerError, ClickstreamError):
        return None


def _pool(owner: Owner, silence_s: float) -> urllib3.PoolManager:
    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json", "Accept": NDJSON}
    return urllib3.PoolManager(headers=headers, retries=False, timeout=urllib3.Timeout(connect=5, read=silence_s))


def _result(status: int, data: bytes) -> bytes:
    """Return the result in a response body as JSON, or raise the error that it contains."""
    body = msgspec.json.decode(data, type=_Body)
    if body.success:
        return bytes(body.result)
    if status in (401, 403, 404):
        raise _NoOwnerError
    if body.fields is None:
        raise ClickstreamError("calling the owner", body.message, body.advice)
    raise error_from_fields(body.fields)


def _interruptible(work: Callable[[], _T]) -> _T:
    """Run the work on its own thread: on the main thread, DuckDB would delay Ctrl-C until it is done."""
    done: Future[_T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="work", daemon=True).start()
    while not done.done():
        wait([done], timeout=0.1)  # not without a limit: a signal that another thread receives does not end a wait
    return done.result()
