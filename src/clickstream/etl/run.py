"""One pass: discover new objects -> read -> parse -> load (sessions, ledger and watermarks with it).

In: the raw store. Out: the warehouse, grown by what was new. Each chunk is one transaction: a pass that is
killed at any moment has loaded a prefix of the work, and the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from clickstream.etl.chunk import read_objects
from clickstream.etl.discover import Discoverer, Discovery, settled_marks
from clickstream.etl.load import Stamp, load
from clickstream.etl.parse import Parser
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse

RECORD_IDLE_PASS_AFTER = timedelta(seconds=60)

Progress = Callable[[int, int], None]
"""Called with (objects loaded, objects found)."""


@dataclass(slots=True)
class PassResult:
    """What a pass did. load_id: of its last transaction, None when there was nothing new."""

    objects: int = 0
    lines: int = 0
    bad: int = 0
    load_id: int | None = None


class Loader:
    """Loads a raw store into a warehouse, pass after pass. Owns a Parser; close it."""

    def __init__(
        self,
        warehouse: DuckWarehouse,
        store: LocalStore,
        stage: Path,
        clock: Callable[[], datetime],
        *,
        currency: str = "USD",
    ) -> None:
        self._warehouse = warehouse
        self._store = store
        self._clock = clock
        self._parser = Parser(stage, currency)
        self._settings = {"currency": currency}
        self._discoverer = Discoverer(warehouse, store)
        self._recorded_at: datetime | None = None

    def close(self) -> None:
        self._parser.close()

    def run_pass(self, reconcile: Collection[date] = (), progress: Progress | None = None) -> PassResult:
        """Load everything that is visible now. `reconcile`: days to list whole, even if closed."""
        found = self._discoverer.discover(self._clock(), reconcile)
        result = PassResult()
        for objects in read_objects(self._store, found.names):
            chunk = self._parser.parse(objects)
            marks = settled_marks([raw.name for raw in objects], found.started_at)
            done = load(self._warehouse, self._parser, chunk, marks, Stamp(self._clock(), self._settings))
            result.objects += done.objects
            result.lines += done.lines
            result.bad += done.bad
            result.load_id = done.load_id
            if progress is not None:
                progress(result.objects, len(found.names))
        self._finish(found, result)
        return result

    def _finish(self, found: Discovery, result: PassResult) -> None:
        """Close days and note the pass; an idle pass is noted once a minute, so that idling writes nothing."""
        is_due = self._recorded_at is None or found.started_at - self._recorded_at >= RECORD_IDLE_PASS_AFTER
        if not (found.closable or result.objects or is_due):
            return
        with self._warehouse.transaction() as cursor:
            for day in found.closable:
                cursor.execute("insert into closed_days values ($day, $now)", {"day": day, "now": self._clock()})
            cursor.execute("delete from passes")
            cursor.execute("insert into passes values ($started_at)", {"started_at": found.started_at})
        self._recorded_at = found.started_at
