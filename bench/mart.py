"""How fast the mart is built and updated, and how large it is.

mart.build_from_duckdb    events/s of a build from scratch
mart.build_from_postgres  the same from PostgreSQL (settings of bench/_postgres.py), whose processor time is not counted
mart.update_cpu_s         processor time of an update after a pass with one object of 100 events
mart.bytes_per_event      size of the file after a build
mart.peak_rss_mb          the most memory that a process held which only built it from DuckDB

Over 90 days of events (default 1 million, set by --events), loaded by the real ETL. The bars of a quiet machine:
150,000 events/s from DuckDB within 512 MB, 60,000 from PostgreSQL, 0.12 s, 40 bytes.
"""

from __future__ import annotations

import statistics
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from _generator import START, late_batches
from _measure import Bench, bench, peak_rss_mb, timed_twice
from _postgres import postgres_warehouse
from _warehouse import FILE, in_child, load_all, make_warehouse
from clickstream.etl.run import Loader
from clickstream.mart.file import NAME, Mart
from clickstream.mart.refresh import Refresh, build, refresh
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse

DAYS = 90


def main() -> None:
    with bench(__doc__ or "") as run:
        run.log(f"loading {run.events:,} events over {DAYS} days")
        in_child(make_warehouse, run.folder, run.events, DAYS)
        seconds, cpu_s, peak_mb = in_child(build_from_duckdb, run.folder)
        run.put("mart.build_from_duckdb", run.events / seconds, "events/s", cpu=run.events / cpu_s)
        run.put("mart.bytes_per_event", (run.folder / NAME).stat().st_size / run.events, "bytes")
        run.put("mart.peak_rss_mb", peak_mb, "MB")
        run.put("mart.update_cpu_s", update_cpu_s(run.folder), "s")
        from_postgres(run)


def build_from_duckdb(folder: Path) -> tuple[float, float, float]:
    """Return seconds, processor time in seconds, and peak memory in MB."""
    with DuckWarehouse.open(folder / FILE) as warehouse:
        return *timed_build(folder / NAME, warehouse), peak_rss_mb()


def timed_build(path: Path, warehouse: Warehouse) -> tuple[float, float]:
    with Mart.open(path) as mart:
        return timed_twice(partial(build, mart, warehouse))


def update_cpu_s(folder: Path, passes: int = 9) -> float:
    """Return the median of updates after small passes; the first one warms up."""
    store, after = LocalStore(folder / "raw"), START + timedelta(days=DAYS + 3)
    seconds, found = [], list[Refresh]()
    with (
        DuckWarehouse.open(folder / FILE) as warehouse,
        Mart.open(folder / NAME) as mart,
        closing(Loader(warehouse, store, folder / "stage", lambda: after)) as loader,
    ):
        for key, data in late_batches(passes, 100):
            store.put([(key, data)])
            loader.run_pass(reconcile=[START.date(), START.date() + timedelta(days=1)])
            seconds.append(timed_twice(lambda: found.append(refresh(mart, warehouse)))[1])
    if any(each.how != "updated" for each in found):
        raise SystemExit(f"expected updates of the mart, got: {', '.join(each.how for each in found)}")
    return statistics.median(seconds[1:])


def from_postgres(run: Bench) -> None:
    with postgres_warehouse(run.folder) as server:
        load_all(server, run.folder, DAYS)
        seconds, cpu_s = timed_build(run.folder / "postgres.duckdb", server)
    run.put("mart.build_from_postgres", run.events / seconds, "events/s", "mart.build_from_duckdb", run.events / cpu_s)


if __name__ == "__main__":
    main()
