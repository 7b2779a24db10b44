"""A web site with the tracker, a real collector and a warehouse.

In: visits by a real browser. Out: rows in the warehouse, after the real ETL. Each test has its own folder of the site
(`/name/...`), so that one collector serves all tests.
"""

from __future__ import annotations

import gzip
import html
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page

from clickstream.etl.run import Loader
from clickstream.event import utc_now
from clickstream.raw.store import LocalStore
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.e2e.platform import Platform, kill
from tests.patience import PATIENCE_S, wait_until
from tests.ports import free_port

QUEUED = "() => Object.keys(localStorage).filter((name) => name.startsWith('clickstream:queue:')).length"
LINGER_MS = 1_000  # as in tracker/src/limits.ts
QUICK_MS = 100
QUICK = f"(wait => window.setTimeout = (run, ms) => wait(run, ms === {LINGER_MS} ? {QUICK_MS} : ms))(window.setTimeout)"
TRACK = "(events) => events.forEach(([name, fields]) => clickstream.track(name, fields))"


@dataclass
class TrackedPlatform(Platform):
    """A platform whose collector allows these origins to read its responses."""

    origins: str = ""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"CLICKSTREAM_CORS_ORIGINS": self.origins}


class Site:
    """A web server that serves a page for every path. The title is the path; `Visit.put` sets script tag and body."""

    def __init__(self, collector_url: str) -> None:
        self.collector_url = collector_url
        self.attributes: dict[str, str] = {}
        self.bodies: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                data = outer.page(self.path).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.origin = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def page(self, path: str) -> str:
        name = path.split("/")[1]
        attributes = self.attributes.get(name, "")
        script = f'<script defer src="{self.collector_url}/clickstream.js" {attributes}></script>'
        return f"<!doctype html><title>{html.escape(path)}</title>{script}<body>{self.bodies.get(name, '')}</body>"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class TrackedSite:
    """The site, its collector and a warehouse."""

    platform: Platform
    site: Site
    folder: Path
    store: LocalStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = LocalStore(self.platform.data / "raw")
        self.store.prepare()
        self.warehouse = DuckWarehouse.open(self.folder / "warehouse.duckdb", threads=1)
        self.loader = Loader(self.warehouse, self.store, self.folder / "stage", utc_now)
        self.collector = self.platform.start_collector()
        self._seen: set[str] = set()
        self._events: list[dict[str, Any]] = []

    def raw_events(self) -> list[dict[str, Any]]:
        """Return every stored event, copies included. Each object is read once."""
        for day in self.store.days():
            for name in sorted(set(self.store.file_names(day)) - self._seen):
                self._seen.add(name)
                data = self.store.read(f"events/{day:%Y/%m/%d}/{name}")
                lines = gzip.decompress(data).splitlines() if name.endswith(".gz") else [data]
                self._events += map(json.loads, lines)
        return self._events

    def stop_collector(self) -> None:
        kill(self.collector)

    def start_collector(self) -> None:
        self.collector = self.platform.start_collector()

    def close(self) -> None:
        self.loader.close()
        self.warehouse.close()
        self.site.close()
        self.platform.close()


@dataclass
class Visit:
    """One test's folder of the site, in one browser profile: a visitor."""

    tracked: TrackedSite
    context: BrowserContext
    name: str
    origin: str

    def put(self, attributes: str = "", body: str = "") -> None:
        """Set the script tag's attributes and the body of every page in this test's folder."""
        self.tracked.site.attributes[self.name] = attributes
        self.tracked.site.bodies[self.name] = body

    def url(self, path: str = "") -> str:
        return f"{self.origin}/{self.name}/{path}"

    def open(self, path: str = "", page: Page | None = None) -> Page:
        page = page or self.context.new_page()
        page.goto(self.url(path))
        return page

    def rows(self, columns: str = "event_name, page_url", where: str = "true") -> list[tuple[Any, ...]]:
        """Load, and return the rows of this visit, in the order of their events."""
        self.tracked.loader.run_pass()
        sql = (
            f"select {columns} from clickstream_events where page_url like '{self.origin}/{self.name}/%' and {where} "
            "order by created_at, raw_object, raw_line"
        )
        return self.tracked.warehouse.fetch(sql).rows

    def stored(self, name: str | None = None) -> set[str]:
        """Return the ids of this visit's stored events (with this name)."""
        start = self.url()
        return {
            event["eventId"]
            for event in self.tracked.raw_events()
            if event["pageUrl"].startswith(start) and name in (None, event["eventName"])
        }

    def wait_until_stored(self, count: int, name: str | None = None) -> None:
        """Wait until the collector has stored `count` events (with this name). More than `count` fails."""
        wait_until(lambda: len(self.stored(name)) >= count, f"{count} events", lambda: self.stored(name))
        assert len(self.stored(name)) == count

    def wait_for(self, count: int, name: str | None = None) -> list[tuple[str, str]]:
        """Wait for `count` events and return their rows (name, path below the folder). More than `count` fails."""
        self.wait_until_stored(count, name)
        rows = self.rows(where="true" if name is None else f"event_name = '{name}'")
        assert len(rows) == count, rows
        return [(name, url.removeprefix(self.url())) for name, url in rows]

    def ids(self, name: str = "step") -> list[str]:
        return [str(row[0]) for row in self.rows("event_id", f"event_name = '{name}'")]

    def expect_exactly(self, ids: list[str], name: str = "step") -> None:
        """Wait until these events are in the warehouse, each once, and no other event with this name."""
        wait_until(lambda: self.stored(name) >= set(ids), f"{len(ids)} events", lambda: len(self.stored(name)))
        assert sorted(self.ids(name)) == sorted(ids)

    def duplicates(self) -> int:
        """Return the number of duplicates of this visit's events."""
        self.rows()
        sql = "select count(*) from duplicates join clickstream_events using (event_id) "
        return int(self.tracked.warehouse.fetch(f"{sql} where page_url like '{self.url()}%'").rows[0][0])


def another_browser(browser: Browser, *flags: str, without: tuple[str, ...] = ()) -> Browser:
    """Start a separate browser with these flags. without: flags of Playwright to leave out."""
    from tests.dashboard.stage import FLAGS  # a plugin: pytest must import it first

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    launch = browser.browser_type.launch
    return launch(
        executable_path=path, args=[*FLAGS, *flags], ignore_default_args=list(without), timeout=1_000 * PATIENCE_S
    )


def prepared(context: BrowserContext) -> BrowserContext:
    """Give the context the timeout of `wait_until`, and its pages a shorter wait before they send a batch."""
    context.set_default_timeout(1_000 * PATIENCE_S)
    context.add_init_script(QUICK)
    return context


def track(page: Page, count: int, name: str = "step") -> list[str]:
    """Track `count` events in one call and return their ids."""
    ids = [str(uuid4()) for _ in range(count)]
    page.evaluate(TRACK, [[name, {"eventId": each}] for each in ids])
    return ids


@contextmanager
def open_site(folder: Path) -> Iterator[TrackedSite]:
    port = free_port()
    site = Site(f"http://127.0.0.1:{port}")
    origins = f"{site.origin},http://shop.test:{site.port}"
    tracked = TrackedSite(TrackedPlatform(folder / "data", collector_port=port, origins=origins), site, folder)
    try:
        yield tracked
    finally:
        tracked.close()
