"""Every panel offers its answer as CSV and Parquet: all rows, as the metric returns them."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import duckdb
import pytest
import urllib3
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from clickstream.dashboard.app import Dashboards
from clickstream.mart.keeper import MartKeeper
from clickstream.metrics import catalog
from clickstream.metrics.catalog import METRICS
from clickstream.metrics.definition import Metric
from clickstream.metrics.files.address import answer_query
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Answer
from tests.conftest import Clock
from tests.dashboard.conftest import BrowserPage

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer

pytest_plugins = ["tests.dashboard.stage"]

DAYS = {"from": "2026-03-01", "to": "2026-03-11"}
FILES = "/sbw_dashboard/download"


@pytest.fixture
def origin(app_server: AppServer, shop_app: Dashboards) -> str:
    """The dashboards of the seeded shop, for requests without a browser."""
    app_server.app = Starlette(routes=[Mount("/sbw_dashboard", shop_app)])
    return app_server.origin


def ask(keeper: MartKeeper, metric: str, parameters: dict[str, Any]) -> Answer:
    return catalog.ask(keeper.mart, metric, question_from_text(metric, parameters, Clock()(), ZoneInfo("UTC")))


def parquet(data: bytes, folder: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    path = folder / "answer.parquet"
    path.write_bytes(data)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        relation = connection.read_parquet(str(path))
        return relation.columns, relation.fetchall()


@pytest.mark.slow
def test_every_panel_has_files_with_all_rows_of_its_metric(
    shop_page: BrowserPage, shop_keeper: MartKeeper, tmp_path: Path
) -> None:
    page = shop_page.page
    for name in ("overview", "acquisition", "products"):
        shop_page.open(f"?page={name}&from=2026-03-01&to=2026-03-11&country=DE")
        panels = page.locator(".page:not([hidden]) .panel")
        for number in range(panels.count()):
            panel = panels.nth(number)
            mark = panel.locator("[data-export]")
            expect(mark).to_have_count(1)
            metric, _, query = (mark.get_attribute("data-export") or "").partition("?")
            panel.locator(".chart-menu summary, .file-menu summary").click()
            with page.expect_download() as download:
                panel.get_by_role("button", name="Parquet").click()
            assert download.value.suggested_filename.endswith(".parquet")
            assert parse_qs(query)["limit"] == ["10000"]  # not only the rows shown
            answer = ask(shop_keeper, metric, parse_qs(query))
            assert answer.meta["filters"] == {"country": ["DE"]}
            names, rows = parquet(Path(download.value.path()).read_bytes(), tmp_path)
            assert names == [column.name for column in answer.columns]
            assert rows == answer.rows


def test_a_table_has_csv_with_rows_that_are_not_shown(shop_page: BrowserPage) -> None:
    shop_page.open("?from=2026-03-01&to=2026-03-11")
    panel = shop_page.page.locator(".panel", has=shop_page.page.locator("#overview-countries tbody"))
    panel.locator(".file-menu summary").click()
    with shop_page.page.expect_download() as download:
        panel.get_by_role("button", name="All rows as CSV").click()
    assert download.value.suggested_filename == "countries.csv"
    head, *rows = csv.reader(StringIO(Path(download.value.path()).read_text("utf-8")))
    assert head[:2] == ["value", "sessions"]
    assert [row[:2] for row in rows] == [["DE", "10"], ["PL", "10"]]


@pytest.mark.parametrize("metric", [name for name, found in METRICS.items() if isinstance(found, Metric)])
def test_the_address_of_an_answer_is_its_question(shop_keeper: MartKeeper, metric: str) -> None:
    definition = METRICS[metric]
    assert isinstance(definition, Metric)
    given: dict[str, Any] = {**DAYS, "tz": "Asia/Kathmandu", "country": ["DE,PL", "(none)"], "sample": "include"}
    if "country" in definition.refused:
        del given["country"], given["sample"]
    answer = ask(shop_keeper, metric, {**given, "limit": "10000"})
    again = ask(shop_keeper, metric, parse_qs(answer_query(answer)))
    assert (again.columns, again.rows) == (answer.columns, answer.rows)
    assert {**again.meta, "options": None} == {**answer.meta, "options": None}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=["no_browser", "own_page", "typed", "other_port", "other_site", "other_origin", "no_origin"],
)
def test_a_page_of_another_site_may_not_download(origin: str, headers: dict[str, str], status: int) -> None:
    response = urllib3.request("GET", f"{origin}{FILES}/overview.csv", headers=headers)
    assert response.status == status
    assert status == 200 or json.loads(response.data)["error"] == "forbidden_origin"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nothing.csv", 404, "unknown_metric"),
        ("overview.xlsx", 404, "not_found"),
        ("overview.csv?from=soon", 400, "invalid_range"),
        ("overview.csv?surprise=1", 400, "unknown_parameter"),
        ("overview.csv?from=2026-03-01&from=2026-03-02", 400, "invalid_option"),
        ("products.parquet?by=%00", 400, "invalid_option"),
    ],
)
def test_a_wrong_address_has_the_error_of_the_api(origin: str, path: str, status: int, code: str) -> None:
    response = urllib3.request("GET", f"{origin}{FILES}/{path}")
    body = json.loads(response.data)
    assert (response.status, body["success"], body["error"]) == (status, False, code)
