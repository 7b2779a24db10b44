"""The place of an event in event order, as an opaque text: where a page of events ends, and the next one begins.

In: a row with the columns of event order. Out: its key as text, and SQL for the events before or after a key. Pages
that continue at a key stay right while events arrive, and a page deep in the past costs as much as the first one.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from clickstream.errors import QuestionError

KEY_COLUMNS = {
    "event_timestamp": "timestamptz",
    "received_at": "timestamptz",
    "raw_object": "text",
    "raw_line": "integer",
    "event_id": "uuid",
}
"""The columns of event order (`@event_order`) and their types; NULL comes last."""
NEWEST_FIRST = ", ".join(f"{{row}}.{name} desc nulls first" for name in KEY_COLUMNS)


@dataclass(frozen=True, slots=True)
class EventKey:
    """An event's place in event order."""

    event_timestamp: datetime
    received_at: datetime | None
    raw_object: str | None
    raw_line: int | None
    event_id: UUID

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> EventKey:
        """Return the key of a row of the warehouse."""
        return cls(**{name: row[name] for name in KEY_COLUMNS})

    def write(self) -> str:
        """Return the key as text that an address can contain."""
        parts = [getattr(self, name) for name in KEY_COLUMNS]
        return urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")

    def params(self) -> dict[str, Any]:
        """Return the values of the parameters of `before_sql` and `after_sql`."""
        return {f"key_{name}": getattr(self, name) for name in KEY_COLUMNS}


_Parts = tuple[datetime, datetime | None, str | None, int | None, UUID]


def read_key(text: str) -> EventKey:
    """Read a key that `EventKey.write` wrote. Raises QuestionError."""
    try:
        content = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        at, received_at, *rest = msgspec.json.decode(content, type=_Parts)
        received_at = None if received_at is None else received_at.astimezone(UTC)
        return EventKey(at.astimezone(UTC), received_at, *rest)
    except (ValueError, UnicodeEncodeError, OverflowError, binascii.Error, msgspec.MsgspecError):
        why = f"{text[:40]!r} (expected the key of a row of an earlier answer)"
        raise QuestionError("invalid_option", "before", why) from None


def check_key(text: str) -> str:
    """Return a key as it is written. Raises QuestionError."""
    return read_key(text).write()


def before_sql(row: str) -> str:
    """Return the condition that an event is earlier than the key, in event order. row: its alias."""
    return _beyond(row, "<", "{key} is null and {own} is not null")


def after_sql(row: str) -> str:
    """Return the condition that an event is later than the key, in event order. row: its alias."""
    return _beyond(row, ">", "{own} is null and {key} is not null")


def _beyond(row: str, sign: str, with_null: str) -> str:
    condition = "false"
    for name, kind in reversed(KEY_COLUMNS.items()):
        own, key = f"{row}.{name}", f"cast($key_{name} as {kind})"
        beyond = f"{own} {sign} {key} or ({with_null.format(own=own, key=key)})"
        condition = f"({beyond} or ({own} is not distinct from {key} and {condition}))"
    return condition
