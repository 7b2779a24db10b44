"""The collector as an AWS Lambda function behind an API Gateway HTTP API (payload format 2.0).

In: an API Gateway event; settings from the environment. Out: the response of the same contract, after the raw object is
in S3. Guarantee: object names, event ids and times come from `requestContext` alone. A repeated invocation therefore
writes the same object again, and a PUT that only creates finds it there. One PUT stores the events of an invocation; a
second one happens only to keep excerpts of rejected input.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from clickstream.collect.connection.body import RefusedBody
from clickstream.collect.envelope import Response
from clickstream.collect.intake import PATH, Intake, IntakeConfig
from clickstream.collect.objects import pack
from clickstream.collect.rejected import Excerpt, RejectedLog
from clickstream.collect.request import Request
from clickstream.errors import StoreError
from clickstream.event import RawLine, Rejection
from clickstream.raw.contract import RawStore
from clickstream.raw.open import open_store
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.settings import Settings, read_settings

PUT_TIMEOUT_S = 8.0
"""How long a PUT is tried: well below the 30 s after which API Gateway responds itself."""

_log = logging.getLogger(__name__)


class CollectFunction:
    """The function. Later invocations use the store that the first one opened."""

    def __init__(self, read: Callable[[], Settings] = read_settings) -> None:
        self._read = read
        self._collector: _LambdaCollector | None = None

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Respond to one request. Raises SettingsError if the function is misconfigured; no input makes it raise."""
        del context
        if self._collector is None:
            self._collector = _LambdaCollector(self._read())
        response = self._collector.respond(event)
        return {
            "statusCode": response.status,
            "headers": {name.decode(): value.decode() for name, value in response.headers},
            "body": response.body.decode(),
            "isBase64Encoded": False,
        }


class _LambdaCollector:
    """What an execution environment keeps between invocations."""

    def __init__(self, settings: Settings) -> None:
        self._store = _open(settings)
        self._layout = settings.raw_layout
        self._intake = Intake(IntakeConfig.of(settings), RejectedLog(self._store, time.time_ns))

    def respond(self, event: Mapping[str, Any]) -> Response:
        context = event["requestContext"]
        method = context["http"]["method"]
        headers = {_bytes(name.lower()): _bytes(value) for name, value in event.get("headers", {}).items()}
        path = _path(event)
        if path == PATH and method == "POST":
            return self._post(event, headers)
        return self._intake.respond(method, path, headers)

    def _post(self, event: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> Response:
        """Admit the sender, judge the body, store its events, then respond."""
        context = event["requestContext"]
        sender = self._intake.sender(context["http"].get("sourceIp"), headers.items())
        gateway = _gateway(context, headers)
        received_ns = context["timeEpoch"] * 1_000_000
        request = Request("POST", PATH, headers, sender, received_ns, context["requestId"], gateway)
        refused = self._intake.admit(request, _bytes(event.get("rawQueryString", "")))
        if refused is not None:
            return refused
        names = _names(context)
        envelope = self._intake.judge(request, _body(event), lambda: str(next(names)))
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


def _path(event: Mapping[str, Any]) -> str:
    """Return the path of a request without the name of the API's stage."""
    context = event["requestContext"]
    path: str = event.get("rawPath", context["http"]["path"])
    stage = f"/{context.get('stage', '')}"
    return path.removeprefix(stage) if path.startswith(f"{stage}/") else path


def _body(event: Mapping[str, Any]) -> bytes | RefusedBody:
    """Return the body as the client sent it, or why it cannot be decoded."""
    text = event.get("body") or ""
    try:
        return base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else _bytes(text)
    except (binascii.Error, ValueError):
        excerpt = Excerpt.of(_bytes(text))
        return RefusedBody(
            Rejection(400, "invalid_encoding", "the body is not valid base64"), excerpt, excerpt.size_bytes
        )


def _bytes(text: str) -> bytes:
    """Return UTF-8; half of a surrogate pair becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _names(context: Mapping[str, Any]) -> Iterator[UUID]:
    """Yield UUIDv7s from the time and id of one request, so that a repeated request gets the same ones."""
    millis = int(context["timeEpoch"])
    for number in itertools.count():
        digest = hashlib.sha256(f"{context['requestId']}/{number}".encode()).digest()
        value = (millis << 80) | int.from_bytes(digest[:10])
        value = value & ~(0xF << 76) | 7 << 76
        yield UUID(int=value & ~(0x3 << 62) | 2 << 62)


def _gateway(context: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> tuple[tuple[str, str], ...]:
    trace = headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
    facts = (("apiId", context.get("apiId")), ("stage", context.get("stage")), ("traceId", trace))
    return tuple((name, str(value)) for name, value in facts if value)


handler = CollectFunction()
