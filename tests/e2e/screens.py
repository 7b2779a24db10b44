"""Screens of the dashboards: a small shop's events, the states of a page, and the faults visible on a screen.

Out: owner apps, each over a warehouse filled by the real ETL, and the faults of a page that a browser shows. screens.js
finds the faults inside the page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Request
from starlette.types import ASGIApp

from clickstream.collect.spool import Shipper, SpoolConfig
from clickstream.dashboard.answers.loads import LoaderSource
from clickstream.dashboard.app import make_app
from clickstream.local.owner.context import WarehouseContext
from clickstream.local.owner.file import Owner
from clickstream.local.owner.process import make_owner_app
from clickstream.local.spool import Drain
from clickstream.mart.keeper import MartKeeper
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received

ZONE = ZoneInfo("UTC")
DAYS = 45  # some of them are before the last 30 days, so that there is a period to compare with
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
TROUBLE = "writing the warehouse: no space left on the disk"
FAULTS_SCRIPT = (Path(__file__).parent / "screens.js").read_text(encoding="utf-8")

_COUNTRIES = ("DE",) * 8 + ("PL",) * 5 + ("US", "GB", "GB", "FR", "AT", "BA", "VC", "MP")
_PRODUCTS = (
    ("X1C-13", "ThinkPad X1 Carbon Gen 13, 14 inch, 32 GB, 1 TB, black", "business notebooks"),
    ("MBA-15", "MacBook Air 15", "notebooks"),
    ("KB-87", "Keyboard 87 keys", "accessories"),
    ("MON-32-4K-USB-C-HUB", "", "monitors"),
    ("MS-3", "Mouse 3", "accessories"),
    ("DOCK", "Docking station with 14 ports and 180 W power delivery", "accessories"),
    ("PAD-11", "Tablet 11", "tablets"),
    ("CAM", "Webcam", "accessories"),
    ("HDP", "Headphones over-ear", "audio"),
)
_LANDINGS = ("", "", "", "?utm_source=news&utm_medium=email", "?gclid=a1", "?utm_source=a.example&utm_medium=referral")
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1",
)
_READY = """() => {
    const page = document.querySelector(".page:not([hidden])");
    const isEmpty = document.querySelector(".no-data") !== null;
    return document.querySelector("#freshness")?.textContent
        && (isEmpty || !page.querySelector(".skeleton, .recalculating, .shiny-html-output:empty"));
}"""
_SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True, slots=True)
class Case:
    """A screen: a page in a state, a theme and a size. query: further parameters of its address."""

    state: str
    page: str
    theme: str
    size: str
    query: str = ""

    def __str__(self) -> str:
        return f"{self.page}-{self.state}-{self.theme}-{self.size}"

    @property
    def address(self) -> str:
        words = [f"page={self.page}" if self.page != "overview" else "", self.query]
        return "?" + "&".join(filter(None, words))


@dataclass
class Screen:
    """A browser page, and the errors and requests to other hosts since it was last opened."""

    page: Page
    origin: str
    folder: Path
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._note_request)

    def show(self, case: Case, now: datetime) -> None:
        """Open the case's page, wait until it is complete, and save a screenshot."""
        self.page.goto("about:blank")
        self.faults.clear()
        width, height = SIZES[case.size]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme="dark" if case.theme == "dark" else "light", reduced_motion="reduce")
        self.page.clock.set_fixed_time(now)
        self.page.goto(f"{self.origin}/sbw_dashboard/{case.address}")
        self.page.wait_for_function(_READY)
        self.page.evaluate(_SETTLED)
        self.page.screenshot(path=self.folder / f"{case}.png", full_page=True)

    def all_faults(self) -> list[str]:
        """Return the errors of the browser and the faults visible on the page."""
        visible: list[str] = self.page.evaluate(FAULTS_SCRIPT)
        return [*self.faults, *visible]

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:", "about:")):
            self.faults.append(f"request to another host: {request.url}")


@contextmanager
def owners(folder: Path, clock: Clock, origin: str) -> Iterator[dict[str, ASGIApp]]:
    """Open the owner's app for each state. clock: of the loader and the dashboards; the stale one has a later clock."""
    with ExitStack() as stack:
        pipelines = {name: stack.enter_context(open_pipeline(folder / name, clock)) for name in ("full", "empty")}
        fill(pipelines["full"])
        pipelines["empty"].load()
        keepers = {
            name: stack.enter_context(MartKeeper(folder / name / "mart.duckdb", pipeline.warehouse))
            for name, pipeline in pipelines.items()
        }
        for keeper in keepers.values():
            keeper.refresh()
        later = Clock(clock.now + timedelta(minutes=14))

        def owner(name: str, now: Clock = clock, trouble: str = "") -> ASGIApp:
            pipeline, keeper = pipelines[name], keepers[name]
            app = make_app(keeper, ZONE, now, loader=LoaderSource(trouble=lambda: trouble))
            stack.callback(app.close)
            context = WarehouseContext(
                pipeline.warehouse,
                keeper,
                pipeline.store,
                ZONE,
                now,
                load=pipeline.loader.run_pass,
                make_loader=lambda _: pipeline.loader,
                stage=folder / "stage",
                drain=Drain(folder / "spool", Shipper(pipeline.store, SpoolConfig(), clock.ns)),
            )
            app.connect(context.records)
            me = Owner(origin, "token", os.getpid(), str(folder / "warehouse.duckdb"))
            return make_owner_app(context, me, dict, app)

        yield {
            "data": owner("full"),
            "empty": owner("empty"),
            "failing": owner("full"),
            "stale": owner("full", later, TROUBLE),
            "day": owner("full"),
        }


def fill(pipeline: Pipeline) -> None:
    """Store a shop's last days as the collector does, and load them."""
    random = Random(45)
    first = pipeline.clock.now.replace(hour=8, minute=0) - timedelta(days=DAYS - 1)
    for day in range(DAYS):
        start = first + timedelta(days=day)
        visits = [_visit(random, f"{day}-{n}", start) for n in range(random.randint(6, 16))]
        events = [event for visit in visits for event in visit if event["createdAt"] < pipeline.clock.now.isoformat()]
        pipeline.put_batch(events, ago_s=(pipeline.clock.now - start).total_seconds())
    assert pipeline.load().bad == 0


def _visit(random: Random, name: str, start: datetime) -> list[dict[str, Any]]:
    """Return a visit with views of some products, the first ones most often; some add to the cart or order."""
    at = start + timedelta(minutes=random.randint(0, 600))
    who = {"clientId": f"client-{name}", "country": random.choice(_COUNTRIES)}
    page = f"https://shop.example/{random.choice(_LANDINGS)}"
    events = [received(at, eventName="page_view", pageUrl=page, **who)]
    for step in range(random.randint(1, 5)):
        number, title, category = _PRODUCTS[min(int(random.expovariate(0.4)), len(_PRODUCTS) - 1)]
        product = {"id": number, "category": category, "brand": title.split(" ")[0] or "no name"}
        if title:
            product["name"] = title
        seen = at + timedelta(seconds=40 * (step + 1))
        url = f"https://shop.example/p/{number}"
        events.append(received(seen, eventName="product_view", pageUrl=url, product=product, **who))
        if random.random() < 0.1:
            carted = seen + timedelta(seconds=15)
            events.append(received(carted, eventName="add_to_cart_click", product=product, **who))
            if random.random() < 0.4:
                paid = carted + timedelta(seconds=90)
                price = 129 + 100 * (len(name) + len(number))
                lines = [{**product, "price": price, "quantity": 1}]
                order = {"id": name, "total": price, "currency": "EUR", "items": lines}
                events.append(received(paid, eventName="checkout_complete", order=order, **who))
                break
    agent = random.choice(_AGENTS)
    return [{**event, "_ingest": {**event["_ingest"], "userAgent": agent}} for event in events]
