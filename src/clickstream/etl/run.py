"""One pass: discover new objects -> read -> parse -> load (sessions, ledger and watermarks with it).

In: the raw store. Out: the warehouse with what was new. Each chunk is one transaction: a pass that is killed at any
moment has loaded a prefix of the work, and the next one continues from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from clickstream.errors import StoreError
from clickstream.etl.adopt import adopt
from clickstream.etl.chunk import SHORT_CHUNK, WHOLE_CHUNK, ChunkSize, ChunkSizes, RawObject, Unread, read_objects
from clickstream.etl.discover import Discoverer, Discovery, settled_watermarks
from clickstream.etl.enrich.enrichment import EnrichmentConfig
from clickstream.etl.load import ErasedMeanwhileError, ParsedChunk, Stamp, count_erasures, load
from clickstream.etl.parse import Parser
from clickstream.etl.stage import StageFolder
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName
from clickstream.settings import Settings
from clickstream.warehouse.contract import StagedRows, Warehouse

RECORD_IDLE_PASS_AFTER = timedelta(seconds=60)


@dataclass(slots=True)
class PassResult:
    """What a pass did. load_id: that of its last transaction, None when there was nothing new.

    is_finished: whether everything that it found is loaded; False when its time was up before that.
    pending: how many of the objects that it found are not loaded.
    """

    objects: int = 0
    lines: int = 0
    bad: int = 0
    load_id: int | None = None
    is_finished: bool = True
    pending: int = 0


@dataclass(frozen=True, slots=True)
class LoadConfig:
    """Settings that rows depend on. They are recorded with every load."""

    currency: str = "USD"
    enrichment: EnrichmentConfig = field(default_factory=EnrichmentConfig)

    @classmethod
    def of(cls, settings: Settings) -> LoadConfig:
        """Raises SettingsError when the GeoIP file of the settings cannot be used."""
        return cls(settings.currency, EnrichmentConfig.of(settings))

    def as_text(self) -> dict[str, str]:
        return {"currency": self.currency} | self.enrichment.as_text()


class TimeLimit:
    """Decides after each chunk whether another one as slow as the slowest so far would end too late."""

    def __init__(self, clock: Callable[[], datetime], started_at: datetime, max_seconds: float | None) -> None:
        self._clock = clock
        self._last = started_at
        self._end = None if max_seconds is None else started_at + timedelta(seconds=max_seconds)
        self._slowest = timedelta()

    def is_up(self) -> bool:
        """Return whether to stop. Call it once after each chunk."""
        now = self._clock()
        self._slowest = max(self._slowest, now - self._last)
        self._last = now
        return self._end is not None and now + self._slowest > self._end


class Loader:
    """Loads a raw store into a warehouse, pass after pass. Owns a Parser; close it."""

    def __init__(
        self,
        warehouse: Warehouse,
        store: RawStore,
        stage: Path,
        clock: Callable[[], datetime],
        config: LoadConfig | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.store = store
        self._clock = clock
        self._config = config or LoadConfig()
        self._stage = StageFolder(stage)
        self.parser = Parser(self._stage.path, self._config.currency, self._config.enrichment)
        self._discoverer = Discoverer(warehouse, store)
        self._recorded_at: datetime | None = None
        self._sizes = ChunkSizes()
        self._erasures = 0
        self._unread: list[Unread] = []

    def close(self) -> None:
        self.parser.close()
        self._stage.close()

    def run_pass(
        self,
        reconcile: Collection[date] = (),
        progress: Progress = no_progress,
        max_seconds: float | None = None,
    ) -> PassResult:
        """Load everything that is visible now. reconcile: days to list whole, even closed ones.

        max_seconds: stop before a chunk that would probably end later; the first is always loaded, so that every pass
        makes progress. A pass that stops this way closes no day and does not count as completed.
        Raises StoreError at its end when an object cannot be read; all others are loaded by then.
        """
        found = self._discoverer.discover(self._clock(), reconcile)
        try:
            result = self._load(found, progress, max_seconds)
        except ErasedMeanwhileError:
            return self.run_pass(reconcile, progress, max_seconds)
        if result.is_finished:
            result.load_id = adopt(self.warehouse, self.stamp()) or result.load_id
            self._finish(found, result)
            _raise_unread(self._unread)
        return result

    def load_objects(self, names: list[RawName], progress: Progress = no_progress) -> PassResult:
        """Load objects that the caller found, none of which is loaded yet. Raises what `run_pass` raises."""
        result = self._load(Discovery(names, [], self._clock()), progress)
        _raise_unread(self._unread)
        return result

    def stamp(self) -> Stamp:
        """Return the stamp of a load that happens now."""
        return Stamp(self._clock(), self._config.currency, self._config.as_text() | self.parser.versions)

    def stage_rows(self) -> StagedRows:
        """Move the rows that `parser` holds on their way into the warehouse; the caller closes them."""
        return self.warehouse.stage_rows(self.parser.take_rows(), self._stage.path)

    def _load(self, found: Discovery, progress: Progress = no_progress, max_seconds: float | None = None) -> PassResult:
        result = PassResult()
        self._unread = []
        self._erasures = self._count_erasures() if found.names else 0
        time_limit = TimeLimit(self._clock, found.started_at, max_seconds)
        limit = WHOLE_CHUNK if max_seconds is None else SHORT_CHUNK
        with closing(self._parsed_chunks(found, limit)) as chunks, self._small_after_failure():
            for parsed in chunks:
                with closing(parsed.rows):
                    done = load(self.warehouse, parsed, self.stamp())
                result.objects += done.objects
                result.lines += done.lines
                result.bad += done.bad
                result.load_id = done.load_id
                progress(result.objects, len(found.names))
                self.warehouse.refresh_statistics(growth=1.0)  # within a pass only what doubled, since it costs
                if time_limit.is_up() and result.objects + len(self._unread) < len(found.names):
                    result.is_finished = False
                    result.pending = len(found.names) - result.objects
                    return result
        return result

    @contextmanager
    def _small_after_failure(self) -> Iterator[None]:
        """What fails may fail for its size (memory, a time limit of the server): the next chunk is small again."""
        try:
            yield
        except BaseException:
            self._sizes.restart()
            raise

    def _parsed_chunks(self, found: Discovery, limit: ChunkSize) -> Generator[ParsedChunk]:
        """Yield chunks to load, in order. One is parsed while another is loaded, no more, so that memory is bounded."""
        groups = read_objects(self.store, found.names, lambda: self._sizes.take(limit), self._unread)
        parsed = (self._parse(objects, found) for objects in groups)
        with ThreadPoolExecutor(1, "parser") as parser:
            coming = parser.submit(next, parsed, None)
            try:
                while (chunk := coming.result()) is not None:
                    coming = parser.submit(next, parsed, None)
                    yield chunk
            finally:
                with suppress(Exception):
                    if (left := coming.result()) is not None:
                        left.rows.close()

    def _parse(self, objects: list[RawObject], found: Discovery) -> ParsedChunk:
        chunk = self.parser.parse(objects)
        chunk.parts.clear()
        for raw in objects:
            raw.content = b""  # else the bytes of two chunks would stay in memory while one is loaded
        unread = [one.name for one in self._unread]
        watermarks = settled_watermarks([raw.name for raw in objects], found.started_at, unread)
        return ParsedChunk(chunk, self.stage_rows(), watermarks, self._erasures)

    def _count_erasures(self) -> int:
        with self.warehouse.reading() as cursor:
            return count_erasures(cursor)

    def _finish(self, found: Discovery, result: PassResult) -> None:
        """Close days and record the pass; idle passes are recorded once a minute, so that idling hardly writes."""
        is_due = self._recorded_at is None or found.started_at - self._recorded_at >= RECORD_IDLE_PASS_AFTER
        closable = set(found.closable).difference(one.name.day for one in self._unread)
        if not (closable or result.objects or is_due):
            return
        with self.warehouse.transaction() as cursor:
            for day in sorted(closable):
                cursor.execute("delete from closed_days where day = $day", {"day": day})
                cursor.execute("insert into closed_days values ($day, $now)", {"day": day, "now": self._clock()})
            cursor.execute("delete from passes")
            cursor.execute("insert into passes values ($started_at)", {"started_at": found.started_at})
        self._recorded_at = found.started_at
        if result.objects:
            self.warehouse.refresh_statistics()


def _raise_unread(unread: Sequence[Unread]) -> None:
    """Raise the error of the first of these objects."""
    if unread:
        error = unread[0].error
        others = f" (and {len(unread) - 1:,} others)" if len(unread) > 1 else ""
        why = f"{error.why}{others}; all other objects are loaded"
        raise StoreError(error.doing, why, error.advice) from error
