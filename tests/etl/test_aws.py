"""The ETL as a Lambda function, run by the real runtime client against a real S3 server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uuid_utils

from clickstream.etl.chunk import SHORT_CHUNK
from clickstream.etl.ledger import check
from clickstream.raw.keys import event_key
from clickstream.raw.s3 import S3Store
from clickstream.warehouse import open_warehouse
from tests.etl.pipeline import received
from tests.lambda_runtime import LambdaRuntime, running_function
from tests.postgres import Cluster
from tests.seaweed import Seaweed

HANDLER = "clickstream.etl.aws.handler"
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "duckdb":
        yield f"duckdb:///{tmp_path}/warehouse.duckdb"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    database = cluster.take()
    yield cluster.url(database)
    cluster.give_back(database)


@pytest.fixture
def environment(seaweed: Seaweed, s3_store: S3Store, warehouse_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        **seaweed.environment,
        "CLICKSTREAM_DATA": str(tmp_path / "data"),
        "CLICKSTREAM_RAW_URL": s3_store.location,
        "CLICKSTREAM_WAREHOUSE_URL": warehouse_url,
    }


@pytest.fixture
def function(environment: dict[str, str], tmp_path: Path) -> Iterator[LambdaRuntime]:
    with running_function(HANDLER, environment, tmp_path) as running:
        yield running


def put_events(store: S3Store, count: int = 1, ago: timedelta = timedelta(), **fields: Any) -> list[str]:
    moment = datetime.now(UTC) - ago
    nanoseconds = int(moment.timestamp() * 1e9)
    keys = sorted(event_key(UUID(int=uuid_utils.uuid7(nanoseconds=nanoseconds).int)) for _ in range(count))
    store.put([(key, json.dumps(received(moment, **fields)).encode()) for key in keys])
    return keys


def messages(store: S3Store, *keys: str) -> dict[str, Any]:
    """What SQS hands over for S3's notifications of those objects, one a message."""
    records = []
    for number, key in enumerate(keys):
        s3 = {"bucket": {"name": store.bucket.name}, "object": {"key": f"{store.bucket.prefix}/{key}", "size": 1}}
        body = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}
        records.append({"messageId": f"m{number}", "eventSource": "aws:sqs", "body": json.dumps(body)})
    return {"Records": records}


def test_schedule_loads_what_is_new_cold_and_warm(
    function: LambdaRuntime, s3_store: S3Store, warehouse_url: str
) -> None:
    put_events(s3_store, 3)
    put_events(s3_store, 2, ago=timedelta(days=2))
    first = function.invoke(SCHEDULE)
    assert first.error is None, first.error
    assert first.result == {"objects": 5, "lines": 5, "bad": 0, "load_id": 1, "is_finished": True, "pending": 0}
    assert function.invoke(SCHEDULE).result["objects"] == 0
    put_events(s3_store)
    assert function.invoke(SCHEDULE).result["objects"] == 1
    function.process.kill()
    function.process.wait()
    with open_warehouse(warehouse_url) as warehouse:
        ledger = check(warehouse, s3_store).as_json()
    assert ledger["balanced"]
    assert ledger["totals"]["loaded"] == 6


def test_messages_that_come_twice_load_once_and_are_not_sent_again(function: LambdaRuntime, s3_store: S3Store) -> None:
    event = messages(s3_store, *put_events(s3_store, 2))
    first = function.invoke(event).result
    assert (first["objects"], first["batchItemFailures"]) == (2, [])
    again = function.invoke(event).result
    assert (again["objects"], again["batchItemFailures"]) == (0, [])


def test_messages_that_are_not_notifications_are_ignored(function: LambdaRuntime, s3_store: S3Store) -> None:
    put_events(s3_store)
    bodies = ["no JSON", "{}", "[]", '{"Event": "s3:TestEvent"}', '{"Records": [{"s3": 1}]}']
    records = [{"messageId": body, "eventSource": "aws:sqs", "body": body} for body in bodies]
    answer = function.invoke({"Records": records})
    assert answer.result["objects"] == 1
    assert answer.result["batchItemFailures"] == []


@pytest.mark.parametrize("warehouse_url", ["duckdb"], indirect=True)
def test_when_time_is_up_the_messages_of_unloaded_objects_are_returned(
    function: LambdaRuntime, s3_store: S3Store
) -> None:
    keys = put_events(s3_store, 2, properties={"text": "x" * (SHORT_CHUNK.size_bytes // 2)})
    event = messages(s3_store, *keys)
    first = function.invoke(event, timeout_s=0.001).result  # it is up before the function has begun
    assert (first["objects"], first["is_finished"], first["pending"]) == (1, False, 1)
    assert first["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    second = function.invoke(event).result
    assert (second["objects"], second["is_finished"], second["batchItemFailures"]) == (1, True, [])


@pytest.mark.parametrize("warehouse_url", ["duckdb"], indirect=True)
def test_an_error_fails_the_invocation_and_the_next_one_opens_everything_again(
    function: LambdaRuntime, environment: dict[str, str], s3_store: S3Store, tmp_path: Path
) -> None:
    put_events(s3_store)
    with open_warehouse(environment["CLICKSTREAM_WAREHOUSE_URL"]):
        held = function.invoke(SCHEDULE)
    assert held.error is not None
    assert held.error["errorType"] == "WarehouseBusyError"
    again = function.invoke(SCHEDULE)
    assert again.error is None, again.error
    assert again.result["objects"] == 1


@pytest.mark.parametrize("warehouse_url", ["duckdb"], indirect=True)
def test_wrong_keys_fail_the_invocation_and_are_not_shown(environment: dict[str, str], tmp_path: Path) -> None:
    wrong = environment | {"AWS_SECRET_ACCESS_KEY": "wrong-and-secret"}
    with running_function(HANDLER, wrong, tmp_path) as function:
        answer = function.invoke(SCHEDULE)
        assert answer.error is not None
        assert "SignatureDoesNotMatch" in answer.error["errorMessage"]
        assert "secret" not in json.dumps(answer.error) + function.log()
