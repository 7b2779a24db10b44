"""Imports a delimited file: rows -> events -> the collector, in batches.

In: a file, its mapping, a Delivery. Out: an ImportResult that accounts for every row: accepted, rejected by the
collector, or skipped because it has no event. The same file gives the same event ids, so that a second run does not
double anything; `start_row` resumes an earlier run after its last acknowledged row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from clickstream.progress import Progress, no_progress
from clickstream.sources.delimited import DelimitedFile, Row, SkippedRow
from clickstream.sources.delivery import Delivery
from clickstream.sources.mapping import Mapping, RowToEvent

BATCH_EVENTS = 500
BATCH_BYTES = 768 * 1024
LISTED_PROBLEMS = 10

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What happened to the rows so far. rows: counted from the file's first row, as `start_row` expects.

    sent = accepted + rejected. skipped: rows without an event. problems: the first of both kinds, with their lines.
    """

    rows: int
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    problems: tuple[str, ...] = ()

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected


OnBatch = Callable[[ImportResult], None]


class _Batch:
    """Events of one request, with the line of each, and the rows that were skipped between them."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.lines: list[int] = []
        self.skipped: list[SkippedRow] = []
        self.size_bytes = 0
        self.last_row = 0

    def put(self, row: Row | SkippedRow, to_event: RowToEvent) -> None:
        self.last_row = row.position
        encoded = _encoded(row, to_event)
        if isinstance(encoded, SkippedRow):
            self.skipped.append(encoded)
        else:
            self.events.append(encoded)
            self.lines.append(row.line)
            self.size_bytes += len(encoded)

    @property
    def is_full(self) -> bool:
        # The last event may exceed the limit by its size, which _encoded bounds: the request stays below 1 MiB.
        return len(self.events) >= BATCH_EVENTS or self.size_bytes >= BATCH_BYTES or len(self.skipped) >= BATCH_EVENTS


def import_file(  # noqa: PLR0913
    path: Path,
    mapping: Mapping,
    delivery: Delivery,
    *,
    start_row: int = 0,
    progress: Progress = no_progress,
    on_batch: OnBatch = lambda _: None,
) -> ImportResult:
    """Send every row after the first `start_row` rows to the collector.

    on_batch receives the result so far whenever the collector acknowledged a batch, so that a later run can resume
    there. progress counts bytes of the file. Raises SourceError when the file cannot be used, UnavailableError when
    the collector does not answer; acknowledged events stay.
    """
    with DelimitedFile(path, mapping.file) as file:
        to_event = mapping.bind(file.header, file.name)
        result, batch = ImportResult(rows=start_row), _Batch()
        for row in file.rows():
            if row.position <= start_row:
                continue
            batch.put(row, to_event)
            if batch.is_full:
                result, batch = _send(batch, result, delivery), _Batch()
                on_batch(result)
                progress(file.read_bytes, file.size_bytes, f"{result.sent:,} events sent")
        if batch.last_row:
            result = _send(batch, result, delivery)
            on_batch(result)
    return result


def _encoded(row: Row | SkippedRow, to_event: RowToEvent) -> bytes | SkippedRow:
    if isinstance(row, SkippedRow):
        return row
    try:
        encoded = _encode(to_event.make(row.cells, row.position))
    except ValueError as error:
        return SkippedRow(row.position, row.line, str(error))
    if len(encoded) > BATCH_BYTES // 4:
        return SkippedRow(row.position, row.line, f"its event is too large: {len(encoded)} bytes")
    return encoded


def _send(batch: _Batch, before: ImportResult, delivery: Delivery) -> ImportResult:
    problems = [f"line {row.line}: {row.reason}" for row in batch.skipped]
    accepted = rejected = 0
    if batch.events:
        receipt = delivery.post(batch.events)
        accepted, rejected = receipt.accepted, len(receipt.rejected)
        problems += [
            f"line {batch.lines[event.index]}: rejected: {event.message or event.error}" for event in receipt.rejected
        ]
    return ImportResult(
        rows=batch.last_row,
        accepted=before.accepted + accepted,
        rejected=before.rejected + rejected,
        skipped=before.skipped + len(batch.skipped),
        problems=(*before.problems, *problems)[:LISTED_PROBLEMS],
    )
