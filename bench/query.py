"""Latency of queries: of each metric, and of all queries of each dashboard page in sequence.

    query.ENGINE.METRIC.p95_ms     one metric, default options, the default 30 days; ENGINE is duckdb or postgres
    query.ENGINE.page.PAGE.p95_ms  all queries of the page when it opens
    dashboard.first_paint_s        first contentful paint in headless Chromium (skipped without Chromium)
    dashboard.rss_mb               memory of the serving process afterwards

Over 90 days of events (default 5 million, set by --events), loaded by the real ETL. Results are not cached. Each query
runs once to warm up and then 15 times, fewer (at least 5) if that would take over 10 seconds. The PostgreSQL server has
the settings of bench/_postgres.py; the dashboard reads the DuckDB warehouse.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright

from _generator import START, write_batches
from _measure import Bench, bench, percentile, timed
from _postgres import postgres_warehouse
from clickstream.etl.run import Loader
from clickstream.metrics.catalog import METRICS, ask
from clickstream.metrics.question import Question
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse
from ingest import resident_mb, running

DAYS = 90
MAX_RUNS, MIN_RUNS, MAX_TIME_S = 15, 5, 10.0
PORT = 8125
SPARKS = ("visitors", "sessions", "page_views", "revenue", "orders", "events")
# The queries of a page when it opens (dashboard/pages): metric and options.
PAGES: dict[str, list[tuple[str, dict[str, str]]]] = {
    "overview": [
        ("overview", {}),
        *(("time_series", {"metric": name}) for name in SPARKS),
        ("products", {}),
        ("products", {"by": "category"}),
        ("acquisition", {"by": "channel"}),
        ("devices", {"by": "device_type"}),
        ("devices", {"by": "country"}),
    ],
    "products": [("products", {}), ("time_series", {"metric": "views", "split": "product_id"})],
}


def main() -> None:
    with bench(__doc__ or "", events=5_000_000) as run:
        run.log(f"writing {run.events:,} events over {DAYS} days")
        write_batches(run.folder / "raw", run.events, DAYS)
        path = run.folder / "warehouse.duckdb"
        with DuckWarehouse.open(path) as warehouse:
            fill(run, warehouse)
            measure(run, "duckdb", warehouse)
        dashboard(run, path)
        with postgres_warehouse(run.folder) as server:
            fill(run, server)
            measure(run, "postgres", server)


def fill(run: Bench, warehouse: Warehouse) -> None:
    """Load all raw objects and report the duration."""
    after = START + timedelta(days=DAYS + 3)
    store = LocalStore(run.folder / "raw")
    with closing(Loader(warehouse, store, run.folder / "stage", lambda: after)) as loader:
        run.log(f"loaded in {timed(loader.run_pass):.0f} s")


def measure(run: Bench, engine: str, warehouse: Warehouse) -> None:
    question = Question(as_of=START + timedelta(days=DAYS), tz=ZoneInfo("UTC"))
    for name in METRICS:
        put_p95(run, f"query.{engine}.{name}", partial(ask, warehouse, name, question))
    for page, queries in PAGES.items():
        put_p95(run, f"query.{engine}.page.{page}", partial(ask_all, warehouse, question, queries))


def ask_all(warehouse: Warehouse, question: Question, queries: list[tuple[str, dict[str, str]]]) -> None:
    for name, options in queries:
        ask(warehouse, name, replace(question, options=options))


def put_p95(run: Bench, name: str, work: Callable[[], object]) -> None:
    first_s = timed(work)  # the warm-up, which reads from disk
    runs = max(MIN_RUNS, min(MAX_RUNS, int(MAX_TIME_S / first_s)))
    run.put(f"{name}.p95_ms", percentile([timed(work) * 1000 for _ in range(runs)], 0.95), "ms")


def dashboard(run: Bench, path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        run.log("no Chromium: skipping dashboard.first_paint_s and dashboard.rss_mb")
        return
    command = [sys.executable, "-m", "clickstream", "dashboard", "--data", str(path.parent), "--port", str(PORT)]
    with running(command, PORT) as process:
        paints = [first_paint_s(chromium, f"http://127.0.0.1:{PORT}/sbw_dashboard/") for _ in range(5)]
        run.put("dashboard.first_paint_s", sorted(paints)[len(paints) // 2], "s")
        run.put("dashboard.rss_mb", resident_mb(process.pid), "MB")


def first_paint_s(chromium: str, url: str) -> float:
    """Return the first contentful paint in a new browser profile, as measured by the browser."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.goto(url)
        page.wait_for_timeout(1500)
        paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return float(paint_ms) / 1000


if __name__ == "__main__":
    main()
