"""Raw objects -> chunks: JSON lines to load together, and the position of each.

In: names. Out: `Chunk`, at most one ChunkSize of lines (or one object), with segments that map its rows back to
(object, line), and the bad rows found on the way. An object that is whole and plain is added as it is; any other (cut
off, pretty-printed, with blank or unreadable lines) is judged line by line, and only its good lines are added. The
number of a line is its position among the object's non-blank lines, from 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

import msgspec

from clickstream.errors import StoreError
from clickstream.etl.discover import start_of
from clickstream.event import BadRow, is_too_deep, name_problem, replace_lone_surrogates, use_camel_case
from clickstream.raw.contract import MOST_UNREAD, RawStore
from clickstream.raw.keys import Kind, RawName
from clickstream.raw.unpack import lines_in, unpack

MAX_LINE_BYTES = 16_000_000
_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode
_NUL_ESCAPE = rb"\u0000"
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""A NUL character, after an even number of backslashes; it becomes U+FFFD, since PostgreSQL cannot store it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """The most that is loaded in one transaction; size_bytes is unpacked. Each costs some tenths of a second on top."""

    size_bytes: int
    objects: int


WHOLE_CHUNK = ChunkSize(64 * 1_048_576, 50_000)
SHORT_CHUNK = ChunkSize(16 * 1_048_576, 5_000)
"""For a pass with a time limit: a few seconds at most, even when each object is fetched from S3."""
FIRST_CHUNK = ChunkSize(1_048_576, 500)
"""After a start or a failure: loaded within a second, so that a loader that is killed often makes progress."""
GROWTH = 32


class ChunkSizes:
    """How large the next chunk may be: small at first, and GROWTH times as large each time, up to a limit."""

    def __init__(self) -> None:
        self._next = FIRST_CHUNK

    def restart(self) -> None:
        """Begin small again."""
        self._next = FIRST_CHUNK

    def take(self, limit: ChunkSize) -> ChunkSize:
        """Return the size of the next chunk, and grow."""
        size = ChunkSize(min(self._next.size_bytes, limit.size_bytes), min(self._next.objects, limit.objects))
        if self._next.size_bytes < WHOLE_CHUNK.size_bytes or self._next.objects < WHOLE_CHUNK.objects:
            self._next = ChunkSize(self._next.size_bytes * GROWTH, self._next.objects * GROWTH)
        return size


@dataclass(slots=True)
class RawObject:
    """An object as it was read. received_at: that of events without their own.

    is_cut: its compressed stream ends too early, so an unreadable last line is missing, not bad.
    """

    name: RawName
    received_at: datetime
    content: bytes
    is_cut: bool

    @property
    def received_us(self) -> int:
        since = self.received_at - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    @property
    def hour_us(self) -> int:
        """Start of the hour of the ledger that the object's lines are counted in."""
        received_us = self.received_us
        return received_us - received_us % _HOUR_US


class Segment(msgspec.Struct, frozen=True, gc=False):
    """The next `count` rows of a chunk are the lines of an object from `line` on."""

    count: int
    line: int
    object: RawObject


@dataclass(slots=True)
class Chunk:
    """Lines to load together, and what is known about them."""

    objects: list[RawObject] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    rows: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    """Object -> its number of lines: those found, or as many as its name counts."""

    def put_whole(self, raw: RawObject) -> None:
        """Add an object whose lines all look good without being parsed."""
        name, content = raw.name, raw.content
        if not content.endswith(b"\n"):
            content += b"\n"
        self._put(raw, 1, name.count, content)
        self.objects.append(raw)
        self.lines[name.key] = name.count

    def put_judged(self, raw: RawObject, refused: Collection[tuple[str, int]] = ()) -> None:
        """Add an object line by line: good lines are added, the others become bad rows.

        refused: (object, line) of lines that are good JSON and that DuckDB cannot read.
        """
        lines = lines_in(raw.name.kind, raw.content)
        for position, original in enumerate(lines, 1):
            line, reason = judge(original)
            if (raw.name.key, position) in refused:
                line, reason = None, "unreadable"
            if line is not None:
                self._put(raw, position, 1, line + b"\n")
            else:
                is_torn = raw.is_cut and position == len(lines)
                self._put_bad(raw, position, "missing" if is_torn else reason, original)
        for position in range(len(lines) + 1, raw.name.count + 1):
            self._put_bad(raw, position, "missing", None)
        self.objects.append(raw)
        self.lines[raw.name.key] = max(len(lines), raw.name.count)

    def _put(self, raw: RawObject, line: int, count: int, content: bytes) -> None:
        if b"\\" in content:  # ten times as fast as to search for either escape
            content = replace_lone_surrogates(content)
            content = _NUL.sub(rb"\1\\ufffd", content) if _NUL_ESCAPE in content else content
        self.parts.append(content)
        self.segments.append(Segment(count, line, raw))
        self.rows += count

    def _put_bad(self, raw: RawObject, line: int, reason: str, original: bytes | None) -> None:
        self.bad_rows.append(BadRow(raw.name.key, line, reason, original))


@dataclass(frozen=True, slots=True)
class Unread:
    """An object that cannot be read, and why."""

    name: RawName
    error: StoreError


def read_objects(
    store: RawStore,
    names: Iterable[RawName],
    size: Callable[[], ChunkSize] = lambda: WHOLE_CHUNK,
    unread: list[Unread] | None = None,
) -> Iterator[list[RawObject]]:
    """Read objects in order, in groups of at most one chunk (a larger object is a group alone).

    size: called once for each group.
    The next group is read while the caller works on this one. unread: receives the objects that cannot be read. Without
    it, the first error is raised; after MOST_UNREAD errors in a row, the last is, since then the store is at fault.
    """
    is_given_up = Event()
    groups = _groups(_objects(store, list(names), unread), size, is_given_up)
    with ThreadPoolExecutor(1, "raw-reader") as reader:
        coming = reader.submit(next, groups, None)
        try:
            while (group := coming.result()) is not None:
                coming = reader.submit(next, groups, None)
                yield group
        finally:
            is_given_up.set()  # a caller that stops early does not wait for the next group


def _objects(store: RawStore, names: list[RawName], unread: list[Unread] | None) -> Iterator[RawObject]:
    in_a_row = 0
    for name, data in zip(names, store.read_each([name.key for name in names]), strict=True):
        try:
            if isinstance(data, StoreError):
                raise data
            raw = _unpacked(store, name, data)
        except StoreError as error:
            in_a_row += 1
            if unread is None or in_a_row == MOST_UNREAD:
                raise
            unread.append(Unread(name, error))
        else:
            in_a_row = 0
            yield raw


def _groups(
    objects: Iterator[RawObject], size_of_next: Callable[[], ChunkSize], is_given_up: Event
) -> Iterator[list[RawObject]]:
    group: list[RawObject] = []
    size, size_bytes = WHOLE_CHUNK, 0
    try:
        for raw in objects:
            if is_given_up.is_set():
                return
            if group and (size_bytes + len(raw.content) > size.size_bytes or len(group) >= size.objects):
                yield group
                group, size_bytes = [], 0
            if not group:
                size = size_of_next()
            group.append(raw)
            size_bytes += len(raw.content)
    except StoreError:
        if group:
            yield group  # the objects before it are fine
        raise
    if group:
        yield group


def is_plain(raw: RawObject) -> bool:
    """Return whether the object is whole and has one line for each event that its name counts."""
    if raw.is_cut or not raw.content or raw.content.startswith(_BOM):  # DuckDB accepts one only at the start of a chunk
        return False
    if raw.name.kind is Kind.EVENT:
        return raw.content.find(b"\n", 0, -1) < 0
    newlines = raw.content.count(b"\n") + (not raw.content.endswith(b"\n"))
    return newlines == raw.name.count


def judge(original: bytes) -> tuple[bytes | None, str]:
    """Return a line as a compact JSON object with camelCase names, or None and the reason why it is bad."""
    try:
        value = _decode(replace_lone_surrogates(original.removeprefix(_BOM)))
    except UnicodeDecodeError:
        return None, "invalid_encoding"
    except RecursionError:
        return None, "too_deep"
    except msgspec.DecodeError:
        return None, "invalid_json"
    if not isinstance(value, dict):
        return None, "not_an_object"
    if is_too_deep(value):
        return None, "too_deep"
    use_camel_case(value)
    if "eventName" in value or "_erased" not in value:
        problem = name_problem(value.get("eventName"))
        if problem is not None:
            return None, problem[0]
        value["eventName"] = value["eventName"].strip()
    line = msgspec.json.encode(value)
    return (line, "") if len(line) <= MAX_LINE_BYTES else (None, "too_large")


def received_at(store: RawStore, name: RawName) -> datetime:
    """Return the time in the object's name; without one, its last-modified time, kept within its hour or day."""
    if name.instant is not None:
        return name.instant
    start, length = start_of(name.day), timedelta(days=1)
    if name.hour is not None:
        start, length = start + timedelta(hours=name.hour), timedelta(hours=1)
    return min(max(store.modified_at(name.key), start), start + length - timedelta(microseconds=1))


def _unpacked(store: RawStore, name: RawName, data: bytes) -> RawObject:
    content, problem = unpack(name.kind, data)
    return RawObject(name, received_at(store, name), content, is_cut=bool(problem))
