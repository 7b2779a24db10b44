"""Imports a delimited file: rows -> events -> the collector, in batches.

In: a file, its mapping, a Delivery. Out: an ImportResult that accounts for every row: accepted, rejected
by the collector, or skipped because it gave no event. The same file gives the same event ids, so that a
second run doubles nothing; `start_row` goes on where an earlier run was acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from clickstream.sources.delimited import DelimitedFile, Row, SkippedRow
from clickstream.sources.delivery import Delivery
from clickstream.sources.mapping import Mapping, RowToEvent

BATCH_EVENTS = 500
BATCH_BYTES = 768 * 1024
LISTED_PROBLEMS = 10

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the rows so far. `rows` counts from the file's first row: what `start_row` takes.

    sent = accepted + rejected. skipped: rows that gave no event. problems: the first few of both kinds, with
    their lines. fraction: how much of the file was read, 0 to 1.
    """

    rows: int
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    problems: tuple[str, ...] = ()
    fraction: float = 0.0

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected


OnBatch = Callable[[ImportResult], None]


class _Batch:
    """Events that go out together, with the line that each came from, and the rows passed over meanwhile."""

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
        # The last event may pass the limit by its own size, which _encoded bounds: all stays below 1 MiB.
        return len(self.events) >= BATCH_EVENTS or self.size_bytes >= BATCH_BYTES or len(self.skipped) >= BATCH_EVENTS


def import_file(
    path: Path, mapping: Mapping, delivery: Delivery, *, start_row: int = 0, on_batch: OnBatch = lambda _: None
) -> ImportResult:
    """Send every row after the first `start_row` rows to the collector.

    on_batch is told the result so far whenever a batch is acknowledged: for a progress bar, or to remember
    where to go on. Raises SourceError when the file cannot be used, UnavailableError when the collector
    does not answer; what was acknowledged until then stays.
    """
    with DelimitedFile(path, mapping.file) as file:
        to_event = mapping.bind(file.header, file.name)
        result, batch = ImportResult(rows=start_row), _Batch()
        for row in file.rows():
            if row.position <= start_row:
                continue
            batch.put(row, to_event)
            if batch.is_full:
                result, batch = _send(batch, result, delivery, file.fraction), _Batch()
                on_batch(result)
        if batch.last_row:
            result = _send(batch, result, delivery, 1.0)
            on_batch(result)
    return replace(result, fraction=1.0)


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


def _send(batch: _Batch, before: ImportResult, delivery: Delivery, fraction: float) -> ImportResult:
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
        fraction=fraction,
    )
