"""Bytes of a request -> accepted raw events, rejected ones with their reasons, and the response that lists them.

In: a body and its headers. Out: an Envelope, and a Response of the contract. It judges the envelope (JSON, sizes, a
name) and nothing more; the ETL interprets the fields. A body that is not UTF-8, JSON or gzip, or over a limit, is
refused whole; anything else wrong in an event costs that event alone. Pure: no clock, no I/O; the caller supplies the
function that mints event ids, so that no later stage has to.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from clickstream.event import (
    MAX_NESTING,
    RawEvent,
    Rejection,
    is_placeholder,
    is_too_deep,
    name_problem,
    replace_lone_surrogates,
    use_camel_case,
)

MAX_BODY_BYTES = 1_048_576
MAX_EVENTS = 1_000
MAX_GZIP_MEMBERS = 100
MAX_CUT_BRACKETS = 100_000
RETRY_AFTER_S = 5
JSON = ((b"content-type", b"application/json"),)

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_decode = msgspec.json.Decoder().decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TO_NEXT_BRACKET = re.compile(rb'(?:[^\[\]{}"]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_TOO_DEEP = ("too_deep", f"objects and arrays are nested more than {MAX_NESTING} levels deep")


@dataclass(slots=True)
class Envelope:
    """The events of one body, judged. sent_at: the envelope's own `sentAt`, as the client wrote it."""

    accepted: list[RawEvent]
    rejected: list[Rejection]
    sent_at: object = None


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
    if encoding in (b"identity", b""):
        return body
    if encoding not in (b"gzip", b"x-gzip"):  # RFC 9110 (8.4.1.3): the two are equal
        return Rejection(415, "unsupported_media_type", "unsupported Content-Encoding; send gzip or none")
    return gunzip(body) if body else body


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
        decoded = _decode_body(body)
    except RecursionError:
        return Envelope([], [Rejection(400, *_TOO_DEEP)])
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        return Envelope([], [_undecodable(body, error)])
    # The number of brackets bounds the depth: most single events have few, and need no walk.
    has_deep_event = body.count(b"{") + body.count(b"[") > MAX_NESTING and is_too_deep(decoded)
    if type(decoded) is dict and "eventName" in decoded and not has_deep_event:  # one event: the common request
        problem = _put_event(decoded, new_id)
        return Envelope([decoded], []) if problem is None else Envelope([], [Rejection(400, *problem, 0, decoded)])
    events, level, sent_at = _events_of(decoded)
    if isinstance(events, Rejection):
        return Envelope([], [events])
    accepted: list[RawEvent] = []
    rejected: list[Rejection] = []
    for index, event in enumerate(events):
        is_deep = has_deep_event and is_too_deep(event, MAX_NESTING - level)
        problem = _TOO_DEEP if is_deep else _put_event(event, new_id)
        if problem is None:
            accepted.append(event)
        else:
            rejected.append(_rejection(problem, index, event))
    return Envelope(accepted, rejected, sent_at)


def _rejection(problem: tuple[str, str], index: int, event: object) -> Rejection:
    return Rejection(400, *problem, index, event.original if isinstance(event, _Undecodable) else event)


class _Undecodable(NamedTuple):
    """Stands for an event that cannot be decoded, while the others of its body can."""

    message: str
    original: msgspec.Raw


def _decode_body(body: bytes) -> object:
    """Decode a body such that what is wrong in one event affects that event alone.

    Half of a surrogate pair becomes U+FFFD. An event with a number out of range is an _Undecodable in its place. An
    event that is nested too deep for the decoder is cut, and still too deep. Raises what the decoder raises if the body
    cannot be read at all.
    """
    try:
        return _decode(body)
    except (UnicodeDecodeError, RecursionError, msgspec.DecodeError) as error:
        mended = replace_lone_surrogates(body)
        if mended is body and not isinstance(error, RecursionError | msgspec.ValidationError):
            raise
    try:
        return _decode(mended)
    except (RecursionError, msgspec.ValidationError):
        return _decode_separately(_cut_depth(mended).strip())


def _decode_separately(body: bytes) -> object:
    """Decode each event of a body separately; a body that is a single event as one."""
    if body.startswith(b"["):
        return _decode_each(body)
    fields = _decode_fields(body)
    if "events" not in fields or not fields.keys().isdisjoint(("eventName", "event_name")):
        return _decode(body)
    sent_at = fields.get("sentAt", fields.get("sent_at"))
    return {"events": _decode_each(fields["events"]), "sentAt": None if sent_at is None else _decode_event(sent_at)}


def _decode_each(array: bytes | msgspec.Raw) -> list[object]:
    events = _decode_array(array)
    return list(events) if len(events) > MAX_EVENTS else [_decode_event(event) for event in events]


def _decode_event(event: msgspec.Raw) -> object:
    try:
        return _decode(event)
    except msgspec.ValidationError as error:
        return _Undecodable(f"the event has a value that cannot be decoded: {error}", event)


def _cut_depth(body: bytes) -> bytes:
    """Empty every object and array at level MAX_NESTING + 1, so that the decoder can read the rest of the body.

    A body with unbalanced or too many brackets is returned unchanged: the time for hostile input must be bounded.
    """
    if body.count(b"{") + body.count(b"[") > MAX_CUT_BRACKETS:
        return body
    parts: list[bytes] = []
    opened = bytearray()
    start = end = 0
    while match := _TO_NEXT_BRACKET.match(body, end):
        end = match.end()
        bracket = body[end - 1]
        if bracket in b"[{":
            opened.append(bracket)
            if len(opened) == MAX_NESTING + 1:
                parts.append(body[start:end])
        elif not opened or opened.pop() != bracket - 2:  # in ASCII, `[` and `{` come two before `]` and `}`
            return body
        elif len(opened) == MAX_NESTING:
            start = end - 1
    return body if opened else b"".join([*parts, body[start:]])


def _undecodable(body: bytes, error: Exception) -> Rejection:
    if not body.strip():
        return Rejection(400, "empty_body", "the body is empty")
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return Rejection(400, "invalid_encoding", f"the body is not UTF-8: {wrong.reason} at byte {wrong.start}")
    return Rejection(400, "invalid_json", str(error))


def _events_of(decoded: object) -> tuple[list[Any] | Rejection, int, object]:
    """Return the events of a body in any of its three shapes, the level above them, and the envelope's `sentAt`."""
    level, sent_at = 1, None
    if isinstance(decoded, list):
        events = decoded
    elif not isinstance(decoded, dict):
        return Rejection(400, "not_an_object", "the body must be an object or an array of objects"), 0, None
    elif "eventName" in decoded or "event_name" in decoded or "events" not in decoded:
        return [decoded], 0, None
    else:
        level, events, sent_at = 2, decoded["events"], decoded.get("sentAt", decoded.get("sent_at"))
    if not isinstance(events, list) or not events:
        return Rejection(400, "no_events", "`events` must be an array with at least one event"), level, None
    if len(events) > MAX_EVENTS:
        why = f"the body has {len(events)} events (at most {MAX_EVENTS})"
        return Rejection(413, "too_many_events", why), level, None
    return events, level, sent_at


def _put_event(event: Any, new_id: Callable[[], str]) -> tuple[str, str] | None:
    """Turn a decoded value into a raw event, in place; return code and message when it is not an event."""
    if not isinstance(event, dict):
        is_unreadable = isinstance(event, _Undecodable)
        return ("invalid_json", event.message) if is_unreadable else ("not_an_object", "an event must be an object")
    use_camel_case(event)
    name: Any = event.get("eventName")
    problem = name_problem(name)
    if problem is not None:
        return problem
    if name[0].isspace() or name[-1].isspace():
        event["eventName"] = name.strip()
    if "_ingest" in event:
        del event["_ingest"]
    event_id = event.get("eventId")
    if event_id in (None, "") or is_placeholder(event_id):
        event["eventId"] = new_id()
    return None


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


def _listed(rejections: list[Rejection]) -> list[dict[str, object]]:
    return [
        {"index": rejection.index, "error": rejection.code, "message": rejection.message}
        for rejection in rejections
        if rejection.index is not None
    ]
