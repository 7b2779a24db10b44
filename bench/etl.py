"""How fast raw objects become a warehouse, against what the engine itself allows.

etl.duckdb_read_limit  DuckDB only reading the same batch objects, with explicit types
etl.to_duckdb          the whole pass: discovery, parsing, duplicates, sessions, ledger
etl.get_limit          only reading the same single-event objects
etl.single_objects     the whole pass on them (a tenth of the events)
etl.idle_pass_s        a pass that finds nothing new among a million objects over 30 days
etl.peak_rss_mb        the most memory that this process held
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb

from _generator import START, uuid7_at, write_batches, write_singles
from _measure import Bench, bench, peak_rss_mb, timed
from clickstream.etl.run import Loader
from clickstream.raw.keys import event_key
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse

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
        singles(run)
        idle(run)
        run.put("etl.peak_rss_mb", peak_rss_mb(), "MB")


def batches(run: Bench) -> None:
    root = run.folder / "batches"
    run.say(f"writing {run.events:,} events as batch objects")
    write_batches(root / "raw", run.events, DAYS)
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in TYPES.items()) + "}"
    source = f"read_json('{root}/raw/events/**/*.gz', format = 'newline_delimited', columns = {columns})"
    with duckdb.connect() as engine:
        engine.execute("set TimeZone = 'UTC'")
        read_s = timed(lambda: engine.execute(f"create table z as from {source}"))
    run.put("etl.duckdb_read_limit", run.events / read_s, "events/s")
    run.put("etl.to_duckdb", run.events / load(root, run.events), "events/s", "etl.duckdb_read_limit")


def singles(run: Bench) -> None:
    root, count = run.folder / "singles", max(1, run.events // 10)
    run.say(f"writing {count:,} single-event objects")
    write_singles(root / "raw", count, DAYS)
    store = LocalStore(root / "raw")
    keys = [f"events/{day:%Y/%m/%d}/{name}" for day in store.days() for name in store.file_names(day)]
    read_s = timed(lambda: [store.read(key) for key in keys])
    run.put("etl.get_limit", count / read_s, "events/s")
    run.put("etl.single_objects", count / load(root, count), "events/s", "etl.get_limit")


def idle(run: Bench) -> None:
    """Objects over 30 days that end today, all known to the warehouse; the last days are open and are listed."""
    root, random = run.folder / "idle", Random(4)
    count = min(IDLE_OBJECTS, run.events)
    run.say(f"making {count:,} objects that are loaded already")
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


def load(root: Path, count: int) -> float:
    """Seconds of one pass over everything below `root`; the ledger must show all of it loaded."""
    after = START + timedelta(days=DAYS + 3)
    with DuckWarehouse.open(root / "warehouse.duckdb") as warehouse:
        with closing(Loader(warehouse, LocalStore(root / "raw"), root / "stage", lambda: after)) as loader:
            seconds = timed(loader.run_pass)
        loaded = warehouse.fetch("select sum(loaded) from ledger").rows[0][0]
    if loaded != count:
        raise SystemExit(f"{loaded:,} of {count:,} events were loaded")
    return seconds


if __name__ == "__main__":
    main()
