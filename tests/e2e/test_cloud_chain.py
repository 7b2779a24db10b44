"""The whole chain as AWS runs it, once: an event at the collector's function, a visitor on the dashboard.

Real here: the packages of both functions under the runtime client of AWS, with nothing but their contents; an S3
server; PostgreSQL with the settings, roles and certificates of the instance; the dashboard as its unit starts it;
Chromium. SSM is moto's. Binaries are those for this machine: tests/cloud/test_packages_built.py compares the two.
"""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from clickstream.cloud import names
from clickstream.raw.s3 import S3Store
from tests.cloud.parameter_store import running_parameter_store
from tests.cloud.warehouse_server import WarehouseServer, running_warehouse
from tests.e2e.instance_dashboard import running_dashboard
from tests.gateway import gateway_event
from tests.lambda_runtime import LambdaRuntime, running_function
from tests.patience import wait_until
from tests.ports import free_port
from tests.seaweed import Seaweed

pytest_plugins = ["tests.cloud.packaged", "tests.dashboard.stage"]
pytestmark = pytest.mark.slow

VISITORS, PAGES = 7, 3
ORIGIN = "https://shop.example"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@dataclass
class Stack:
    """What is deployed: both functions, and the warehouse that the second fills."""

    collector: LambdaRuntime
    etl: LambdaRuntime
    warehouse: WarehouseServer
    dashboard: dict[str, str]
    """The settings of the dashboard on the instance."""


@pytest.fixture
def stack(functions_here: Path, seaweed: Seaweed, s3_store: S3Store, tmp_path: Path) -> Iterator[Stack]:
    bucket = {"AWS_ENDPOINT_URL_S3": seaweed.endpoint, "CLICKSTREAM_RAW_URL": s3_store.location}
    keys = {name: value for name, value in seaweed.environment.items() if name != "AWS_ENDPOINT_URL"}
    folders = [tmp_path / name for name in ("ingest", "etl")]
    for folder in folders:
        folder.mkdir()
    with running_warehouse() as warehouse, running_parameter_store() as parameters:
        parameters.put(names.WAREHOUSE_CA, warehouse.authority.read_text())
        parameters.put(names.ETL_PASSWORD, warehouse.etl_password, "SecureString")
        ingest = {**bucket, **keys, "CLICKSTREAM_DATA": f"{tmp_path}/ingest", "CLICKSTREAM_CORS_ORIGINS": ORIGIN}
        load = {**bucket, **keys, "CLICKSTREAM_DATA": f"{tmp_path}/etl/data"}
        load |= {
            "AWS_ENDPOINT_URL_SSM": parameters.endpoint,
            "CLICKSTREAM_WAREHOUSE_HOST": warehouse.address,
        }
        handlers = ("clickstream.collect.aws.handler", "clickstream.cloud.etl_handler.handler")
        with (
            running_function(handlers[0], ingest, folders[0], functions_here / "ingest") as collector,
            running_function(handlers[1], load, folders[1], functions_here / "etl") as etl,
        ):
            yield Stack(collector, etl, warehouse, bucket | keys)


def result_of(function: LambdaRuntime, event: Any) -> Any:
    outcome = function.invoke(event)
    assert outcome.error is None, outcome.error
    return outcome.result


def visit(number: int) -> dict[str, Any]:
    """Return the request of a tracker: one visitor looks at some pages."""
    pages = [f"https://shop.example/p/{page}" for page in range(PAGES)]
    events = [{"eventName": "page_view", "clientId": f"visitor-{number}", "pageUrl": page} for page in pages]
    return gateway_event({"events": events}, Origin=ORIGIN)


def test_visitors_sent_to_the_collector_are_on_the_dashboard(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    send_visits(stack.collector)
    load(stack)
    port = free_port()
    with running_dashboard(stack.warehouse, stack.dashboard, port, tmp_path) as process:
        log = (tmp_path / "dashboard.log").read_text
        wait_until(lambda: process.poll() is not None or is_up(port), "dashboard", log)
        assert process.poll() is None, log()
        with pytest.raises(ConnectionRefusedError):  # a server on all addresses would accept it
            socket.create_connection(("127.0.0.2", port), timeout=10)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/sbw_dashboard/")
        expect(page.locator("#overview-card_visitors .value")).to_have_text(str(VISITORS))
        expect(page.locator("#overview-card_page_views .value")).to_have_text(str(VISITORS * PAGES))
        page.close()
        send_visits(stack.collector, first=VISITORS, count=1)
        assert result_of(stack.etl, SCHEDULE)["lines"] == PAGES
        again = browser.new_page()
        again.goto(f"http://127.0.0.1:{port}/sbw_dashboard/")
        expect(again.locator("#overview-card_visitors .value")).to_have_text(str(VISITORS + 1))
        again.close()


def send_visits(collector: LambdaRuntime, first: int = 0, count: int = VISITORS) -> None:
    for number in range(first, first + count):
        response = result_of(collector, visit(number))
        assert response["statusCode"] == 200, response
        assert json.loads(response["body"])["accepted"] == PAGES
        assert response["headers"]["access-control-allow-origin"] == ORIGIN


def load(stack: Stack) -> None:
    """Run a pass, and check the rows that it wrote, its metrics, and that a second pass finds nothing."""
    expected = VISITORS * PAGES
    result = result_of(stack.etl, SCHEDULE)
    assert (result["objects"], result["lines"], result["bad"], result["pending"]) == (VISITORS, expected, 0, 0)
    assert result_of(stack.etl, SCHEDULE)["lines"] == 0
    assert int(stack.warehouse.sql("select count(*) from clickstream_events")) == expected
    assert int(stack.warehouse.sql("select count(distinct client_id) from clickstream_events")) == VISITORS
    metrics = [json.loads(line) for line in stack.etl.log().splitlines() if line.startswith('{"_aws"')]
    assert [line["Loaded"] for line in metrics] == [expected, 0]
    assert stack.warehouse.etl_password not in stack.etl.log()


def is_up(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as response:
        return bool(response.status == 200)
    return False
