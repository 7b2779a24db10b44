"""Bytes of a request -> accepted raw events and rejected ones with their reasons; and the answer that says so.

Judges the envelope (JSON, sizes, a name) and nothing more; what an event's fields mean is the ETL's
business. Text that cannot be decoded refuses the whole body; what decodes is judged event by event.
Pure: no clock, no I/O; ids are minted by the caller's function, so that later steps never need to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
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
    use_camel_case,
)

MAX_BODY_BYTES = 1_048_576
MAX_EVENTS = 1_000
MAX_GZIP_MEMBERS = 100
RETRY_AFTER_S = 5
JSON = ((b"content-type", b"application/json"),)

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Envelope:
    """What a body held. sent_at: the envelope's own `sentAt`, as the client wrote it."""

    accepted: list[RawEvent]
    rejected: list[Rejection]
    sent_at: Any = None


def gunzip(body: bytes) -> bytes | Rejection:
    """Unpack a gzip body of one or more members; never makes more than MAX_BODY_BYTES + 1 bytes of it."""
    out = b""
    members = 0
    try:
        while body:
            members += 1
            if members > MAX_GZIP_MEMBERS:  # each costs a copy of all that follow
                why = f"a gzip body has at most {MAX_GZIP_MEMBERS} members"
                return Rejection(400, "invalid_encoding", why)
            member = zlib.decompressobj(_GZIP_WINDOW)
            out += member.decompress(body, MAX_BODY_BYTES + 1 - len(out))
            if len(out) > MAX_BODY_BYTES:
                return body_too_large()
            if not member.eof:
                return Rejection(400, "invalid_encoding", "the gzip body ends too early")
            body = member.unused_data
    except zlib.error as error:
        return Rejection(400, "invalid_encoding", f"the body is no gzip data: {error}")
    return out


def body_too_large() -> Rejection:
    return Rejection(413, "body_too_large", f"a body has at most {MAX_BODY_BYTES} bytes, packed and unpacked")


def read_envelope(body: bytes, new_id: Callable[[], str]) -> Envelope:
    """Judge one request's body (plain bytes, at most MAX_BODY_BYTES).

    When nothing is accepted, `rejected[0]` says with which status and code to answer.
    """
    try:
        decoded = _decode(body)
    except RecursionError:
        return Envelope([], [_too_deep()])
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        return Envelope([], [_undecodable(body, error)])
    # Brackets bound the nesting: few of them means shallow, and spares the walk for most single events.
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
    """The events of a body in one of the three shapes, and the envelope's `sentAt`."""
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
        return Rejection(400, "no_events", "events must be an array with at least one event"), None
    if len(events) > MAX_EVENTS:
        why = f"a body has at most {MAX_EVENTS} events, this one {len(events)}"
        return Rejection(413, "too_many_events", why), None
    return events, sent_at


def _put_event(event: Any, new_id: Callable[[], str]) -> tuple[str, str] | None:
    """Make a decoded value a raw event, in place; or say why it is none."""
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
    event_id = event.get("eventId")
    if event_id in (None, "") or is_placeholder(event_id):
        event["eventId"] = new_id()
    return None


def _too_deep() -> Rejection:
    return Rejection(400, "too_deep", f"objects and arrays may be nested {MAX_NESTING} deep")


class Answer(NamedTuple):
    """An answer of the contract, for whichever server sends it. Its body is JSON."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def with_headers(self, more: Iterable[tuple[bytes, bytes]]) -> Answer:
        """This answer with `more` headers before its own."""
        return Answer(self.status, self.body, (*more, *self.headers))


def accepted_answer(envelope: Envelope) -> Answer:
    """200 with the count, and what was refused beside it."""
    if not envelope.rejected:
        return _all_accepted(len(envelope.accepted))
    body = {"success": True, "accepted": len(envelope.accepted), "rejected": _listed(envelope.rejected)}
    return Answer(200, msgspec.json.encode(body), JSON)


@lru_cache(MAX_EVENTS)
def _all_accepted(count: int) -> Answer:
    return Answer(200, b'{"success":true,"accepted":%d,"rejected":[]}' % count, JSON)


def refused_answer(rejections: list[Rejection], retry_after_s: int = RETRY_AFTER_S) -> Answer:
    """The first rejection's status and code, and the list of all."""
    first = rejections[0]
    body = {"success": False, "error": first.code, "message": first.message, "rejected": _listed(rejections)}
    headers: tuple[tuple[bytes, bytes], ...] = JSON
    if first.status in (429, 503):
        headers = (*headers, (b"retry-after", b"%d" % max(1, retry_after_s)))
    if first.code in ("body_too_large", "request_timeout"):
        headers = (*headers, (b"connection", b"close"))  # what is left of the body is not read
    return Answer(first.status, msgspec.json.encode(body), headers)


def unavailable() -> Rejection:
    return Rejection(503, "unavailable", "the events could not be stored; send them again")


def _listed(rejections: list[Rejection]) -> list[dict[str, Any]]:
    return [
        {"index": rejection.index, "error": rejection.code, "message": rejection.message}
        for rejection in rejections
        if rejection.index is not None
    ]
