"""Bytes of a request -> accepted raw events, rejected ones with their reasons, and the response that lists them.

In: a body and its headers. Out: an Envelope, and a Response of the contract. It judges the envelope (JSON, sizes, a
name) and nothing more; the ETL interprets the fields. A body that cannot be decoded is refused whole; a body that can
is judged event by event. Pure: no clock, no I/O; the caller supplies the function that mints event ids, so that no
later stage has to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from clickstream.event import MAX_NESTING, RawEvent, Rejection, is_too_deep, name_problem, use_camel_case

MAX_BODY_BYTES = 1_048_576
MAX_EVENTS = 1_000
MAX_GZIP_MEMBERS = 100
RETRY_AFTER_S = 5
JSON = ((b"content-type", b"application/json"),)

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Envelope:
    """The events of one body, judged. sent_at: the envelope's own `sentAt`, as the client wrote it."""

    accepted: list[RawEvent]
    rejected: list[Rejection]
    sent_at: Any = None


def read_body(headers: Mapping[bytes, bytes], body: bytes, new_id: Callable[[], str]) -> tuple[Envelope, bytes]:
    """Judge the body of a POST. Return its events, and its bytes: decompressed where that was possible."""
    plain = body_too_large() if len(body) > MAX_BODY_BYTES else _decompressed(headers, body)
    if isinstance(plain, Rejection):
        return Envelope([], [plain]), body
    return read_envelope(plain, new_id), plain


def _decompressed(headers: Mapping[bytes, bytes], body: bytes) -> bytes | Rejection:
    """Return the body without its encoding, if the collector reads its type and encoding."""
    content_type = headers.get(b"content-type", b"")
    if content_type != b"application/json":
        content_type = content_type.partition(b";")[0].strip().lower()
        if content_type not in (b"", b"application/json", b"text/plain"):
            why = "unsupported Content-Type; send application/json or text/plain"
            return Rejection(415, "unsupported_media_type", why)
    if b"content-encoding" not in headers:
        return body
    encoding = headers[b"content-encoding"].strip().lower()
    if encoding not in (b"gzip", b"identity", b""):
        return Rejection(415, "unsupported_media_type", "unsupported Content-Encoding; send gzip or none")
    return gunzip(body) if encoding == b"gzip" and body else body


def gunzip(body: bytes) -> bytes | Rejection:
    """Decompress a gzip body of one or more members, up to MAX_BODY_BYTES + 1 bytes."""
    out = b""
    members = 0
    try:
        while body:
            members += 1
            if members > MAX_GZIP_MEMBERS:  # each member costs a copy of all that follow
                why = f"the gzip body has more than {MAX_GZIP_MEMBERS} members"
                return Rejection(400, "invalid_encoding", why)
            member = zlib.decompressobj(_GZIP_WINDOW)
            out += member.decompress(body, MAX_BODY_BYTES + 1 - len(out))
            if len(out) > MAX_BODY_BYTES:
                return body_too_large()
            if not member.eof:
                return Rejection(400, "invalid_encoding", "the gzip body is truncated")
            body = member.unused_data
    except zlib.error as error:
        return Rejection(400, "invalid_encoding", f"the body is not valid gzip data: {error}")
    return out


def body_too_large() -> Rejection:
    return Rejection(
        413, "body_too_large", f"the body is larger than {MAX_BODY_BYTES} bytes, compressed or decompressed"
    )


def read_envelope(body: bytes, new_id: Callable[[], str]) -> Envelope:
    """Judge one request's body (plain bytes, at most MAX_BODY_BYTES).

    When no event is accepted, `rejected[0]` has the status and the code of the response.
    """
    try:
        decoded = _decode(body)
    except RecursionError:
        return Envelope([], [_too_deep()])
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        return Envelope([], [_undecodable(body, error)])
    # The number of brackets bounds the depth: most single events have few, and need no walk.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING and is_too_deep(decoded):
        return Envelope([], [_too_deep()])
    if type(decoded) is dict and "eventName" in decoded:  # one event: the common request
        problem = _put_event(decoded, new_id)
        return Envelope([decoded], []) if problem is None else Envelope([], [Rejection(400, *problem, 0, decoded)])
    events, sent_at = _events_of(decoded)
    if isinstance(events, Rejection):
        return Envelope([], [events])
    accepted: list[RawEvent] = []
    rejected: list[Rejection] = []
    for index, event in enumerate(events):
        problem = _put_event(event, new_id)
        if problem is None:
            accepted.append(event)
        else:
            rejected.append(Rejection(400, *problem, index, event))
    return Envelope(accepted, rejected, sent_at)


def _undecodable(body: bytes, error: Exception) -> Rejection:
    if not body.strip():
        return Rejection(400, "empty_body", "the body is empty")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return Rejection(400, "invalid_encoding", f"the body is not UTF-8: {wrong.reason} at byte {wrong.start}")
    return Rejection(400, "invalid_json", str(error))


def _events_of(decoded: Any) -> tuple[list[Any] | Rejection, Any]:
    """Return the events of a body in any of its three shapes, and the envelope's `sentAt`."""
    sent_at = None
    if isinstance(decoded, list):
        events = decoded
    elif not isinstance(decoded, dict):
        return Rejection(400, "not_an_object", "the body must be an object or an array of objects"), None
    elif "eventName" in decoded or "event_name" in decoded or "events" not in decoded:
        return [decoded], None
    else:
        events, sent_at = decoded["events"], decoded.get("sentAt", decoded.get("sent_at"))
    if not isinstance(events, list) or not events:
        return Rejection(400, "no_events", "`events` must be an array with at least one event"), None
    if len(events) > MAX_EVENTS:
        why = f"the body has {len(events)} events (at most {MAX_EVENTS})"
        return Rejection(413, "too_many_events", why), None
    return events, sent_at


def _put_event(event: Any, new_id: Callable[[], str]) -> tuple[str, str] | None:
    """Turn a decoded value into a raw event, in place; return code and message when it is not an event."""
    if not isinstance(event, dict):
        return "not_an_object", "an event must be an object"
    use_camel_case(event)
    name: Any = event.get("eventName")
    problem = name_problem(name)
    if problem is not None:
        return problem
    if name[0].isspace() or name[-1].isspace():
        event["eventName"] = name.strip()
    if "_ingest" in event:
        del event["_ingest"]
    if event.get("eventId") in (None, ""):
        event["eventId"] = new_id()
    return None


def _too_deep() -> Rejection:
    return Rejection(400, "too_deep", f"objects and arrays are nested more than {MAX_NESTING} levels deep")


def unavailable() -> Rejection:
    return Rejection(503, "unavailable", "the events could not be stored; send them again")


class Response(NamedTuple):
    """A response of the contract, whichever adapter sends it."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def with_headers(self, more: Iterable[tuple[bytes, bytes]]) -> Response:
        """Return this response with `more` headers before its own."""
        return Response(self.status, self.body, (*more, *self.headers))


def accepted_response(envelope: Envelope) -> Response:
    """Return 200 with the number of accepted events and the list of rejected ones."""
    if not envelope.rejected:
        return _all_accepted(len(envelope.accepted))
    body = {"success": True, "accepted": len(envelope.accepted), "rejected": _listed(envelope.rejected)}
    return Response(200, msgspec.json.encode(body), JSON)


@lru_cache(MAX_EVENTS)
def _all_accepted(count: int) -> Response:
    return Response(200, b'{"success":true,"accepted":%d,"rejected":[]}' % count, JSON)


def refused_response(rejections: list[Rejection], retry_after_s: int = RETRY_AFTER_S) -> Response:
    """Return the status and code of the first rejection, and the list of all rejected events."""
    first = rejections[0]
    body = {"success": False, "error": first.code, "message": first.message, "rejected": _listed(rejections)}
    headers: tuple[tuple[bytes, bytes], ...] = JSON
    if first.status in (429, 503):
        headers = (*headers, (b"retry-after", b"%d" % max(1, retry_after_s)))
    if first.code in ("body_too_large", "request_timeout"):
        headers = (*headers, (b"connection", b"close"))  # the rest of the body is not read
    return Response(first.status, msgspec.json.encode(body), headers)


def _listed(rejections: list[Rejection]) -> list[dict[str, Any]]:
    return [
        {"index": rejection.index, "error": rejection.code, "message": rejection.message}
        for rejection in rejections
        if rejection.index is not None
    ]
