"""A shop whose events the real loader loaded: rows have raw lines, visitors come back, and text is hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clickstream.dashboard.answers.raw_lines import RawLines
from clickstream.dashboard.app import Dashboards, make_app
from clickstream.mart.keeper import MartKeeper
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received

HOSTILE = "<script>document.title = 'x'</script>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"
LONG = "n" * 10_000
ANN = "ann@shop.example"
PRODUCT = {"id": "LAP-14", "name": "Laptop 14", "category": "laptops"}


@dataclass
class LoadedShop:
    """The pipeline, its mart, and the dashboards on both."""

    pipeline: Pipeline
    keeper: MartKeeper
    app: Dashboards


@contextmanager
def loaded_shop(folder: Path) -> Iterator[LoadedShop]:
    """Open a shop with the events of three visitors in the last two days."""
    clock = Clock()
    with open_pipeline(folder, clock) as pipeline, MartKeeper(folder / "mart.duckdb", pipeline.warehouse) as keeper:
        pipeline.put_batch(json.dumps(each, ensure_ascii=False).encode() for each in events(clock))
        assert pipeline.load().bad == 0
        keeper.refresh()
        app = make_app(keeper, ZoneInfo("Europe/Warsaw"), clock)
        app.raw_lines = RawLines(pipeline.store, pipeline.warehouse)
        yield LoadedShop(pipeline, keeper, app)
        app.close()


def events(clock: Clock) -> list[dict[str, Any]]:
    """Return two visits of ann, who signs in and buys, one of a bot, and one with hostile text."""
    yesterday = clock.now - timedelta(days=1)
    browser = {"clientId": "browser-1", "country": "DE"}
    user = {**browser, "userId": ANN}
    url = "https://shop.example/p/LAP-14"
    order = {"id": "o-1", "total": 1299, "currency": "EUR", "items": [{**PRODUCT, "price": 1299, "quantity": 1}]}
    bot = {"clientId": "crawler", "pageUrl": "https://shop.example/robots"}
    agent = {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    crawled = received(clock.now - timedelta(hours=2), **bot)
    return [
        received(yesterday, pageUrl="https://shop.example/?utm_source=news&utm_medium=email", **browser),
        received(yesterday + timedelta(seconds=30), eventName="product_view", pageUrl=url, product=PRODUCT, **user),
        received(clock.now - timedelta(hours=1), eventName="add_to_cart_click", pageUrl=url, product=PRODUCT, **user),
        received(clock.now - timedelta(minutes=55), eventName="checkout_complete", order=order, **user),
        {**crawled, "_ingest": {**crawled["_ingest"], **agent}},
        received(
            clock.now - timedelta(minutes=5),
            eventName=HOSTILE,
            pageUrl=f"https://shop.example/{LONG}",
            clientId=HOSTILE,
            properties={"note": HOSTILE, "long": LONG},
        ),
    ]
