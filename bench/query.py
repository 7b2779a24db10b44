"""Latency of questions: of each metric, and of all questions of each dashboard page in sequence.

    query.scan_limit_ms       one pass over the range of the wide fact table: events, distinct clients and sessions
    query.METRIC.p95_ms       one metric, default options, 30 days in the middle of the data, with comparison
    query.page.PAGE.p95_ms    all questions of the page when it opens
    query.postgres.…          the same of the metrics that read the warehouse, and of their page, on PostgreSQL,
                              whose own processor time is not counted
    query.peak_rss_mb         the most memory of the process that answered
    dashboard.first_paint_s   first contentful paint in headless Chromium (skipped without Chromium)
    dashboard.rss_mb          memory of the serving process afterwards

Over 90 days of events (default 5 million, set by --events), loaded by the real ETL. What the mart remembers is dropped
before each run, so every run computes its figures; the questions of a page share statements, as they do in the
dashboard. Each question is asked once to warm up and then 15 times. The ratio of processor time compares medians.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright

from _generator import START
from _measure import Bench, bench, peak_rss_mb, percentile, timed_twice
from _postgres import postgres_warehouse
from _warehouse import FILE, RAW, in_child, load_all, make_warehouse
from clickstream.etl import ledger
from clickstream.mart.file import NAME, Mart
from clickstream.mart.refresh import refresh
from clickstream.metrics.catalog import METRICS, ask, reads_warehouse
from clickstream.metrics.question import Question
from clickstream.metrics.records import Records
from clickstream.raw.store import LocalStore
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckWarehouse
from ingest import resident_mb, running

DAYS, FIRST_DAY, RANGE_DAYS = 90, 30, 30
RUNS = 15
PORT = 8125
ROWS, ALL_ROWS = 8, 10_000  # of a ranking on the Overview page, on the Products page
MOVERS, PAIRS = 6, 10
LIMIT = "scan_limit_ms"
SCAN = """
    select count(*), count(distinct client_id), count(distinct session_key)
    from clickstream_events
    where event_timestamp >= $start and event_timestamp < $end
"""
FIRST = START + timedelta(days=FIRST_DAY)
QUESTION = Question(
    as_of=START + timedelta(days=DAYS),
    tz=ZoneInfo("UTC"),
    from_date=FIRST.date(),
    to_date=(FIRST + timedelta(days=RANGE_DAYS)).date(),
)
REQUIRED = {"visitor_timeline": {"visitor_id": "c0000001"}}
Questions = list[tuple[str, Question]]


def asking(metric: str, limit: int = 100, /, **options: str) -> tuple[str, Question]:
    return metric, replace(QUESTION, limit=limit, options=options)


def uncompared(metric: str, limit: int = 100, /, **options: str) -> tuple[str, Question]:
    return metric, replace(QUESTION, limit=limit, options=options, compare="none")


WAYS: Questions = [asking("paths", ALL_ROWS), asking("journeys", ROWS)]
# The questions of a page when it opens (dashboard/pages).
PAGES: dict[str, Questions] = {
    "overview": [
        asking("overview"),
        *(asking("time_series", metric=name) for name in ("visitors", "sessions", "page_views", "revenue", "orders")),
        asking("time_series", metric="events"),
        asking("movers", MOVERS),
        asking("products", ROWS),
        asking("products", ROWS, by="category"),
        asking("acquisition", ROWS, by="channel"),
        asking("devices", ROWS, by="device_type"),
        asking("devices", ROWS, by="country"),
    ],
    "live": [
        asking("live"),
        asking("live_minutes"),
        *(asking("live_top", by=dimension) for dimension in ("page_path", "channel")),
    ],
    "acquisition": [
        asking("acquisition", ALL_ROWS, by="channel"),
        uncompared("attribution", ALL_ROWS),
        asking("time_series", metric="sessions", split="channel"),
        *(asking("devices", ROWS, by=dimension) for dimension in ("device_type", "browser", "os", "country")),
    ],
    "behaviour": [
        asking("pages_top", ALL_ROWS),
        asking("peak_activity", metric="sessions"),
        *WAYS,
        asking("search_terms", ALL_ROWS),
    ],
    "funnel": [asking("funnel"), asking("funnel", split="device_type")],
    "retention": [asking("retention")],
    "customers": [
        asking("customers"),
        *(asking("revenue", ALL_ROWS, by=kind) for kind in ("customer", "payment_method", "coupon")),
        uncompared("ltv"),
        uncompared("rfm"),
        uncompared("rfm_customers", 20),
        asking("abandonment"),
        uncompared("abandoned_products", 10),
    ],
    "products": [
        asking("products", ALL_ROWS),
        asking("time_series", metric="views", split="product_id"),
        asking("bought_together", PAIRS),
    ],
    "data_health": [
        *(asking(f"health_{name}", ALL_ROWS) for name in ("freshness", "bad_rows", "bots", "clock", "orders")),
        *(asking(f"health_{name}", ALL_ROWS, by="day") for name in ("ledger", "late")),
    ],
    "visitors": [asking("sessions_list", 20)],
}


def main() -> None:
    with bench(__doc__ or "", events=5_000_000) as run:
        run.log(f"loading {run.events:,} events over {DAYS} days")
        in_child(make_warehouse, run.folder, run.events, DAYS)
        in_child(build_mart, run.folder)
        with DuckWarehouse.open(run.folder / FILE) as warehouse:
            put_scan(run, "query", warehouse)
        with Mart.open(run.folder / NAME) as mart:
            with DuckWarehouse.open(run.folder / FILE) as warehouse:
                records = records_of(warehouse, run.folder)
                questions_of_metrics(run, "query", mart, records, METRICS)
                for page, questions in PAGES.items():
                    put_p95(
                        run, f"query.page.{page}.p95_ms", partial(ask_all, mart, records, questions), f"query.{LIMIT}"
                    )
            run.put("query.peak_rss_mb", peak_rss_mb(), "MB")
            postgres(run, mart)
        dashboard(run, run.folder / FILE)


def records_of(warehouse: Warehouse, folder: Path) -> Records:
    store = LocalStore(folder / RAW)
    return Records(warehouse, lambda cursor, start, end: ledger.read(cursor, store, start, end))


def put_scan(run: Bench, prefix: str, warehouse: Warehouse) -> None:
    span = {"start": FIRST, "end": FIRST + timedelta(days=RANGE_DAYS)}
    put_p95(run, f"{prefix}.{LIMIT}", partial(warehouse.fetch, SCAN, span))


def questions_of_metrics(run: Bench, prefix: str, mart: Mart, records: Records, names: Iterable[str]) -> None:
    for name in names:
        question = replace(QUESTION, options=REQUIRED.get(name, {}))
        work = partial(ask_all, mart, records, [(name, question)])
        put_p95(run, f"{prefix}.{name}.p95_ms", work, f"{prefix}.{LIMIT}")


def postgres(run: Bench, mart: Mart) -> None:
    """Measure what reads the warehouse on a PostgreSQL with the same events."""
    with postgres_warehouse(run.folder) as warehouse:
        run.log(f"loading {run.events:,} events into PostgreSQL")
        load_all(warehouse, run.folder, DAYS)
        warehouse.refresh_statistics()
        records, prefix = records_of(warehouse, run.folder), "query.postgres"
        put_scan(run, prefix, warehouse)
        names = filter(reads_warehouse, METRICS)
        questions_of_metrics(run, prefix, mart, records, names)
        work = partial(ask_all, mart, records, PAGES["data_health"])
        put_p95(run, f"{prefix}.page.data_health.p95_ms", work, f"{prefix}.{LIMIT}")


def build_mart(folder: Path) -> None:
    with DuckWarehouse.open(folder / FILE) as warehouse, Mart.open(folder / NAME) as mart:
        refresh(mart, warehouse)


def ask_all(mart: Mart, records: Records, questions: Questions) -> None:
    mart.forget()
    for name, question in questions:
        ask(mart, name, question, records=records)


def put_p95(run: Bench, name: str, work: Callable[[], object], of: str | None = None) -> None:
    work()  # the warm-up, which reads from disk
    times = [timed_twice(work) for _ in range(RUNS)]
    p95_ms = percentile([wall_s * 1000 for wall_s, _ in times], 0.95)
    run.put(name, p95_ms, "ms", of, cpu=statistics.median(cpu_s * 1000 for _, cpu_s in times))


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
