"""How fast raw objects become a warehouse, against what the engine itself allows.

etl.duckdb_read_limit  DuckDB only reading the same batch objects, with explicit types
etl.to_duckdb          the whole pass: discovery, parsing, duplicates, sessions, ledger
etl.postgres_copy_limit  COPY of the same rows into a table like the facts, with its unique index and nothing else
etl.to_postgres        the whole pass into PostgreSQL, durable, with the server's settings of bench/_postgres.py
etl.small_pass_cpu_s   processor time of a pass over one new object of 100 events, into an empty DuckDB warehouse
etl.small_pass_grown_cpu_s  the same into the warehouse that etl.to_duckdb has filled: how its cost grows with the rows
etl.get_limit          only reading the same single-event objects
etl.single_objects     the whole pass on them (a tenth of the events)
etl.s3_get_limit       only reading single-event objects from a local SeaweedFS, which takes cores of this machine too
etl.s3_single_objects  the whole pass on them (a hundredth of the events)
etl.idle_pass_s        a pass that finds nothing new among a million objects over 30 days
etl.peak_rss_mb        the most memory that this process held
"""

from __future__ import annotations

import os
import statistics
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb

from _generator import START, late_batches, single_objects, uuid7_at, write_batches, write_singles
from _measure import Bench, bench, peak_rss_mb, timed, timed_twice
from _postgres import copy_in, copy_out, postgres_warehouse
from clickstream.etl.run import Loader
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import event_key
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse

sys.path.append(str(Path(__file__).parents[1]))
from tests.seaweed import BUCKET, running_seaweed

DAYS = 30
IDLE_OBJECTS = 1_000_000
TYPES = {
    **dict.fromkeys(("eventName", "pageUrl", "pageTitle", "referrer", "userId", "userLoginState"), "VARCHAR"),
    **dict.fromkeys(("identitySource", "clientId", "sessionId", "country"), "VARCHAR"),
    "eventId": "UUID",
    "createdAt": "TIMESTAMPTZ",
    "isFirstVisit": "BOOLEAN",
    "product": "STRUCT(id VARCHAR, name VARCHAR, category VARCHAR, brand VARCHAR, price DECIMAL(18, 4), "
    "discountPrice DECIMAL(18, 4), currency VARCHAR, urlPath VARCHAR)",
    "element": "STRUCT(tag VARCHAR, id VARCHAR, role VARCHAR, text VARCHAR, dataset JSON)",
    "order": "JSON",
    "properties": "JSON",
    "_ingest": "STRUCT(receivedAt TIMESTAMPTZ, sentAt TIMESTAMPTZ)",
}


def main() -> None:
    with bench(__doc__ or "") as run:
        batches(run)
        small_passes(run)
        postgres(run)
        singles(run)
        s3_singles(run)
        idle(run)
        run.put("etl.peak_rss_mb", peak_rss_mb(), "MB")


def batches(run: Bench) -> None:
    root = run.folder / "batches"
    run.log(f"writing {run.events:,} events as batch objects")
    write_batches(root / "raw", run.events, DAYS)
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items()) + "}"
    source = f"read_json('{root}/raw/events/**/*.gz', format = 'newline_delimited', columns = {columns})"
    with duckdb.connect() as engine:
        engine.execute("set TimeZone = 'UTC'")
        read_s = timed(lambda: engine.execute(f"create table z as from {source}"))
    run.put("etl.duckdb_read_limit", run.events / read_s, "events/s")
    run.put("etl.to_duckdb", run.events / load(root, run.events), "events/s", "etl.duckdb_read_limit")


def small_passes(run: Bench) -> None:
    """Objects that come one by one, as in a quiet hour; late ones, so that old rows are touched."""
    filled = run.folder / "batches" / "warehouse.duckdb"
    empty = run.folder / "small" / "warehouse.duckdb"
    run.put("etl.small_pass_cpu_s", small_pass_cpu_s(run.folder / "small", empty), "s")
    run.put("etl.small_pass_grown_cpu_s", small_pass_cpu_s(run.folder / "grown", filled), "s", "etl.small_pass_cpu_s")


def small_pass_cpu_s(root: Path, file: Path, objects: int = 9, per_object: int = 100) -> float:
    """Return the median of passes that each find one object; the first one warms up."""
    store, after = LocalStore(root / "raw"), START + timedelta(days=DAYS + 3)
    store.prepare()
    seconds = []
    with DuckWarehouse.open(file) as warehouse:
        with closing(Loader(warehouse, store, root / "stage", lambda: after)) as loader:
            for key, data in late_batches(objects, per_object):
                store.put([(key, data)])
                seconds.append(timed_twice(lambda: loader.run_pass(reconcile=[START.date()]))[1])
        (count,) = warehouse.fetch("select count(distinct load_id) from clickstream_events").rows[0]
    if count < objects:
        raise SystemExit("a small pass found nothing")
    return statistics.median(seconds[1:])


def postgres(run: Bench) -> None:
    """The same batch objects into PostgreSQL; then its rows, as they were handed over, by COPY alone."""
    root = run.folder / "batches"
    with postgres_warehouse(run.folder) as warehouse:
        to_postgres = run.events / load_into(warehouse, root, run.events)
        file = root / "facts.csv"
        with warehouse.reading() as cursor, file.open("wb") as out:
            copy_out(cursor, "clickstream_events", out)
        with warehouse.transaction() as cursor:
            cursor.execute("create table copied (like clickstream_events including defaults, unique (event_id))")
        copied_s = timed(lambda: copy_in(warehouse, "copied", file))
    run.put("etl.postgres_copy_limit", run.events / copied_s, "events/s")
    run.put("etl.to_postgres", to_postgres, "events/s", "etl.postgres_copy_limit")


def singles(run: Bench) -> None:
    root, count = run.folder / "singles", max(1, run.events // 10)
    run.log(f"writing {count:,} single-event objects")
    write_singles(root / "raw", count, DAYS)
    store = LocalStore(root / "raw")
    keys = [f"events/{day:%Y/%m/%d}/{name}" for day in store.days() for name in store.file_names(day)]
    read_s = timed(lambda: sum(map(len, store.read_many(keys))))
    run.put("etl.get_limit", count / read_s, "events/s")
    run.put("etl.single_objects", count / load(root, count), "events/s", "etl.get_limit")


def s3_singles(run: Bench) -> None:
    root, count = run.folder / "s3", max(1, run.events // 100)
    run.log(f"putting {count:,} single-event objects into SeaweedFS")
    with running_seaweed(run.folder / "seaweed") as server:
        os.environ.update(server.environment)
        store = S3Store(Bucket(BUCKET, "bench", server.endpoint))
        objects = list(single_objects(count, DAYS))
        store.put(objects)
        read_s = timed(lambda: sum(map(len, store.read_many([key for key, _ in objects]))))
        run.put("etl.s3_get_limit", count / read_s, "events/s")
        run.put("etl.s3_single_objects", count / load(root, count, store), "events/s", "etl.s3_get_limit")


def idle(run: Bench) -> None:
    """Objects over 30 days that end today, all known to the warehouse; the last days are open and are listed."""
    root, random = run.folder / "idle", Random(4)
    count = min(IDLE_OBJECTS, run.events)
    run.log(f"making {count:,} objects that are loaded already")
    now = datetime.now(UTC)
    start = now - timedelta(days=DAYS)
    keys = [event_key(uuid7_at(start + timedelta(days=DAYS) * (n / count), random)) for n in range(count)]
    empty_files(root / "raw", keys)
    with DuckWarehouse.open(root / "warehouse.duckdb") as warehouse:
        with warehouse.transaction() as cursor:
            cursor.execute(
                "insert into raw_objects select unnest($keys), unnest($days), 'event', now(), 1, 1",
                {"keys": keys, "days": [datetime.strptime(key[7:17], "%Y/%m/%d").date() for key in keys]},  # noqa: DTZ007
            )
        with closing(Loader(warehouse, LocalStore(root / "raw"), root / "stage", lambda: datetime.now(UTC))) as loader:
            loader.run_pass()
            run.put("etl.idle_pass_s", min(timed(loader.run_pass) for _ in range(3)), "s")


def empty_files(root: Path, keys: list[str]) -> None:
    made: set[Path] = set()
    for key in keys:
        path = root / key
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def load(root: Path, count: int, store: RawStore | None = None) -> float:
    """Seconds of one pass over `store` (default: everything below `root`) into a new DuckDB file."""
    with DuckWarehouse.open(root / "warehouse.duckdb") as warehouse:
        return load_into(warehouse, root, count, store)


def load_into(warehouse: Warehouse, root: Path, count: int, store: RawStore | None = None) -> float:
    """Seconds of one pass; the ledger must show all of it loaded."""
    after = START + timedelta(days=DAYS + 3)
    with closing(Loader(warehouse, store or LocalStore(root / "raw"), root / "stage", lambda: after)) as loader:
        seconds = timed(loader.run_pass)
    loaded = warehouse.fetch("select sum(loaded) from ledger").rows[0][0]
    if loaded != count:
        raise SystemExit(f"{loaded:,} of {count:,} events were loaded")
    return seconds


if __name__ == "__main__":
    main()
