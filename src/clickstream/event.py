"""One type per stage of an event's life, so that a signature says where in the pipeline you are.

    bytes -> Envelope (accepted raw events + Rejections) -> raw object line -> row of clickstream_events
                                                                            -> BadRow

The names of the wire format stand here once: the collector and the ETL both read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType
from uuid import NAMESPACE_URL, UUID, uuid5

RawEvent = dict[str, Any]
"""An accepted event as the client sent it: camelCase fields of the contract, unknown fields kept."""

RawLine = NewType("RawLine", bytes)
"""A raw event as it is stored: compact JSON on one line, with its `_ingest` block, without a newline."""

EVENT_NAMESPACE = uuid5(NAMESPACE_URL, "urn:clickstream:event")
"""Namespace of the event ids that are derived from something else than a UUID (uuid5)."""

NIL_UUID = "00000000-0000-0000-0000-000000000000"
PLACEHOLDER_IDS = frozenset(
    (
        "undefined",
        "null",
        "NULL",
        "Null",
        "None",
        "NaN",
        "nan",
        "nil",
        "<nil>",
        "[object Object]",
        "(not set)",
        NIL_UUID,
    )
)
"""Texts that programs send when they have no id. To store them as ids would merge strangers."""
ANONYMOUS_IDS = frozenset(("true", "false", "0", "-1", "anonymous", "guest"))
"""Texts, in any case, that do not identify a user, a client or a session either; as the id of an order they may."""

MAX_NAME_CHARACTERS = 200
MAX_NESTING = 32

SNAKE_CASE = {
    "event_name": "eventName",
    "event_id": "eventId",
    "created_at": "createdAt",
    "sent_at": "sentAt",
    "page_url": "pageUrl",
    "page_title": "pageTitle",
    "user_id": "userId",
    "user_login_state": "userLoginState",
    "identity_source": "identitySource",
    "client_id": "clientId",
    "session_id": "sessionId",
    "is_first_visit": "isFirstVisit",
}
SNAKE_CASE_PRODUCT = {"discount_price": "discountPrice", "url_path": "urlPath"}
_SNAKE_NAMES = frozenset(SNAKE_CASE) | frozenset(SNAKE_CASE_PRODUCT)
_CONTAINERS = frozenset((dict, list))


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event, or a whole body (index None), that the collector did not take.

    status: the HTTP status when nothing of the request was taken. code: stable word, see docs/guide/http-api.md.
    original: the refused event as it was decoded (None for a whole body).
    """

    status: int
    code: str
    message: str
    index: int | None = None
    original: object = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a raw object that is no event. It is kept, with its reason, and can be replayed.

    line: position among the object's non-blank lines, from 1. original: the line's bytes, None when the
    object ended before it.
    """

    object: str
    line: int
    reason: str
    original: bytes | None


def use_camel_case(event: RawEvent) -> None:
    """Rename the contract's snake_case spellings in place; where both are given, camelCase wins."""
    if not _SNAKE_NAMES.isdisjoint(event):
        _rename(event, SNAKE_CASE)
    product = event.get("product")
    if isinstance(product, dict) and not _SNAKE_NAMES.isdisjoint(product):
        _rename(product, SNAKE_CASE_PRODUCT)


def _rename(fields: dict[str, Any], names: dict[str, str]) -> None:
    for snake, camel in names.items():
        if snake in fields:
            value = fields.pop(snake)
            fields.setdefault(camel, value)


def name_problem(value: object) -> tuple[str, str] | None:
    """Why `value` is no event name, as (code, message); None when it is one.

    A name is a string of 1 to 200 characters, spaces at its ends not counted.
    """
    if value is None:
        return "missing_name", "the event has no eventName"
    if not isinstance(value, str):
        return "invalid_name", "eventName must be a string"
    length = len(value.strip())
    if not 1 <= length <= MAX_NAME_CHARACTERS:
        return "invalid_name", f"eventName must have 1 to {MAX_NAME_CHARACTERS} characters, it has {length}"
    return None


def is_placeholder(value: object) -> bool:
    """Return whether `value` is a text that is sent in place of an id; blanks at its ends do not count."""
    return isinstance(value, str) and value.strip() in PLACEHOLDER_IDS


def is_too_deep(value: object, limit: int = MAX_NESTING) -> bool:
    """Whether objects and arrays of a decoded document are nested more than `limit` deep, `value` being level 1."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) in _CONTAINERS
        ]
    return bool(level)


def derived_event_id(text: str) -> UUID:
    """The event id of something that is no UUID: the same text gives the same id, always."""
    return uuid5(EVENT_NAMESPACE, text)


def utc_now() -> datetime:
    """The clock of the entry points. Everything below takes a clock, so that tests choose the time."""
    return datetime.now(UTC)
