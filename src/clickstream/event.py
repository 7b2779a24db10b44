"""One type per stage of an event, so that a signature shows where in the pipeline it belongs.

    bytes -> Envelope (accepted raw events + Rejections) -> raw object line -> row of clickstream_events
                                                                            -> BadRow

The field names of the wire format are declared here, once, for the collector and the ETL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType
from uuid import NAMESPACE_URL, UUID, uuid5

RawEvent = dict[str, Any]
"""An accepted event as the client sent it: camelCase fields of the contract, plus any unknown fields."""

RawLine = NewType("RawLine", bytes)
"""A raw event as stored: compact JSON on one line with its `_ingest` block, without the newline."""

EVENT_NAMESPACE = uuid5(NAMESPACE_URL, "urn:clickstream:event")
"""Namespace of event ids that are derived from text (UUIDv5)."""

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
    "user_agent": "userAgent",
}
SNAKE_CASE_PRODUCT = {"discount_price": "discountPrice", "url_path": "urlPath"}
SNAKE_CASE_ORDER = {"payment_method": "paymentMethod", "refund_id": "refundId"}
_SNAKE_BLOCKS = {"product": SNAKE_CASE_PRODUCT, "order": SNAKE_CASE_ORDER}
_SNAKE_NAMES = frozenset(SNAKE_CASE)
_CONTAINERS = frozenset((dict, list))
_SURROGATES = re.compile(
    rb"((?:[^\\]++|\\(?:[^u]|u(?![dD][89a-fA-F])))++"  # text without surrogates
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"  # a pair
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}",  # half of a pair
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event, or a whole body (index None), that the collector rejected.

    status: the HTTP status if the whole request is rejected. code: see docs/guide/http-api.md.
    original: the event as decoded; None for a whole body.
    """

    status: int
    code: str
    message: str
    index: int | None = None
    original: object = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a raw object that cannot be read as an event. It is kept with its reason and can be replayed.

    line: number among the object's non-blank lines, from 1. original: the bytes of the line; None if the object
    ended before it.
    """

    object: str
    line: int
    reason: str
    original: bytes | None


def use_camel_case(event: RawEvent) -> None:
    """Rename the snake_case spellings of the contract in place; if both are present, camelCase wins."""
    if not _SNAKE_NAMES.isdisjoint(event):
        _rename(event, SNAKE_CASE)
    for name, names in _SNAKE_BLOCKS.items():
        block = event.get(name)
        if isinstance(block, dict):
            _rename(block, names)


def _rename(fields: dict[str, Any], names: dict[str, str]) -> None:
    for snake, camel in names.items():
        if snake in fields:
            value = fields.pop(snake)
            fields.setdefault(camel, value)


def name_problem(value: object) -> tuple[str, str] | None:
    """Return why `value` is not a valid event name, as (code, message); None if it is valid.

    A name is a string of 1 to 200 characters, not counting spaces at both ends.
    """
    if value is None:
        return "missing_name", "the event has no eventName"
    if not isinstance(value, str):
        return "invalid_name", "eventName must be a string"
    length = len(value.strip())
    if not 1 <= length <= MAX_NAME_CHARACTERS:
        return "invalid_name", f"eventName must have 1 to {MAX_NAME_CHARACTERS} characters, got {length}"
    return None


def replace_lone_surrogates(json_text: bytes) -> bytes:
    r"""Replace the escape of half a surrogate pair, such as `\ud83d` alone, by that of U+FFFD.

    JavaScript's `slice` and `substring` cut emoji in half; JSON decoders refuse the whole text then.
    """
    if rb"\ud" not in json_text and rb"\uD" not in json_text:
        return json_text
    return _SURROGATES.sub(lambda match: match[1] or rb"\ufffd", json_text)


def is_placeholder(value: object) -> bool:
    """Return whether `value` is a text that is sent in place of an id; blanks at its ends do not count."""
    return isinstance(value, str) and value.strip() in PLACEHOLDER_IDS


def is_too_deep(value: object, limit: int = MAX_NESTING) -> bool:
    """Whether objects and arrays in `value` are nested more than `limit` levels deep; `value` itself is level 1."""
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
    """Return the event id for `text`, which need not be a UUID. Equal texts give equal ids."""
    return uuid5(EVENT_NAMESPACE, text)


def utc_now() -> datetime:
    """The clock that entry points pass down. Code below takes a clock, so that tests can set the time."""
    return datetime.now(UTC)
