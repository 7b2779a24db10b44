"""What the raw store holds, for people: days, objects, lines; and whether names and contents agree.

In: a store. Out: plain values. It only reads. Lines count as in a load: blank ones are skipped, the first is 1.
"""

from __future__ import annotations

from datetime import date

import msgspec

from clickstream.errors import StoreError
from clickstream.event import replace_lone_surrogates
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import MOST_UNREAD, RawStore
from clickstream.raw.keys import EVENTS, RawName, day_prefix, hour_prefix, parse_key, parse_name
from clickstream.raw.listing import files_there, objects_in_order
from clickstream.raw.unpack import lines_in, unpack

BATCH = 500


class DaySum(msgspec.Struct):
    """A day: its objects, and the accepted events according to their names. others: files that are not raw objects."""

    day: date
    objects: int = 0
    events: int = 0
    others: int = 0


class Mismatch(msgspec.Struct):
    """An object whose content does not agree with its name."""

    object: str
    expected: int
    found: int
    why: str


class VerifyResult(msgspec.Struct):
    """The lines of objects, counted. holds: every object has as many lines as its name says."""

    objects: int
    events: int
    lines: int
    mismatches: list[Mismatch]
    holds: bool


def sum_up(store: RawStore, day: date) -> DaySum:
    """Count the objects and events of a day by their names; nothing is read."""
    found = DaySum(day)
    for file_name in store.file_names(day):
        name = parse_name(day, file_name)
        if name is None:
            found.others += 1
        else:
            found.objects += 1
            found.events += name.count
    return found


def find_key(store: RawStore, name: str) -> str:
    """Return the key of an object, given its key or its file name. Raises StoreError if no day has such a file."""
    if "/" in name:
        return name if name.startswith(f"{EVENTS}/") else f"{EVENTS}/{name}"
    for day in reversed(store.days()):
        for file_names in ({name}, {hour_prefix(hour) + name for hour in range(24)}):
            if found := files_there(store, day, file_names):
                return day_prefix(day) + min(found)
    raise StoreError(
        f"looking for {name}", "there is no such object in the raw store", "list objects with: clickstream raw ls DAY"
    )


def lines_of(store: RawStore, key: str) -> list[bytes]:
    """Return the lines of an object; a single event is one line. Raises StoreError if the object cannot be read."""
    name = parse_key(key)
    if name is None:
        why = "this is not the name of a raw object"
        raise StoreError(f"reading {key}", why, "list objects with: clickstream raw ls DAY")
    content, problem = unpack(name.kind, store.read(key))
    if problem:
        why = f"it cannot be unpacked: {problem}"
        raise StoreError(f"reading {key}", why, "clickstream raw verify counts the lines that are left")
    return lines_in(name.kind, content)


def is_erased(line: bytes) -> bool:
    """Return whether an erasure wrote this line: it has the field `_erased` and no other; an event always has more."""
    if not line.startswith(b'{"_erased"'):
        return False
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and len(value) == 1


def verify(store: RawStore, days: list[date], progress: Progress = no_progress) -> VerifyResult:
    """Read every object of these days and compare its lines with its name. `progress` counts objects.

    An object that cannot be read has no lines. Raises StoreError when MOST_UNREAD objects in a row cannot be read.
    """
    names = list(objects_in_order(store, days))
    result = VerifyResult(len(names), sum(name.count for name in names), 0, [], holds=True)
    unread = 0  # in a row
    for start in range(0, len(names), BATCH):
        part = names[start : start + BATCH]
        for name, content in zip(part, store.read_each(name.key for name in part), strict=True):
            if isinstance(content, StoreError):
                unread += 1
                if unread == MOST_UNREAD:
                    raise content
                found, why = 0, f"it cannot be read: {content.why}"
            else:
                unread = 0
                found, why = _count(name, content)
            result.lines += found
            if found != name.count or why:
                why = why or "the number of lines differs"
                result.mismatches.append(Mismatch(name.key, name.count, found, why))
        progress(start + len(part), len(names))
    result.holds = not result.mismatches
    return result


def _count(name: RawName, data: bytes) -> tuple[int, str]:
    """Return how many lines can be read, and what is wrong ("" for nothing).

    Of an object that cannot be unpacked completely, only lines that are JSON objects count.
    """
    content, problem = unpack(name.kind, data)
    lines = lines_in(name.kind, content)
    good = sum(map(_is_object, lines))
    if problem:
        return good, f"it cannot be unpacked: {problem}"
    return len(lines), f"{len(lines) - good} lines are not JSON objects" if good < len(lines) else ""


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(replace_lone_surrogates(line)), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
