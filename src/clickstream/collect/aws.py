"""The collector as an AWS Lambda function behind an API Gateway HTTP API (payload format 2.0).

In: an API Gateway event; settings from the environment. Out: the answer of the same contract, after the raw object is
in S3. Guarantee: object names, event ids and times come from `requestContext` alone, so that an invocation that is
repeated writes the same object again, and a PUT that creates only finds it there. One PUT stores the events of an
invocation; a second one happens only to keep a copy of refused input.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from clickstream.collect.door import Cors, Door, Rules
from clickstream.collect.envelope import (
    Answer,
    Envelope,
    accepted_answer,
    refused_answer,
    unavailable,
)
from clickstream.collect.objects import pack
from clickstream.collect.rejected import RejectedLog, copies
from clickstream.collect.request import Notes, Request, read_events
from clickstream.errors import StoreError
from clickstream.event import Rejection
from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import open_store
from clickstream.settings import Settings, read_settings

PATH = "/clickstream"
PATIENCE_S = 8.0
"""How long a PUT is tried: well below the 30 s after which API Gateway answers by itself."""

_log = logging.getLogger(__name__)


class CollectFunction:
    """The function. The store that the first invocation opened serves the later ones."""

    def __init__(self, read: Callable[[], Settings] = read_settings) -> None:
        self._read = read
        self._room: _Room | None = None

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer one request. Raises SettingsError when the function is set up wrongly, never because of input."""
        del context
        if self._room is None:
            self._room = _Room(self._read())
        http = event["requestContext"]["http"]
        headers = {_bytes(name.lower()): _bytes(value) for name, value in event.get("headers", {}).items()}
        origin = headers.get(b"origin")
        extra = self._room.cors.headers(origin)
        stage = f"/{event['requestContext'].get('stage', '')}"
        path = event.get("rawPath", http["path"])
        path = path.removeprefix(stage) if path.startswith(f"{stage}/") else path
        if path == PATH and http["method"] == "POST":
            answer = self._room.take(event, headers)
        elif path == PATH and http["method"] == "OPTIONS":
            answer, extra = Answer(204, b"", ()), extra + self._room.cors.preflight(origin)
        elif path == PATH:
            answer = refused_answer([Rejection(405, "method_not_allowed", f"{http['method']} is not for {PATH}")])
            extra = [*extra, (b"allow", b"POST, OPTIONS")]
        elif path == "/health" and http["method"] in ("GET", "HEAD"):
            answer = Answer(200, b'{"status": "ok"}', ((b"content-type", b"application/json"),))
        else:
            answer = refused_answer([Rejection(404, "not_found", "send events to POST /clickstream")])
        return {
            "statusCode": answer.status,
            "headers": {name.decode(): value.decode() for name, value in (*extra, *answer.headers)},
            "body": answer.body.decode(),
            "isBase64Encoded": False,
        }


class _Room:
    """What an execution environment keeps between invocations."""

    def __init__(self, settings: Settings) -> None:
        self.cors = Cors(settings.cors_origins)
        self._notes = Notes.of(settings)
        self._door = Door(Rules.of(settings))
        self._layout = settings.raw_layout
        self._store = _open(settings)

    def take(self, event: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> Answer:
        """Judge one POST, store what is accepted, and answer."""
        context = event["requestContext"]
        sender = self._door.sender(context["http"].get("sourceIp"), headers.items())
        refusal = self._door.refusal(sender, headers, _bytes(event.get("rawQueryString", "")), time.monotonic())
        if refusal is not None:
            return refused_answer([refusal], self._door.retry_after_s)
        names = _names(context)
        body, refusal = _body(event)
        if refusal is None:
            envelope, body = read_events(headers, body, lambda: str(next(names)))
        else:
            envelope = Envelope([], [refusal])
        request = Request("POST", PATH, headers, sender, context["timeEpoch"] * 1_000_000, context["requestId"])
        request.gateway = _gateway(context, headers)
        if envelope.accepted:
            try:
                self._store.put(pack(self._notes.lines(request, envelope), self._layout, lambda: next(names)))
            except StoreError as error:
                _log.error("%s", error)
                return refused_answer([unavailable()])
        if envelope.rejected:  # last: what was promised does not wait for a copy
            self._keep_rejected(request, body, envelope)
        return accepted_answer(envelope) if envelope.accepted else refused_answer(envelope.rejected)

    def _keep_rejected(self, request: Request, body: bytes, envelope: Envelope) -> None:
        log = RejectedLog(self._store, lambda: request.received_ns)
        is_kept = not self._notes.has_opted_out(request)
        for data, rejection in copies(body, envelope):
            log.put(data, rejection, self._notes.block(request), is_kept)
        log.flush()


def _open(settings: Settings) -> RawStore:
    bucket = settings.raw_bucket
    if bucket is None:
        store = open_store(settings)
        store.prepare()
        return store
    return S3Store(Bucket(*bucket, settings.s3_endpoint, PATIENCE_S))


def _body(event: Mapping[str, Any]) -> tuple[bytes, Rejection | None]:
    """The body as it came, and why it is none."""
    text = event.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else _bytes(text)
    except (binascii.Error, ValueError):
        return _bytes(text), Rejection(400, "invalid_encoding", "the body cannot be decoded")
    return body, None


def _bytes(text: str) -> bytes:
    """UTF-8; half a surrogate pair becomes bytes that are none, and is judged as such."""
    return text.encode("utf-8", "surrogatepass")


def _names(context: Mapping[str, Any]) -> Iterator[UUID]:
    """UUIDv7s of one request: its time, and a hash of its id and their number. The same request has the same."""
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
