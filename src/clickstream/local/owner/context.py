"""An open warehouse with everything that the commands on it need.

In: settings and a clock. Out: a `WarehouseContext`. The owner keeps one for its lifetime; a command that finds the
warehouse free opens one for its own use. Only the functions here read settings; the commands take the context.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from clickstream.collect.spool import Shipper, SpoolConfig
from clickstream.etl import ledger
from clickstream.etl.run import LoadConfig, Loader, PassResult
from clickstream.lake.keeper import LakeKeeper
from clickstream.local.owner.file import open_warehouse
from clickstream.local.postgres import find_shop
from clickstream.local.spool import Drain
from clickstream.mart.file import NAME
from clickstream.mart.keeper import MartKeeper
from clickstream.metrics.records import Records
from clickstream.progress import Progress
from clickstream.raw.contract import RawStore
from clickstream.raw.store import open_store
from clickstream.settings import Settings
from clickstream.warehouse.contract import Warehouse

RunPass = Callable[[Collection[date], Progress, float | None], PassResult]
"""Runs one pass of the loader. It takes the days to list completely, the progress, and the most seconds to spend."""


@dataclass(frozen=True, slots=True)
class WarehouseContext:
    """An open warehouse with its mart and its raw store.

    load: runs one pass of the loader. make_loader: returns another loader with these settings; the caller closes it.
    stage: the folder for files in transit. find_shop: returns the URL of the shop's database, None without one.
    drain: stores the collector's spool of this machine in the raw store.
    """

    warehouse: Warehouse
    keeper: MartKeeper
    store: RawStore
    zone: ZoneInfo
    clock: Callable[[], datetime]
    load: RunPass
    make_loader: Callable[[Warehouse], Loader]
    stage: Path
    drain: Drain
    find_shop: Callable[[], str | None] = lambda: None

    @property
    def records(self) -> Records:
        """Where the metrics that read the warehouse read, with the ledger of this raw store."""
        return Records(self.warehouse, lambda cursor, start, end: ledger.read(cursor, self.store, start, end))


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the request types of commands: what a caller passes to a function, or sends to the owner as JSON."""


@contextmanager
def open_context(settings: Settings, clock: Callable[[], datetime]) -> Iterator[WarehouseContext]:
    """Open the warehouse of these settings for the duration of the block. Raises WarehouseBusyError."""
    store = open_store(settings)
    with open_warehouse(settings) as warehouse, open_keeper(settings, warehouse) as keeper:

        def load(reconcile: Collection[date], progress: Progress, max_seconds: float | None) -> PassResult:
            with closing(make_loader(settings, warehouse, store, clock)) as loader:
                return loader.run_pass(reconcile, progress, max_seconds)

        yield make_context(settings, keeper, store, clock, load)


def open_keeper(settings: Settings, warehouse: Warehouse) -> MartKeeper:
    """Return the keeper of the warehouse's mart."""
    if settings.lake_path is not None:
        return LakeKeeper(settings.lake_path, warehouse)
    return MartKeeper(settings.data / NAME, warehouse)


def make_context(
    settings: Settings, keeper: MartKeeper, store: RawStore, clock: Callable[[], datetime], load: RunPass
) -> WarehouseContext:
    """Return the context of an open warehouse with its mart; `load` runs a pass on it."""
    shipper = Shipper(store, SpoolConfig(layout=settings.raw_layout), lambda: _nanoseconds(clock()))
    return WarehouseContext(
        keeper.warehouse,
        keeper,
        store,
        settings.zone,
        clock,
        load,
        make_loader=lambda other: make_loader(settings, other, store, clock),
        stage=settings.stage_path.resolve(),
        drain=Drain(settings.spool_path, shipper),
        find_shop=lambda: find_shop(settings),
    )


def make_loader(settings: Settings, warehouse: Warehouse, store: RawStore, clock: Callable[[], datetime]) -> Loader:
    """Return a loader with these settings."""
    return Loader(warehouse, store, settings.stage_path, clock, LoadConfig.of(settings))


def _nanoseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000) * 1000
