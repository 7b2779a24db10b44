"""What is in the raw store, for people: days, objects, lines; and whether names and contents agree.

In: a store. Out: plain values. Reads only. A line is what the loader counts: not blank, from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from clickstream.errors import StoreError
from clickstream.event import replace_lone_surrogates
from clickstream.raw.contract import MOST_UNREAD, RawStore
from clickstream.raw.keys import EVENTS, RawName, day_prefix, parse_key, parse_name
from clickstream.raw.listing import files_there, objects_in_order
from clickstream.raw.unpack import lines_in, unpack

AT_A_TIME = 500


class DaySum(msgspec.Struct):
    """A day: its objects, and the events that their names say were accepted. others: files that are no raw objects."""

    day: date
    objects: int = 0
    events: int = 0
    others: int = 0


class Mismatch(msgspec.Struct):
    """An object that does not hold what its name says."""

    object: str
    expected: int
    found: int
    why: str


class Verdict(msgspec.Struct):
    """What came of counting again. holds: every object holds as many lines as its name says."""

    objects: int
    events: int
    lines: int
    mismatches: list[Mismatch]
    holds: bool


def sum_up(store: RawStore, day: date) -> DaySum:
    """What the names of a day say; nothing is read."""
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
    """The key of an object that is named by its key or by its file name alone. Raises StoreError when none has it."""
    if "/" in name:
        return name if name.startswith(f"{EVENTS}/") else f"{EVENTS}/{name}"
    for day in reversed(store.days()):
        if files_there(store, day, {name}):
            return day_prefix(day) + name
    raise StoreError(f"looking for {name}", "no day has such an object", "see clickstream raw ls DAY")


def lines_of(store: RawStore, key: str) -> list[bytes]:
    """The lines of an object; of a single event's, the whole document. Raises StoreError when it cannot be read."""
    name = parse_key(key)
    if name is None:
        raise StoreError(f"reading {key}", "this is no name of a raw object", "see clickstream raw ls DAY")
    content, problem = unpack(name.kind, store.read(key))
    if problem:
        why = f"it cannot be unpacked: {problem}"
        raise StoreError(f"reading {key}", why, "clickstream raw verify says what is left of it")
    return lines_in(name.kind, content)


def verify(store: RawStore, days: list[date], watch: Callable[[int, int], None]) -> Verdict:
    """Read every object of these days and count. `watch` is told (done, all) objects.

    An object that cannot be read holds nothing. Raises StoreError when MOST_UNREAD in a row cannot.
    """
    names = list(objects_in_order(store, days))
    verdict = Verdict(len(names), sum(name.count for name in names), 0, [], holds=True)
    unread = 0  # in a row
    for start in range(0, len(names), AT_A_TIME):
        part = names[start : start + AT_A_TIME]
        for name, content in zip(part, store.read_each(name.key for name in part), strict=True):
            if isinstance(content, StoreError):
                unread += 1
                if unread == MOST_UNREAD:
                    raise content
                found, why = 0, f"it cannot be read: {content.why}"
            else:
                unread = 0
                found, why = _count(name, content)
            verdict.lines += found
            if found != name.count or why:
                verdict.mismatches.append(Mismatch(name.key, name.count, found, why or "another number of lines"))
        watch(start + len(part), len(names))
    verdict.holds = not verdict.mismatches
    return verdict


def _count(name: RawName, data: bytes) -> tuple[int, str]:
    """Lines that can be read, and what is wrong; of an object that is not all there, those that are JSON objects."""
    content, problem = unpack(name.kind, data)
    lines = lines_in(name.kind, content)
    good = sum(map(_is_object, lines))
    if problem:
        return good, f"it cannot be unpacked: {problem}"
    return len(lines), f"{len(lines) - good} lines are no JSON objects" if good < len(lines) else ""


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(replace_lone_surrogates(line)), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
