"""Delivers events to a collector over one persistent connection, as any client does.

In: encoded events. Out: a Receipt, after the collector stored what it accepted. Connection errors, 408, 429 and 5xx are
retried with growing pauses, or after the server's Retry-After: the same events with the same ids and a new `sentAt`.
Raises UnavailableError when retrying took too long, or when nothing listened from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay, wait_exponential_jitter
from urllib3.exceptions import HTTPError, NewConnectionError

import clickstream
from clickstream.errors import UnavailableError
from clickstream.event import utc_now

PATH = "/clickstream"
PATIENCE_S = 120.0
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_START_IT = "start it: clickstream up (or clickstream collect)"
_PAUSE = wait_exponential_jitter(multiplier=0.2, max=10, jitter=0.2)
# The bot score recognises imports by this agent: it does not say which browser made the events.
_HEADERS = {"Content-Type": "application/json", "User-Agent": f"clickstream-import/{clickstream.__version__}"}
_RETRIED = frozenset({408, 429, *range(500, 600)})


class RejectedEvent(msgspec.Struct, frozen=True):
    """An event that the collector rejected. index: its position in the request, from 0."""

    index: int
    error: str
    message: str = ""


class _Response(msgspec.Struct, frozen=True):
    success: bool
    accepted: int = 0
    message: str = ""
    rejected: list[RejectedEvent] = []


class Receipt(msgspec.Struct, frozen=True):
    accepted: int
    rejected: list[RejectedEvent]


@dataclass(frozen=True, slots=True)
class Sender:
    """The device that sends. clock_offset: how far its clock is ahead, in `sentAt`; None = it sends no `sentAt`."""

    user_agent: str | None = None
    clock_offset: timedelta | None = timedelta()


OURSELVES = Sender()


class _RetryableError(Exception):
    """An attempt failed for a reason that may pass. pause_s: the server's Retry-After, 0 without one."""

    def __init__(self, why: str, pause_s: float = 0) -> None:
        super().__init__(why)
        self.pause_s = pause_s


class Delivery:
    """A connection to one collector. Use as a context.

    patience_s: how long one post is retried. write_key: one of the collector's, if it needs one.
    """

    def __init__(
        self,
        collector_url: str,
        clock: Callable[[], datetime] = utc_now,
        patience_s: float = PATIENCE_S,
        write_key: str = "",
    ) -> None:
        self.url = collector_url.rstrip("/").removesuffix(PATH)
        self._clock = clock
        self._patience_s = patience_s
        self._headers = _HEADERS | ({"X-Write-Key": write_key} if write_key else {})
        self._was_reached = False
        try:
            self._pool = urllib3.connection_from_url(self.url, maxsize=1, retries=False, timeout=_TIMEOUT)
        except HTTPError as error:
            raise UnavailableError(f"reaching the collector {self.url}", str(error), "check its URL") from error

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def check(self) -> None:
        """Raise UnavailableError when nothing responds at the collector's URL."""
        try:
            self._pool.urlopen("GET", "/health", redirect=False)
        except HTTPError as error:
            raise self._unavailable("nothing is listening there", _START_IT) from error

    def post(self, events: Sequence[bytes], sender: Sender = OURSELVES) -> Receipt:
        """Post events (JSON objects; at most 1,000 and 1 MiB) until the collector accepts or rejects them."""
        attempts = Retrying(
            stop=stop_before_delay(self._patience_s),
            wait=_pause_s,
            retry=retry_if_exception_type(_RetryableError),
            reraise=True,
        )
        try:
            return attempts(self._attempt, b",".join(events), sender)
        except _RetryableError as error:
            why = f"{error}, for {self._patience_s:.0f} s" if self._was_reached else str(error)
            raise self._unavailable(why, "start it again, then run the same command again") from error

    def _attempt(self, joined: bytes, sender: Sender) -> Receipt:
        body = b'{%s"events":[%s]}' % (self._sent_at(sender), joined)
        headers = self._headers if sender.user_agent is None else {**self._headers, "User-Agent": sender.user_agent}
        try:
            response = self._pool.urlopen("POST", PATH, body=body, headers=headers, redirect=False)
        except NewConnectionError as error:
            if self._was_reached:
                raise _RetryableError("nothing is listening there now") from error
            raise self._unavailable("nothing is listening there", _START_IT) from error
        except HTTPError as error:
            raise _RetryableError(f"the connection failed: {error}") from error
        self._was_reached = True
        if response.status in _RETRIED:
            raise _RetryableError(f"it responded with {response.status}", _retry_after_s(response))
        return self._receipt(response)

    def _sent_at(self, sender: Sender) -> bytes:
        if sender.clock_offset is None:
            return b""
        sent_at = (self._clock() + sender.clock_offset).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return b'"sentAt":"%s",' % sent_at.encode()

    def _receipt(self, response: urllib3.BaseHTTPResponse) -> Receipt:
        try:
            body = msgspec.json.decode(response.data, type=_Response)
        except msgspec.MsgspecError:
            body = _Response(False, message="this is not the response of a collector")
        if (response.status == 200 and body.success) or body.rejected:
            return Receipt(body.accepted, body.rejected)
        raise self._unavailable(
            f"it responded with {response.status} {body.message}".rstrip(), "check the collector's URL"
        )

    def _unavailable(self, why: str, advice: str) -> UnavailableError:
        return UnavailableError(f"sending events to {self.url}", why, advice)


def _pause_s(state: RetryCallState) -> float:
    """Return the pause before the next attempt: growing, and never shorter than Retry-After."""
    error = state.outcome.exception() if state.outcome else None
    least_s = error.pause_s if isinstance(error, _RetryableError) else 0.0
    return max(least_s, _PAUSE(state))


def _retry_after_s(response: urllib3.BaseHTTPResponse) -> float:
    value = response.headers.get("Retry-After")
    try:
        return urllib3.Retry().parse_retry_after(value) if value else 0.0
    except HTTPError:
        return 0.0
