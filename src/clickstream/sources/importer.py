"""Imports a file: rows -> events -> the collector, in batches.

In: a file, its mapping, a Delivery. Out: an ImportResult that accounts for every row: in an accepted event, in one that
the collector rejected, left out by the mapping, or skipped with a reason. The same file gives the same event ids, so
that a second run does not double anything; `start_row` resumes an earlier run after its last acknowledged row. Each
event carries the mark of its import, by which `import --replace` finds it again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from clickstream.delivery import Receipt
from clickstream.errors import SourceError
from clickstream.event import RawEvent, utc_now
from clickstream.progress import Progress, no_progress
from clickstream.sources.delimited import DelimitedReader, Row, SkippedRow
from clickstream.sources.grouping import Order, OrderLines
from clickstream.sources.json_lines import JsonLinesReader
from clickstream.sources.mapping import Mapping, RowsToEvents
from clickstream.sources.text_file import TextFile

BATCH_EVENTS = 500
BATCH_BYTES = 768 * 1024
LISTED_PROBLEMS = 100_000
MARK = "_import"
"""The property that carries the mark, `FILE.RUN`: FILE identifies a file with its mapping, RUN one import of it."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Problem(NamedTuple):
    """Why a row is not imported."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What happened to the rows so far. rows: counted from the file's first row, as `start_row` expects.

    sent = accepted + rejected events. skipped: rows with a problem. left_out: rows that [where] does not keep.
    problems: of skipped rows and rejected events.
    """

    rows: int
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    left_out: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected


class Receiver(Protocol):
    """What takes the events: a Delivery, or a DryRun."""

    def post(self, events: Sequence[bytes]) -> Receipt: ...


class DryRun:
    """Accepts everything and sends nothing. first: the first event."""

    def __init__(self) -> None:
        self.first: bytes | None = None

    def post(self, events: Sequence[bytes]) -> Receipt:
        self.first = self.first or events[0]
        return Receipt(len(events), [])


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """start_row: rows to leave out, as an earlier run acknowledged them. mark: of the import; "" marks no event.

    on_batch: receives the result so far whenever a batch is acknowledged, so that a later run can resume there.
    progress: counts bytes of the file. clock: decides which times are in the future.
    """

    start_row: int = 0
    mark: str = ""
    progress: Progress = no_progress
    on_batch: Callable[[ImportResult], None] = lambda _: None
    clock: Callable[[], datetime] = utc_now


def file_mark(path: Path, mapping: Mapping) -> str:
    """Return the part of the mark that identifies this file with this mapping."""
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise SourceError(f"opening {path}", error.strerror or str(error), "check the path") from error
    return hashlib.sha256(content + mapping.name.encode()).hexdigest()[:24]


def new_mark(path: Path, mapping: Mapping) -> str:
    """Return the mark of a new import of this file."""
    return f"{file_mark(path, mapping)}.{secrets.token_hex(4)}"


def import_file(path: Path, mapping: Mapping, receiver: Receiver, options: ImportOptions | None = None) -> ImportResult:
    """Send the events of a file to the collector.

    Raises SourceError when the file cannot be used, UnavailableError when the collector does not answer; acknowledged
    events stay.
    """
    options = options or ImportOptions()
    batch = _Batch(options)
    with TextFile(path, mapping.file.encoding) as file:
        for made in _events(file, mapping, options):
            batch.put(made)
            if batch.is_full:
                batch.send(receiver)
                options.progress(file.read_bytes, file.size_bytes, f"{batch.result.sent:,} events sent")
        if batch.last_row > options.start_row:
            batch.send(receiver)
    return batch.result


class _LeftOut(NamedTuple):
    """A row that [where] does not keep."""

    last_row: int


def _events(file: TextFile, mapping: Mapping, options: ImportOptions) -> Iterator[Order | SkippedRow | _LeftOut]:
    """Yield what the rows become, in the order of the file."""
    reader = _open_reader(file, mapping)
    to_events = mapping.bind(reader.header, file.name, options.clock())
    _judge_rows(reader, to_events)
    if mapping.grouping is not None:
        lines = OrderLines(to_events, mapping.grouping)
        options.progress(0, 0, "reading the orders")
        with TextFile(file.path, mapping.file.encoding) as first:
            counted = _open_reader(first, mapping)
            _judge_rows(counted, to_events)
            lines.count(counted.rows())
        yield from _orders(reader.rows(), to_events, lines)
        return
    for row in reader.rows():
        if row.position <= options.start_row:
            continue
        if isinstance(row, SkippedRow):
            yield row
        elif not to_events.is_wanted(row.cells):
            yield _LeftOut(row.position)
        else:
            yield _one(row, to_events)


def _open_reader(file: TextFile, mapping: Mapping) -> DelimitedReader | JsonLinesReader:
    """Return the reader of the file's format: JSON lines when its first character is a brace."""
    return JsonLinesReader(file) if file.is_json else DelimitedReader(file, mapping.file)


def _judge_rows(reader: DelimitedReader | JsonLinesReader, to_events: RowsToEvents) -> None:
    if isinstance(reader, DelimitedReader):
        reader.is_row = to_events.is_row


def _one(row: Row, to_events: RowsToEvents) -> Order | SkippedRow:
    try:
        return Order(row.line, row.position, 1, [to_events.make(row.cells, row.position)])
    except ValueError as error:
        return SkippedRow(row.position, row.line, str(error))


def _orders(
    rows: Iterator[Row | SkippedRow], to_events: RowsToEvents, lines: OrderLines
) -> Iterator[Order | SkippedRow | _LeftOut]:
    aside: list[SkippedRow | _LeftOut] = []

    def wanted() -> Iterator[Row]:
        for row in rows:
            if isinstance(row, SkippedRow):
                aside.append(row)
            elif to_events.is_wanted(row.cells):
                yield row
            else:
                aside.append(_LeftOut(row.position))

    for made in lines.orders(wanted()):
        yield from aside
        aside.clear()
        yield made
    yield from aside


@dataclass
class _Batch:
    """The events of the next request with the line of each, and what was skipped between them."""

    options: ImportOptions
    result: ImportResult = field(default_factory=lambda: ImportResult(0))
    events: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    size_bytes: int = 0
    skipped: int = 0
    left_out: int = 0
    last_row: int = 0

    def __post_init__(self) -> None:
        self.result = ImportResult(self.options.start_row)

    @property
    def is_full(self) -> bool:
        # The last event may exceed the limit by its size, which _encoded bounds: the request stays below 1 MiB.
        return (
            len(self.events) >= BATCH_EVENTS
            or self.size_bytes >= BATCH_BYTES
            or self.skipped + self.left_out >= 20 * BATCH_EVENTS
        )

    def put(self, made: Order | SkippedRow | _LeftOut) -> None:
        if isinstance(made, _LeftOut):
            self.left_out += 1
            self.last_row = max(self.last_row, made.last_row)
            return
        if isinstance(made, Order):
            self.last_row = max(self.last_row, made.last_row)
            encoded = [self._encoded(event) for event in made.events]
            largest = max(map(len, encoded))
            if largest <= BATCH_BYTES // 4:
                self.events += encoded
                self.lines += [made.line] * len(encoded)
                self.size_bytes += sum(map(len, encoded))
                return
            made = SkippedRow(made.last_row, made.line, f"its event is too large: {largest:,} bytes", made.rows)
        self.last_row = max(self.last_row, made.position)
        self.skipped += made.rows
        self.problems.append(Problem(made.line, made.reason))

    def _encoded(self, event: RawEvent) -> bytes:
        if self.options.mark:
            properties: dict[str, Any] = event.setdefault("properties", {})
            properties[MARK] = self.options.mark
        return _encode(event)

    def send(self, receiver: Receiver) -> None:
        """Send the events, add what happened to `result`, and begin the next batch."""
        before, accepted, rejected = self.result, 0, 0
        if self.events:
            receipt = receiver.post(self.events)
            accepted, rejected = receipt.accepted, len(receipt.rejected)
            self.problems += [
                Problem(self.lines[event.index], f"rejected: {event.message or event.error}")
                for event in receipt.rejected
            ]
        self.result = ImportResult(
            rows=max(before.rows, self.last_row),
            accepted=before.accepted + accepted,
            rejected=before.rejected + rejected,
            skipped=before.skipped + self.skipped,
            left_out=before.left_out + self.left_out,
            problems=(*before.problems, *self.problems)[:LISTED_PROBLEMS],
        )
        self.options.on_batch(self.result)
        self.events, self.lines, self.problems = [], [], []
        self.size_bytes = self.skipped = self.left_out = 0
