"""The collector as an AWS Lambda function behind API Gateway.

In: an API Gateway event, payload format 2.0 (HTTP APIs, function URLs) or 1.0 (REST APIs), with the API's stage or a
custom domain's prefix before the path; settings from the environment. Out: the response of the same contract, after the
raw object is in S3. An event that is not an HTTP request gets 400; no input makes the function raise.
Guarantee: object names, event ids and times come from `requestContext` alone. A repeated invocation therefore writes
the same object again, and a PUT that only creates finds it there. One PUT stores the events of an invocation; a second
one happens only to keep excerpts of rejected input.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from clickstream.collect.connection.body import RefusedBody
from clickstream.collect.envelope import Response, refused_response
from clickstream.collect.intake import PATH, Intake, IntakeConfig
from clickstream.collect.objects import pack
from clickstream.collect.rejected import Excerpt, RejectedLog
from clickstream.collect.request import Request
from clickstream.errors import StoreError
from clickstream.event import RawLine, Rejection
from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import open_store
from clickstream.settings import Settings, read_settings

PUT_TIMEOUT_S = 8.0
"""How long a PUT is tried: well below the 30 s after which API Gateway responds itself."""
MAX_EPOCH_MS = 1 << 48
"""A UUIDv7 has 48 bits for its time."""

_PLAIN_ID = re.compile(r"[A-Za-z0-9_=+/.:-]{1,128}")
_log = logging.getLogger(__name__)


class CollectFunction:
    """The function. Later invocations use the store that the first one opened."""

    def __init__(self, read: Callable[[], Settings] = read_settings) -> None:
        self._read = read
        self._collector: _LambdaCollector | None = None

    def __call__(self, event: object, context: object) -> dict[str, Any]:
        """Respond to one request. Raises SettingsError if the function is misconfigured, StoreError if at the first
        invocation the store cannot be opened; no input makes it raise.
        """
        del context
        if self._collector is None:
            self._collector = _LambdaCollector(self._read())
        response = self._collector.respond(event)
        return {
            "statusCode": response.status,
            "headers": {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers},
            "body": response.body.decode(),
            "isBase64Encoded": False,
        }


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """A request as API Gateway describes it, in either payload format."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    peer: str | None
    time_ms: int
    id: str
    gateway: tuple[tuple[str, str], ...]
    body: bytes | RefusedBody

    @classmethod
    def of(cls, event: object) -> GatewayRequest | None:
        """Read an event; None if it is not an HTTP request. Whatever else is missing or odd is replaced."""
        event = _fields(event)
        context = _fields(event.get("requestContext"))
        http = _fields(context.get("http"))
        method = _text(http.get("method")) or _text(event.get("httpMethod"))
        path = _text(event.get("rawPath")) or _text(event.get("path")) or _text(http.get("path"))
        if not method or not path:
            return None
        headers = _headers(event)
        peer = http.get("sourceIp") or _fields(context.get("identity")).get("sourceIp")
        time_ms = context.get("timeEpoch", context.get("requestTimeEpoch"))
        if not isinstance(time_ms, int) or not 0 < time_ms < MAX_EPOCH_MS:
            time_ms = time.time_ns() // 1_000_000
        trace = headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
        facts = (("apiId", context.get("apiId")), ("stage", context.get("stage")), ("traceId", trace))
        return cls(
            method=method.upper(),
            path=_without_prefix(path),
            query=_query(event),
            headers=headers,
            peer=_text(peer) or None,
            time_ms=time_ms,
            id=_request_id(_text(context.get("requestId"))),
            gateway=tuple((name, text) for name, value in facts if (text := _text(value))),
            body=_body(event),
        )

    def names(self) -> Iterator[UUID]:
        """Yield UUIDv7s from the time and id of the request, so that a repeated request gets the same ones."""
        for number in itertools.count():
            digest = hashlib.sha256(f"{self.id}/{number}".encode()).digest()
            value = (self.time_ms << 80) | int.from_bytes(digest[:10])
            value = value & ~(0xF << 76) | 7 << 76
            yield UUID(int=value & ~(0x3 << 62) | 2 << 62)


class _LambdaCollector:
    """What an execution environment keeps between invocations."""

    def __init__(self, settings: Settings) -> None:
        self._store = _open(settings)
        self._layout = settings.raw_layout
        self._intake = Intake(IntakeConfig.of(settings), RejectedLog(self._store, time.time_ns))

    def respond(self, event: object) -> Response:
        request = GatewayRequest.of(event)
        if request is None:
            why = "the event is not an HTTP request of API Gateway (payload format 2.0 or 1.0)"
            return refused_response([Rejection(400, "invalid_request", why)])
        if request.path == PATH and request.method == "POST":
            return self._post(request)
        return self._intake.respond(request.method, request.path, request.headers)

    def _post(self, sent: GatewayRequest) -> Response:
        """Admit the sender, judge the body, store its events, then respond."""
        sender = self._intake.sender(sent.peer, sent.headers.items())
        request = Request("POST", PATH, sent.headers, sender, sent.time_ms * 1_000_000, sent.id, sent.gateway)
        refused = self._intake.admit(request, sent.query)
        if refused is not None:
            return refused
        names = sent.names()
        envelope = self._intake.judge(request, sent.body, lambda: str(next(names)))
        is_stored = not envelope.accepted or self._put(self._intake.lines(request, envelope), names)
        if is_stored:
            self._intake.rejected.flush()  # after the events, which must not wait for excerpts
        if not envelope.accepted:
            return self._intake.refuse(request, envelope)
        return self._intake.acknowledge(request, envelope, is_stored)

    def _put(self, lines: Sequence[RawLine], names: Iterator[UUID]) -> bool:
        """Store lines as raw objects; return whether they are durable."""
        try:
            self._store.put(pack(lines, self._layout, lambda: next(names)))
        except StoreError as error:
            _log.error("%s", error)
            return False
        return True


def _open(settings: Settings) -> RawStore:
    bucket = settings.raw_bucket
    if bucket is None:
        store = open_store(settings)
        store.prepare()
        return store
    return S3Store(Bucket(*bucket, settings.s3_endpoint, PUT_TIMEOUT_S))


def _without_prefix(path: str) -> str:
    """Return the path without what API Gateway puts before it: the stage, or the prefix of a custom domain."""
    path = path.rstrip("/")
    return next((known for known in (PATH, "/health") if path.endswith(known)), path)


def _headers(event: Mapping[str, object]) -> dict[bytes, bytes]:
    """Return the headers with lower-case names; several values of one header are joined, as payload 2.0 does."""
    several = {
        name: ",".join(map(_text, values))
        for name, values in _fields(event.get("multiValueHeaders")).items()
        if isinstance(values, list)
    }
    headers = {**several, **_fields(event.get("headers"))}
    return {_text(name).encode().lower(): text.encode() for name, value in headers.items() if (text := _text(value))}


def _query(event: Mapping[str, object]) -> bytes:
    query = event.get("rawQueryString")
    if query is None:
        query = urlencode({name: _text(value) for name, value in _fields(event.get("queryStringParameters")).items()})
    return _text(query).encode()


def _body(event: Mapping[str, object]) -> bytes | RefusedBody:
    """Return the body as the client sent it, or why it cannot be decoded."""
    text = _text(event.get("body")).encode()
    try:
        return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") is True else text
    except (binascii.Error, ValueError):
        rejection = Rejection(400, "invalid_encoding", "the body is not valid base64")
        return RefusedBody(rejection, Excerpt.of(text), len(text))


def _request_id(text: str) -> str:
    """Return the id that API Gateway gave the request; a hash of an odd one, so that it is stored as plain text."""
    if _PLAIN_ID.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest() if text else uuid4().hex


def _fields(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """Return a text with U+FFFD for half of a surrogate pair; "" for anything that is not a text."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


handler = CollectFunction()
