"""Three visitors of a shop, loaded by the real ETL: every number about them can be checked by hand.

Ada comes by email and orders on 20 January; she returns without a referrer and orders again on 5 March. Ben comes
from a search engine on 2 March and by email on 4 March, when he fills a cart and orders. Cleo fills a cart on 1 March,
begins the checkout, and leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext

from clickstream.dashboard.app import Dashboards, make_app
from clickstream.mart.keeper import MartKeeper
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage, open_page
from tests.etl.pipeline import open_pipeline, received

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer

SHOP = "https://shop.example/"
EMAIL = f"{SHOP}?utm_source=news&utm_medium=email"
LAMP = {"id": "LAMP", "name": "Desk lamp", "category": "lamps"}


def visit(client: str, at: datetime, url: str, *names: str, **fields: Any) -> list[dict[str, Any]]:
    """A page view, and the named events a minute apart. fields: of the page view."""
    view = received(at, eventName="page_view", clientId=client, pageUrl=url, **fields)
    return [
        view,
        *(
            received(at + timedelta(minutes=number), eventName=name, clientId=client, pageUrl=SHOP, product=LAMP)
            for number, name in enumerate(names, 1)
        ),
    ]


def order(client: str, at: datetime, name: str, total: int, **fields: Any) -> list[dict[str, Any]]:
    """An order 5 minutes after the start of a visit."""
    paid = {"id": name, "total": total, "currency": "EUR", **fields}
    moment = at + timedelta(minutes=5)
    return [received(moment, eventName="checkout_complete", clientId=client, pageUrl=SHOP, order=paid)]


def events() -> list[dict[str, Any]]:
    january, fifth = datetime(2026, 1, 20, 10, tzinfo=UTC), datetime(2026, 3, 5, 10, tzinfo=UTC)
    second, fourth = datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 4, 10, tzinfo=UTC)
    return [
        *visit("ada", january, EMAIL),
        *order("ada", january, "A1", 100, paymentMethod="card", coupon="WELCOME"),
        *visit("ada", fifth, SHOP),
        *order("ada", fifth, "A2", 50, paymentMethod="card"),
        *visit("ben", second, SHOP, referrer="https://www.google.com/"),
        *visit("ben", fourth, EMAIL, "add_to_cart_click"),
        *order("ben", fourth, "B1", 80, paymentMethod="paypal"),
        *visit("cleo", datetime(2026, 3, 1, 10, tzinfo=UTC), SHOP, "add_to_cart_click", "checkout_start"),
    ]


@pytest.fixture(scope="module")
def buyers_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboards]:
    """The dashboards of this shop on 10 March 2026, for tests that only read."""
    folder, clock = tmp_path_factory.mktemp("buyers"), Clock()
    with open_pipeline(folder, clock) as pipeline:
        pipeline.put_batch(events())
        assert pipeline.load().bad == 0
        with MartKeeper(folder / "mart.duckdb", pipeline.warehouse) as keeper:
            keeper.refresh()
            app = make_app(keeper, ZoneInfo("UTC"), clock)
            yield app
            app.close()


@pytest.fixture
def buyers_page(profile: BrowserContext, app_server: AppServer, buyers_app: Dashboards) -> Iterator[BrowserPage]:
    with open_page(profile, app_server, buyers_app) as opened:
        yield opened
