"""The ETL function of the stack: secrets from SSM, TLS to the warehouse, metrics in its log, and nothing secret there.

The real runtime client runs it; S3 and PostgreSQL are real, SSM is moto's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uuid_utils

from clickstream.cloud import names
from clickstream.raw.keys import event_key
from clickstream.raw.s3 import S3Store
from tests.cloud.parameter_store import ParameterStore, running_parameter_store
from tests.cloud.warehouse_server import WarehouseServer, make_certificates, running_warehouse
from tests.etl.pipeline import received
from tests.lambda_runtime import LambdaRuntime, running_function
from tests.seaweed import Seaweed

pytestmark = pytest.mark.slow

HANDLER = "clickstream.cloud.etl_handler.handler"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@pytest.fixture(scope="module")
def warehouse_server() -> Iterator[WarehouseServer]:
    with running_warehouse() as server:
        yield server


@pytest.fixture(scope="module")
def service() -> Iterator[ParameterStore]:
    with running_parameter_store() as running:
        yield running


@pytest.fixture
def parameters(service: ParameterStore, warehouse_server: WarehouseServer) -> ParameterStore:
    """The store as the instance fills it."""
    service.put(names.WAREHOUSE_CA, warehouse_server.authority.read_text())
    service.put(names.ETL_PASSWORD, warehouse_server.etl_password, "SecureString")
    return service


@pytest.fixture
def environment(
    seaweed: Seaweed, s3_store: S3Store, parameters: ParameterStore, warehouse_server: WarehouseServer, tmp_path: Path
) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": seaweed.endpoint,
        **parameters.environment,
        "CLICKSTREAM_DATA": str(tmp_path / "data"),
        "CLICKSTREAM_RAW_URL": s3_store.location,
        "CLICKSTREAM_WAREHOUSE_HOST": warehouse_server.address,
    }


@pytest.fixture
def function(environment: dict[str, str], tmp_path: Path) -> Iterator[LambdaRuntime]:
    with running_function(HANDLER, environment, tmp_path) as running:
        yield running


def put_event(store: S3Store) -> None:
    now = datetime.now(UTC)
    store.put([(event_key(UUID(int=uuid_utils.uuid7().int)), json.dumps(received(now)).encode())])


def metrics(function: LambdaRuntime) -> list[dict[str, Any]]:
    return [json.loads(line) for line in function.log().splitlines() if line.startswith('{"_aws"')]


def error_of(function: LambdaRuntime) -> dict[str, Any]:
    outcome = function.invoke(SCHEDULE)
    assert outcome.error is not None, outcome.result
    return outcome.error


def test_pass_loads_and_reports_metrics(
    function: LambdaRuntime, s3_store: S3Store, warehouse_server: WarehouseServer
) -> None:
    put_event(s3_store)
    first = function.invoke(SCHEDULE)
    assert first.error is None, first.error
    assert (first.result["lines"], first.result["pending"]) == (1, 0)
    assert function.invoke(SCHEDULE).result["lines"] == 0
    assert int(warehouse_server.sql("select count(*) from clickstream_events")) == 1
    lines = metrics(function)
    assert [(line["EtlPasses"], line["Loaded"], line["Pending"]) for line in lines] == [(1, 1, 0), (1, 0, 0)]
    size = int(warehouse_server.sql("select pg_database_size(current_database())"))
    assert abs(lines[-1]["DatabaseBytes"] - size) < 2**20
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Clickstream"
    assert {metric["Name"] for metric in directive["Metrics"]} == lines[0].keys() - {"_aws"}
    assert abs(lines[0]["_aws"]["Timestamp"] / 1000 - datetime.now(UTC).timestamp()) < 600


def test_password_that_was_changed_is_read_again_after_one_failed_pass(
    function: LambdaRuntime, parameters: ParameterStore, warehouse_server: WarehouseServer
) -> None:
    old = warehouse_server.etl_password
    assert function.invoke(SCHEDULE).error is None
    warehouse_server.set_password("another-password-that-is-long")
    warehouse_server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'etl'")
    failed = error_of(function)
    assert failed["errorType"] == "WarehouseError"
    refused = error_of(function)
    assert "password authentication failed" in refused["errorMessage"]
    parameters.put(names.ETL_PASSWORD, warehouse_server.etl_password, "SecureString")
    assert function.invoke(SCHEDULE).error is None
    seen = function.log() + json.dumps([failed, refused])
    assert old not in seen
    assert warehouse_server.etl_password not in seen


def test_parameter_that_is_not_there_yet_is_named(function: LambdaRuntime, parameters: ParameterStore) -> None:
    parameters.delete(names.ETL_PASSWORD)
    error = error_of(function)
    assert error["errorType"] == "CloudError"
    assert error["errorMessage"] == f"reading the parameter {names.ETL_PASSWORD} from SSM: ParameterNotFound"
    assert metrics(function) == []


def test_server_that_another_authority_certified_is_refused(
    function: LambdaRuntime, parameters: ParameterStore, tmp_path: Path
) -> None:
    parameters.put(names.WAREHOUSE_CA, make_certificates(tmp_path / "other").read_text())
    error = error_of(function)
    assert "certificate verify failed" in error["errorMessage"]


def test_without_an_address_the_setting_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["CLICKSTREAM_WAREHOUSE_HOST"]
    with running_function(HANDLER, environment, tmp_path) as function:
        error = error_of(function)
    assert error["errorType"] == "SettingsError"
    assert "CLICKSTREAM_WAREHOUSE_HOST: expected the address of the warehouse" in error["errorMessage"]


def test_parameters_of_other_names_are_read_when_the_environment_names_them(
    environment: dict[str, str], parameters: ParameterStore, warehouse_server: WarehouseServer, tmp_path: Path
) -> None:
    parameters.put("/other/ca", warehouse_server.authority.read_text())
    parameters.put("/other/password", warehouse_server.etl_password, "SecureString")
    parameters.delete(names.WAREHOUSE_CA)
    parameters.delete(names.ETL_PASSWORD)
    environment["CLICKSTREAM_WAREHOUSE_CA_PARAMETER"] = "/other/ca"
    environment["CLICKSTREAM_WAREHOUSE_PASSWORD_PARAMETER"] = "/other/password"
    with running_function(HANDLER, environment, tmp_path) as function:
        assert function.invoke(SCHEDULE).error is None
