"""Names of raw objects.

    events/YYYY/MM/DD/event-<uuidv7>.json                one event
    events/YYYY/MM/DD/batch-<uuidv7>-<count>.ndjson.gz   `count` events, one on each line

The UUIDv7 is made when the upload starts; it alone decides the day and the hour. With the count in the name, a listing
alone shows how much was accepted. An object whose name is not a UUIDv7, or whose time is not on the day of its folder,
is *irregular*: it is loaded nevertheless, with its last-modified time as its hour (RawName.instant is None).

    events/YYYY/MM/DD/HH/event-<any id>.json             in the folder of an hour, from another writer

An object in the folder of an hour belongs to its day and is always irregular; its time is kept within its hour. Its
file name, relative to the folder of its day, is `HH/event-<any id>.json`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from msgspec import Struct

EVENTS = "events"
_FOLDER = re.compile(rf"{EVENTS}/([0-9]{{4}})/([0-9]{{2}})/([0-9]{{2}})/")
_PREFIX_LENGTH = len(f"{EVENTS}/YYYY/MM/DD/")
_NAME = re.compile(
    r"(?P<event>event)-(?P<event_id>[^/\ud800-\udfff]{1,200})\.json"
    r"|(?P<batch>batch)-(?P<batch_id>[^/\ud800-\udfff]{1,200}?)-(?P<count>[0-9]{1,7})\.ndjson\.gz"
)
"""Surrogates represent the bytes of a file name that is not UTF-8: no warehouse can hold such a name."""
_UUID7 = r"([0-9a-fA-F]{8})-([0-9a-fA-F]{4})-7[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_is_regular_event = re.compile(rf"event-{_UUID7}\.json").fullmatch
_is_regular_batch = re.compile(rf"batch-{_UUID7}-([0-9]{{1,7}})\.ndjson\.gz").fullmatch
_IN_HOUR = re.compile(r"([01][0-9]|2[0-3])/([^/]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
OLDEST_DAY = date(1970, 1, 1)
NEWEST_DAY = date(9998, 12, 31)
"""Folders of other dates are not days: no UUIDv7 has an earlier time, and the day after a day must exist."""


class Kind(StrEnum):
    """The two layouts of an object. Each has its own watermark, since their names do not sort together."""

    BATCH = "batch"
    EVENT = "event"


class RawName(Struct, frozen=True, gc=False):
    """What a key says about its raw object. (A Struct takes a fifth of the time of a frozen dataclass.)

    key: the complete key, `events/YYYY/MM/DD/…`. day: that of its folder. count: events that were accepted into it.
    instant: time of the UUIDv7 (UTC, whole milliseconds), or None if the name is irregular. hour: that of its folder;
    None if it is directly in the folder of its day.
    """

    key: str
    day: date
    kind: Kind
    count: int
    instant: datetime | None
    hour: int | None = None

    @property
    def file_name(self) -> str:
        """The key relative to the folder of the day."""
        return self.key[_PREFIX_LENGTH:]


def event_key(name: UUID) -> str:
    """Return the key of a single-event object; the day is that of the UUIDv7 `name`."""
    return f"{day_prefix(_instant(name).date())}event-{name}.json"


def batch_key(name: UUID, count: int) -> str:
    """Return the key of an object that holds `count` events; the day is that of the UUIDv7 `name`."""
    return f"{day_prefix(_instant(name).date())}batch-{name}-{count}.ndjson.gz"


@lru_cache(maxsize=128)
def day_prefix(day: date) -> str:
    """Return the folder of a UTC day, with a slash at its end."""
    return f"{EVENTS}/{day:%Y/%m/%d}/"


def parse_key(key: str) -> RawName | None:
    """Parse a complete key; None if it is not that of a raw object in the folder of a day."""
    day = _day_of(key[:_PREFIX_LENGTH])
    return None if day is None else parse_name(day, key[_PREFIX_LENGTH:])


def parse_name(day: date, file_name: str) -> RawName | None:
    """Parse the name of a file, relative to the folder of `day`; None if it is not a raw object."""
    key = day_prefix(day) + file_name
    if match := _is_regular_event(file_name):
        return RawName(key, day, Kind.EVENT, 1, _instant_on(day, match[1] + match[2]))
    if match := _is_regular_batch(file_name):
        return RawName(key, day, Kind.BATCH, int(match[3]), _instant_on(day, match[1] + match[2]))
    in_hour = _IN_HOUR.fullmatch(file_name) if "/" in file_name else None
    match = _NAME.fullmatch(in_hour[2] if in_hour else file_name)
    if match is None:
        return None
    kind, count = (Kind.EVENT, 1) if match["event"] else (Kind.BATCH, int(match["count"]))
    return RawName(key, day, kind, count, None, int(in_hour[1]) if in_hour else None)


def is_regular(day: date, file_name: str) -> bool:
    """Return whether the name alone decides day and hour: a UUIDv7 whose time is within the UTC day of its folder."""
    match = _is_regular_event(file_name) or _is_regular_batch(file_name)
    return match is not None and _instant_on(day, match[1] + match[2]) is not None


def day_of_folders(year: str, month: str, day: str) -> date | None:
    """Return the day of the folder year/month/day, or None if it is not a day."""
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if OLDEST_DAY <= found <= NEWEST_DAY else None


def hour_prefix(hour: int) -> str:
    """Return the folder of an hour, relative to the folder of its day, with a slash at its end."""
    return f"{hour:02}/"


@lru_cache(maxsize=128)
def _day_of(prefix: str) -> date | None:
    found = _FOLDER.fullmatch(prefix)
    return day_of_folders(*found.groups()) if found else None


def _instant_on(day: date, digits: str) -> datetime | None:
    """Return the time in the first 12 digits of a UUIDv7; None if it is on another day."""
    millis = int(digits, 16)
    if millis // _DAY_MS != day.toordinal() - _EPOCH_DAY:
        return None
    return _EPOCH + timedelta(0, 0, 0, millis)


def _instant(name: UUID) -> datetime:
    return _EPOCH + timedelta(milliseconds=name.int >> 80)
