"""What the commands that read or load the warehouse do, given one that is open.

The owner runs them for others, and a command that finds the file free runs them itself: both give the same.
In: an open `Place`. Out: plain JSON values; a Report for `report` (local/owner/wire.py carries it).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clickstream.collect.spool import Shipper, SpoolRules
from clickstream.etl import ledger
from clickstream.etl.run import LoadConfig, Loader, PassResult
from clickstream.local.owner import query as queries
from clickstream.local.owner.file import open_warehouse
from clickstream.local.spool import Drain
from clickstream.metrics.answers import answer_document
from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import Texts, question_from_text
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import RawStore
from clickstream.raw.store import open_store
from clickstream.report import Report, build_report
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse

Json = dict[str, Any]

Load = Callable[[Collection[date], Progress, float | None], PassResult]
"""Runs one pass of the ETL; it is given days to list whole, whom to tell how far it is, and seconds."""


@dataclass(frozen=True, slots=True)
class Place:
    """An open warehouse with its raw store.

    load: one pass of the ETL. make_loader: another loader by these settings, for whoever closes it.
    stage: for files on their way. drain: brings into the raw store what waits in the spool of this machine's collector.
    """

    warehouse: Warehouse
    store: RawStore
    zone: ZoneInfo
    clock: Callable[[], datetime]
    load: Load
    make_loader: Callable[[Warehouse], Loader]
    stage: Path
    drain: Drain


@contextmanager
def open_place(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Place]:
    """The place of these settings, as long as the block runs. Raises WarehouseBusyError."""
    store = open_store(settings)
    with open_warehouse(settings) as warehouse:

        def load(reconcile: Collection[date], progress: Progress, max_seconds: float | None) -> PassResult:
            with closing(make_loader(settings, warehouse, store, clock)) as loader:
                return loader.run_pass(reconcile, progress, max_seconds)

        yield make_place(settings, warehouse, store, clock, load)


def make_place(
    settings: Settings, warehouse: Warehouse, store: RawStore, clock: Callable[[], datetime], load: Load
) -> Place:
    """The place of these settings; `load` runs a pass in it."""
    return Place(
        warehouse,
        store,
        settings.zone,
        clock,
        load,
        lambda other: make_loader(settings, other, store, clock),
        settings.stage_path.resolve(),
        Drain(
            settings.spool_path, Shipper(store, SpoolRules(layout=settings.raw_layout), lambda: _nanoseconds(clock()))
        ),
    )


def make_loader(settings: Settings, warehouse: Warehouse, store: RawStore, clock: Callable[[], datetime]) -> Loader:
    """The loader of these settings."""
    return Loader(warehouse, store, settings.stage_path, clock, LoadConfig.of(settings))


def metric(place: Place, name: str, options: Texts) -> Json:
    """A metric's answer. options: parameters, filters and options as text (metrics/parse.py)."""
    question = question_from_text(name, options, place.clock(), place.zone)
    return answer_document(ask(place.warehouse, name, question))


def report(place: Place, options: Texts) -> Report:
    """What happened in a range; without days all that is loaded. options: as of the metric overview."""
    return build_report(place.warehouse, question_from_text("overview", options, place.clock(), place.zone))


def check(place: Place, since: date | None = None) -> Json:
    """The ledger since a UTC day; None: the last days that have objects."""
    return ledger.check(place.warehouse, place.store, since).as_json()


def query(place: Place, sql: str, limits: queries.Limits | None = None) -> Json:
    """Columns and rows of one SELECT (local/owner/query.py)."""
    return queries.run_query(place.warehouse, sql, limits)


def etl_run(
    place: Place,
    reconcile: Collection[date] = (),
    progress: Progress = no_progress,
    max_seconds: float | None = None,
) -> Json:
    """Load everything that is new; what the pass did. reconcile: days to list whole, even if closed."""
    return asdict(place.load(reconcile, progress, max_seconds))


def _nanoseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000) * 1000
