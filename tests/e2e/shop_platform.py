"""The whole platform with its shop, as `clickstream up` starts it, and a visitor in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, Route, expect

from clickstream.local.postgres import find_local
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client
from tests.e2e.axe import violations
from tests.e2e.platform import Platform
from tests.patience import wait_until
from tests.ports import free_port

BUILD_S = 900.0
CAMPAIGN = "?utm_source=newsletter&utm_medium=email&utm_campaign=spring"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Headless Chromium names itself a bot."""


class ShopPlatform:
    """A running platform with its shop, on free ports."""

    def __init__(self, folder: Path) -> None:
        self.shop_port, self.sign_in_port = free_port(), free_port()
        self.platform = Platform(folder / "data")
        self.origin = f"http://localhost:{self.shop_port}"
        ports = ["--collector-port", self.platform.collector_port, "--dashboard-port", self.platform.dashboard_port]
        ports += ["--shop-port", self.shop_port, "--sign-in-port", self.sign_in_port, "--web-db-port", free_port()]
        self.process: subprocess.Popen[bytes] = self.platform.start("up", "--no-sample", *map(str, ports))
        self.wait_for_shop()
        self.platform.wait_for(f"http://127.0.0.1:{self.sign_in_port}/health", self.process)

    def wait_for_shop(self) -> None:
        self.platform.wait_for(f"http://127.0.0.1:{self.shop_port}/api/health", self.process, BUILD_S)

    def database_url(self) -> str:
        found = find_local(self.platform.data)
        assert found is not None
        return found.url

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """Return rows of the shop's database."""
        with psycopg.connect(self.database_url(), autocommit=True) as connection:
            return connection.execute(sql.encode(), params or None).fetchall()

    def query(self, sql: str) -> list[list[Any]]:
        """Return rows of the warehouse."""
        rows: list[list[Any]] = self.platform.json("query", sql)["rows"]
        return rows

    def wait_for_event(self, name: str, order: str) -> None:
        sql = f"select count(*) from clickstream_events where event_name = '{name}' and order_id = '{order}'"
        wait_until(lambda: self.query(sql) != [[0]], f"{name} of {order}")

    def stored_events(self) -> list[dict[str, Any]]:
        """Return what the collector stored."""
        return Client(0, LocalStore(self.platform.data / "raw")).stored()


@contextmanager
def running_shop() -> Iterator[ShopPlatform]:
    """Run the platform in a folder that every user can reach: root starts PostgreSQL as another user."""
    folder = Path(tempfile.mkdtemp(prefix="clickstream-shop-"))
    folder.chmod(0o755)
    shop = ShopPlatform(folder)
    try:
        yield shop
    finally:
        shop.platform.close()
        shutil.rmtree(folder)


class Visitor:
    """A person in a browser. is_blocking: the browser blocks the collector, as an extension does."""

    def __init__(self, browser: Browser, shop: ShopPlatform, *, is_blocking: bool = False) -> None:
        self.shop = shop
        self.context = browser.new_context(user_agent=FIREFOX, locale="en-GB", reduced_motion="reduce")
        self.context.set_default_timeout(60_000)
        if is_blocking:
            self.context.route(f"{shop.platform.collector_url}/**", _abort)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def open(self, path: str) -> None:
        self.page.goto(self.shop.origin + path)
        self.judge()

    def judge(self) -> None:
        """Note what excludes people from the page on screen, and whether it is wider than the screen of a phone."""
        self.problems += [f"{self.page.url}: {each}" for each in violations(self.page)]
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": 360, "height": 800})
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            self.problems.append(f"{self.page.url}: {width} px wide on a screen of 360 px")
        assert size is not None
        self.page.set_viewport_size(size)

    def land(self, path: str = "/") -> None:
        """Open the first page and accept measurement."""
        self.open(path)
        self.page.get_by_role("button", name="Accept").click()
        expect(self.page.get_by_role("button", name="Accept")).to_have_count(0)

    def add(self, product: str) -> None:
        self.open(f"/products/{product}")
        self.page.get_by_role("button", name="Add to cart").click()
        self.page.get_by_text("In your cart").wait_for()

    def sign_up(self, name: str, email: str, password: str) -> None:
        """Create an account at the sign-in provider, and return to the shop signed in."""
        self.open("/sign-in?return=/account")
        self.page.get_by_role("link", name="Sign in or create an account").click()
        self.page.get_by_role("link", name="Create an account").click()
        self.judge()
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("E-mail").fill(email)
        self.page.locator("input[type=password]").first.fill(password)
        self.page.get_by_role("button", name="Create account").click()
        self.page.wait_for_url("**/account")

    def order(self, email: str | None, name: str = "Ada Example") -> str:
        """Check out what is in the cart, paid on delivery; return the number of the order."""
        self.open("/checkout")
        page = self.page
        if email is not None:
            page.get_by_label("E-mail").fill(email)
        page.get_by_label("Full name").fill(name)
        page.get_by_label("Street and number").fill("12 Long Street")
        page.get_by_label("Postal code").fill("1010")
        page.get_by_label("City").fill("Vienna")
        page.get_by_label("Country").select_option("AT")
        page.get_by_text("Pay on delivery").first.click()
        page.get_by_role("button", name=re.compile("Place order")).first.click()
        page.wait_for_url("**/confirmation")
        self.judge()
        number = re.search(r"CS-\d+", page.url)
        assert number is not None
        return number[0]


def _abort(route: Route) -> None:
    route.abort()
