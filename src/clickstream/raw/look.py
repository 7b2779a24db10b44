"""What is in the raw store, for people: days, objects, lines; and whether names and contents agree.

In: a store. Out: plain values. Reads only. A line is what the loader counts: not blank, from 1.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date

import msgspec

from clickstream.errors import StoreError
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import EVENTS, Kind, RawName, day_prefix, parse_key

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


def objects_of(store: RawStore, day: date) -> list[RawName]:
    """The objects of a day, in order of their names."""
    names = (parse_key(day, name) for name in store.file_names(day))
    return sorted((name for name in names if name is not None), key=lambda name: name.key)


def sum_up(store: RawStore, day: date) -> DaySum:
    """What the names of a day say; nothing is read."""
    found = DaySum(day)
    for file_name in store.file_names(day):
        name = parse_key(day, file_name)
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
        if any(found == name for found in store.file_names(day, name[:-1])):
            return day_prefix(day) + name
    raise StoreError(f"looking for {name}", "no day has such an object", "see clickstream raw ls DAY")


def lines_of(store: RawStore, key: str) -> list[bytes]:
    """The lines of an object; of a single event's, the whole document. Raises StoreError when it cannot be read."""
    day = date(2000, 1, 1)
    with suppress(ValueError, IndexError):
        day = date(*map(int, key.split("/")[1:4]))
    name = parse_key(day, key.rpartition("/")[2])
    if name is None:
        raise StoreError(f"reading {key}", "this is no name of a raw object", "see clickstream raw ls DAY")
    try:
        return _lines(name, store.read(key))
    except (OSError, EOFError, zlib.error) as error:
        why = f"it cannot be unpacked: {error}"
        raise StoreError(f"reading {key}", why, "clickstream raw verify says what is left of it") from error


def verify(store: RawStore, days: list[date], watch: Callable[[int, int], None]) -> Verdict:
    """Read every object of these days and count. `watch` is told (done, all) objects."""
    names = [name for day in days for name in objects_of(store, day)]
    verdict = Verdict(len(names), sum(name.count for name in names), 0, [], holds=True)
    for start in range(0, len(names), AT_A_TIME):
        part = names[start : start + AT_A_TIME]
        for name, content in zip(part, store.read_many(name.key for name in part), strict=True):
            found, why = _count(name, content)
            verdict.lines += found
            if found != name.count or why:
                verdict.mismatches.append(Mismatch(name.key, name.count, found, why or "another number of lines"))
        watch(start + len(part), len(names))
    verdict.holds = not verdict.mismatches
    return verdict


def _count(name: RawName, content: bytes) -> tuple[int, str]:
    try:
        lines = _lines(name, content)
    except (OSError, EOFError, zlib.error) as error:
        return sum(1 for _ in _readable(content)), f"it cannot be unpacked: {error}"
    broken = sum(1 for line in lines if not _is_object(line))
    return len(lines), f"{broken} lines are no JSON objects" if broken else ""


def _lines(name: RawName, content: bytes) -> list[bytes]:
    if name.kind is Kind.EVENT:
        return [content] if content.strip() else []
    return [line for line in gzip.decompress(content).split(b"\n") if line.strip()]


def _readable(content: bytes) -> Iterator[bytes]:
    """Whole lines in front of the place where the stream breaks."""
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    with suppress(zlib.error):
        yield from (line for line in unpack.decompress(content).split(b"\n") if _is_object(line))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
