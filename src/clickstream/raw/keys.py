"""Names of raw objects.

    events/YYYY/MM/DD/event-<uuidv7>.json                one event
    events/YYYY/MM/DD/batch-<uuidv7>-<count>.ndjson.gz   `count` events, one a line

The UUIDv7 is taken when the upload starts; it alone fixes the day and the hour. The count in the
name lets a listing alone say how much was accepted. An object whose name is no UUIDv7, or whose
time lies on another day than its folder, is *irregular*: it is loaded all the same, with its
last-modified time as its hour (RawName.instant is None).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

EVENTS = "events"
_NAME = re.compile(
    r"(?P<event>event)-(?P<event_id>[^/]{1,200})\.json"
    r"|(?P<batch>batch)-(?P<batch_id>[^/]{1,200}?)-(?P<count>[0-9]{1,7})\.ndjson\.gz"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([0-9a-fA-F])[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """The two layouts of an object. Each has its own watermark: their names do not sort together."""

    BATCH = "batch"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class RawName:
    """A raw object as far as its key tells.

    key: the whole key, `events/YYYY/MM/DD/…`. day: its folder. count: events that were accepted into it.
    instant: time of the UUIDv7 (UTC, whole milliseconds), or None when the name is irregular.
    """

    key: str
    day: date
    kind: Kind
    count: int
    instant: datetime | None


def event_key(name: UUID) -> str:
    """Key of a single-event object; the day is that of the UUIDv7 `name`."""
    return f"{day_prefix(_instant(name).date())}event-{name}.json"


def batch_key(name: UUID, count: int) -> str:
    """Key of an object that holds `count` events; the day is that of the UUIDv7 `name`."""
    return f"{day_prefix(_instant(name).date())}batch-{name}-{count}.ndjson.gz"


def day_prefix(day: date) -> str:
    """Folder of one UTC day, with a slash at its end."""
    return f"{EVENTS}/{day:%Y/%m/%d}/"


def parse_key(day: date, file_name: str) -> RawName | None:
    """What the name of a file in the folder of `day` says, or None when it is no raw object at all."""
    match = _NAME.fullmatch(file_name)
    if match is None:
        return None
    kind = Kind.EVENT if match["event"] else Kind.BATCH
    count = 1 if kind is Kind.EVENT else int(match["count"])
    text = match["event_id"] or match["batch_id"]
    return RawName(day_prefix(day) + file_name, day, kind, count, _instant_on(day, text))


def _instant_on(day: date, text: str) -> datetime | None:
    match = _UUID.fullmatch(text)
    if match is None or match[1] != "7":
        return None
    instant = _instant(UUID(text))
    return instant if instant.date() == day else None


def _instant(name: UUID) -> datetime:
    return _EPOCH + timedelta(milliseconds=name.int >> 80)
