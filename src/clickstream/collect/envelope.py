"""Bytes of a request -> accepted raw events and rejected ones with their reasons.

Judges the envelope (JSON, sizes, a name) and nothing more; what an event's fields mean is the ETL's
business. Text that cannot be decoded refuses the whole body; what decodes is judged event by event.
Pure: no clock, no I/O; ids are minted by the caller's function, so that later steps never need to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clickstream.event import MAX_NESTING, RawEvent, Rejection, is_too_deep, name_problem, use_camel_case

MAX_BODY_BYTES = 1_048_576
MAX_EVENTS = 1_000

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Envelope:
    """What a body held. sent_at: the envelope's own `sentAt`, as the client wrote it."""

    accepted: list[RawEvent] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    sent_at: Any = None


def gunzip(body: bytes) -> bytes | Rejection:
    """Unpack a gzip body of one or more members; never makes more than MAX_BODY_BYTES + 1 bytes of it."""
    out = b""
    try:
        while body:
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
    decoded = _decode_body(body)
    if isinstance(decoded, Rejection):
        return Envelope(rejected=[decoded])
    events, sent_at = _events_of(decoded)
    if isinstance(events, Rejection):
        return Envelope(rejected=[events])
    envelope = Envelope(sent_at=sent_at)
    for index, event in enumerate(events):
        problem = _put_event(event, new_id)
        if problem is None:
            envelope.accepted.append(event)
        else:
            envelope.rejected.append(Rejection(400, *problem, index, event))
    return envelope


def _decode_body(body: bytes) -> Any:
    if not body.strip():
        return Rejection(400, "empty_body", "the body is empty")
    try:
        decoded = _decode(body)
    except RecursionError:
        return _too_deep()
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        return _undecodable(body, error)
    # Brackets bound the nesting: few of them means shallow, and spares the walk for most single events.
    if body.count(b"{") + body.count(b"[") > MAX_NESTING and is_too_deep(decoded):
        return _too_deep()
    return decoded


def _undecodable(body: bytes, error: Exception) -> Rejection:
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
    name = event.get("eventName")
    problem = name_problem(name)
    if problem is not None:
        return problem
    event["eventName"] = str(name).strip()
    event.pop("_ingest", None)
    if event.get("eventId") in (None, ""):
        event["eventId"] = new_id()
    return None


def _too_deep() -> Rejection:
    return Rejection(400, "too_deep", f"objects and arrays may be nested {MAX_NESTING} deep")
