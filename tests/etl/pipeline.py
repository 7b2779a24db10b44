"""A raw store, a warehouse and a loader together, with the few verbs that the ETL's tests need."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import uuid_utils

from clickstream.etl.ledger import Ledger, check
from clickstream.etl.run import Loader, PassResult
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import batch_key, event_key
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from tests.conftest import Clock
from tests.engines import empty_warehouse
from tests.postgres import Cluster


@dataclass
class Pipeline:
    store: RawStore
    warehouse: Warehouse
    clock: Clock
    loader: Loader

    @property
    def root(self) -> Path:
        """The folder of a store that is one."""
        assert isinstance(self.store, LocalStore)
        return self.store.root

    def name(self, ago_s: float = 0) -> UUID:
        """A UUIDv7 of `ago_s` seconds before now."""
        return UUID(int=uuid_utils.uuid7(nanoseconds=self.clock.ns() - int(ago_s * 1e9)).int)

    def put_batch(self, events: Iterable[Any], ago_s: float = 0, count: int | None = None) -> str:
        """Store a batch object of events (dicts, or bytes as they are) and return its key."""
        lines = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        key = batch_key(self.name(ago_s), len(lines) if count is None else count)
        self.store.put([(key, gzip.compress(b"\n".join(lines) + b"\n"))])
        return key

    def put_event(self, event: Any, ago_s: float = 0) -> str:
        """Store a single-event object of an event (dict, or bytes as they are) and return its key."""
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        key = event_key(self.name(ago_s))
        self.store.put([(key, content)])
        return key

    def load(self) -> PassResult:
        return self.loader.run_pass()

    def load_each(self, contents: Mapping[str, Any], columns: str) -> dict[str, dict[str, Any]]:
        """Store each event (dict, or bytes as they are) in a separate object, load all in one pass, return their rows.

        One load of many cases takes as long as that of one. contents: name of the case -> its event.
        """
        names = {self.put_batch([event]): name for name, event in contents.items()}
        self.load()
        rows = self.warehouse.fetch(f"select raw_object as object_of_case, {columns} from clickstream_events").dicts()
        return {names[row.pop("object_of_case")]: row for row in rows}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.fetch(sql).rows

    def events(self, columns: str = "*") -> list[dict[str, Any]]:
        return self.warehouse.fetch(
            f"select {columns} from clickstream_events order by event_timestamp, raw_object, raw_line"
        ).dicts()

    def one(self, columns: str = "*") -> dict[str, Any]:
        (row,) = self.events(columns)
        return row

    def ledger(self) -> Ledger:
        return check(self.warehouse, self.store)

    def totals(self) -> dict[str, int]:
        totals: dict[str, int] = self.ledger().as_json()["totals"]
        return {name: value for name, value in totals.items() if value}


@contextmanager
def open_pipeline(folder: Path, clock: Clock, server: Cluster | None = None) -> Iterator[Pipeline]:
    """A pipeline with an empty store in `folder`, and an empty warehouse there or on `server`."""
    store = LocalStore(folder / "raw")
    store.prepare()
    with empty_warehouse(folder, server) as warehouse:
        loader = Loader(warehouse, store, folder / "stage", clock)
        with closing(loader):
            yield Pipeline(store, warehouse, clock, loader)


def received(moment: datetime, **fields: Any) -> dict[str, Any]:
    """An event as the collector stores it: received, and sent, at `moment` (unless `sentAt` says otherwise)."""
    text = moment.isoformat()
    ingest = {"receivedAt": text}
    if "sentAt" not in fields:
        ingest["sentAt"] = text
    return {"eventName": "page_view", "createdAt": text, **fields, "_ingest": ingest}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
