"""The collector as a Lambda function: run by the real runtime client with a real S3 server, or in this process."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clickstream.collect.aws import CollectFunction
from clickstream.raw.s3 import S3Store
from clickstream.raw.store import LocalStore
from clickstream.settings import read_settings
from tests.collect.conftest import Client
from tests.gateway import gateway_event
from tests.lambda_runtime import LambdaRuntime, running_function
from tests.seaweed import Seaweed

HANDLER = "clickstream.collect.aws.handler"
GOOD = {"eventName": "page_view", "clientId": "c"}


@pytest.fixture
def function(seaweed: Seaweed, s3_store: S3Store, tmp_path: Path) -> Iterator[LambdaRuntime]:
    settings = {"CLICKSTREAM_RAW_URL": s3_store.location, "CLICKSTREAM_CORS_ORIGINS": "https://shop.example"}
    with running_function(HANDLER, {**seaweed.environment, **settings}, tmp_path) as running:
        yield running


@pytest.fixture
def in_process(tmp_path: Path) -> CollectFunction:
    """The function without the runtime, with a folder as its store."""
    return CollectFunction(lambda: read_settings(tmp_path))


@pytest.fixture
def bucket(s3_store: S3Store) -> Client:
    return Client(0, s3_store)


def response_to(function: LambdaRuntime, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    invocation = function.invoke(event)
    assert invocation.error is None, invocation.error
    return invocation.result["statusCode"], json.loads(invocation.result["body"] or "{}")


def test_events_are_in_the_bucket_before_the_response(function: LambdaRuntime, bucket: Client) -> None:
    event = gateway_event([GOOD, GOOD, {"a": 1}])
    status, body = response_to(function, event)
    assert (status, body["accepted"], body["rejected"][0]["error"]) == (200, 2, "missing_name")
    stored = bucket.stored()
    assert len({event["eventId"] for event in stored}) == 2
    ingest = stored[0]["_ingest"]
    assert ingest.pop("receivedAt").startswith("20")
    assert ingest == {
        "sourceIp": "203.0.113.0",
        "userAgent": "test/1",
        "method": "POST",
        "path": "/clickstream",
        "requestId": event["requestContext"]["requestId"],
        "apiId": "api1",
        "stage": "$default",
        "traceId": "Root=1-2-3",
    }
    (name,) = bucket.objects()
    assert UUID(name.split("batch-")[1][:36]).int >> 80 == event["requestContext"]["timeEpoch"]


def test_repeated_invocation_writes_the_same_object(function: LambdaRuntime, bucket: Client) -> None:
    event = gateway_event({"events": [GOOD, GOOD], "sentAt": 17})
    responses = [response_to(function, event) for _ in range(3)]
    assert [status for status, _ in responses] == [200, 200, 200]
    assert len(bucket.objects()) == 1
    response_to(function, gateway_event(GOOD))
    response_to(function, gateway_event(GOOD))
    assert len(bucket.objects()) == 3


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        pytest.param(
            gateway_event(gzip.compress(json.dumps(GOOD).encode()), Content_Encoding="gzip"), 200, None, id="gz"
        ),
        pytest.param(gateway_event(b"\xff"), 400, "invalid_encoding", id="not UTF-8"),
        pytest.param(gateway_event("x") | {"body": None}, 400, "empty_body", id="no body"),
        pytest.param(gateway_event(b"") | {"body": "%%%"}, 400, "invalid_encoding", id="broken base64"),
        pytest.param(gateway_event(b"[" * 2_000_000), 413, "body_too_large", id="too large"),
        pytest.param(gateway_event(GOOD, Content_Type="text/html"), 415, "unsupported_media_type", id="HTML"),
        pytest.param(gateway_event(GOOD, X_Odd="\ud800", User_Agent="\ud800"), 200, None, id="odd headers"),
        pytest.param(
            gateway_event("") | {"body": "\ud800"}, 400, "invalid_json", id="half of a surrogate pair as the body"
        ),
        pytest.param(
            gateway_event("") | {"body": '{"eventName": "\ud800"}'}, 200, None, id="half of a surrogate pair in a value"
        ),
        pytest.param(gateway_event(GOOD, "GET"), 405, "method_not_allowed", id="GET"),
        pytest.param(gateway_event(GOOD) | {"rawPath": "/other"}, 404, "not_found", id="other path"),
    ],
)
def test_responses_follow_the_contract_of_the_collector(
    in_process: CollectFunction, event: dict[str, Any], status: int, code: str | None
) -> None:
    response = in_process(event, None)
    assert (response["statusCode"], json.loads(response["body"]).get("error")) == (status, code)


def test_preflight_from_an_allowed_origin(in_process: CollectFunction) -> None:
    response = in_process(gateway_event("", "OPTIONS", Origin="http://localhost:3000"), None)
    assert response["statusCode"] == 204
    assert response["headers"]["access-control-allow-origin"] == "http://localhost:3000"


def test_request_that_cannot_be_stored_writes_no_excerpt_of_its_rejected_events(tmp_path: Path) -> None:
    function = CollectFunction(lambda: read_settings(tmp_path))
    assert function(gateway_event([GOOD, {"a": 1}]), None)["statusCode"] == 200
    assert len(list(tmp_path.rglob("rejected-*"))) == 1
    shutil.rmtree(tmp_path / "raw" / "events")
    (tmp_path / "raw" / "events").write_text("a file where the folder was")
    assert function(gateway_event([GOOD, {"a": 1}]), None)["statusCode"] == 503
    assert len(list(tmp_path.rglob("rejected-*"))) == 1


def rest_event(body: str, **changes: Any) -> dict[str, Any]:
    """Return an event of a REST API (payload format 1.0)."""
    return {
        "version": "1.0",
        "resource": "/{proxy+}",
        "path": "/clickstream",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "User-Agent": "test/1"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "User-Agent": ["test/1"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "apiId": "api1",
            "stage": "prod",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1_773_144_000_000,
            "httpMethod": "POST",
            "path": "/prod/clickstream",
            "identity": {"sourceIp": "203.0.113.9", "userAgent": "test/1"},
        },
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


def stored_in(folder: Path) -> list[dict[str, Any]]:
    return Client(0, LocalStore(folder / "raw")).stored()


def test_payload_1_0_stores_the_same_facts_and_repeats_its_names(in_process: CollectFunction, tmp_path: Path) -> None:
    for _ in range(2):
        assert in_process(rest_event(json.dumps(GOOD)), None)["statusCode"] == 200
    (stored,) = stored_in(tmp_path)
    assert UUID(stored["eventId"]).int >> 80 == 1_773_144_000_000
    assert stored["_ingest"] == {
        "receivedAt": "2026-03-10T12:00:00.000000Z",
        "sourceIp": "203.0.113.0",
        "userAgent": "test/1",
        "method": "POST",
        "path": "/clickstream",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "apiId": "api1",
        "stage": "prod",
    }


NO_CONTEXT = {"rawPath": "/clickstream", "httpMethod": "POST", "body": '{"eventName":"x"}'}
ODD_EVENTS = [
    pytest.param(rest_event('{"eventName":"x"}', headers=None, multiValueHeaders=None), 200, id="1.0, null headers"),
    pytest.param(rest_event('{"eventName":"x"}', headers=None), 200, id="1.0, headers in lists only"),
    pytest.param(rest_event('{"eventName":"x"}', path="/events/clickstream"), 200, id="1.0, custom domain"),
    pytest.param(rest_event('{"eventName":"x"}', path="/clickstream/"), 200, id="1.0, trailing slash"),
    pytest.param(rest_event('{"eventName":"x"}', path="/clickstreams"), 404, id="1.0, another path"),
    pytest.param(rest_event('{"eventName":"x"}', requestContext=None), 200, id="1.0, null context"),
    pytest.param(rest_event("", httpMethod="GET", path="/v1/health"), 200, id="1.0, health behind a prefix"),
    pytest.param(gateway_event(GOOD) | {"headers": None}, 200, id="2.0, null headers"),
    pytest.param(gateway_event(GOOD) | {"headers": {"a": None, "b": 5, "c": ["d"]}}, 200, id="2.0, odd header values"),
    pytest.param(gateway_event(GOOD) | {"rawPath": "/prod/clickstream"}, 200, id="2.0, stage"),
    pytest.param(gateway_event(GOOD) | {"rawPath": "/events/v1/clickstream"}, 200, id="2.0, custom domain"),
    pytest.param(gateway_event(GOOD) | {"rawQueryString": None}, 200, id="2.0, null query"),
    pytest.param(gateway_event(GOOD) | {"body": {"eventName": "x"}}, 400, id="2.0, body that is not a text"),
    pytest.param(NO_CONTEXT, 200, id="no context"),
    pytest.param(NO_CONTEXT | {"requestContext": {"timeEpoch": "now", "requestId": 5}}, 200, id="odd context"),
    pytest.param(NO_CONTEXT | {"requestContext": {"timeEpoch": -1, "requestId": 'a"\ud800'}}, 200, id="odd request id"),
    pytest.param(NO_CONTEXT | {"requestContext": {"http": {"sourceIp": 5, "method": None}}}, 200, id="odd http"),
    pytest.param(NO_CONTEXT | {"headers": {"x-forwarded-for": "\u0416", "\ud800": "\ud800"}}, 200, id="odd names"),
    pytest.param({"key1": "value1"}, 400, id="the console's test event"),
    pytest.param({"source": "aws.events", "detail-type": "Scheduled Event"}, 400, id="a schedule"),
    pytest.param([], 400, id="an array"),
    pytest.param(None, 400, id="null"),
]


@pytest.mark.parametrize(("event", "status"), ODD_EVENTS)
def test_odd_event_gets_a_response(in_process: CollectFunction, tmp_path: Path, event: Any, status: int) -> None:
    response = in_process(event, None)
    assert response["statusCode"] == status, response["body"]
    assert all(isinstance(value, str) for value in response["headers"].values())
    is_post = "eventName" in json.dumps(event)
    assert len(stored_in(tmp_path)) == (status == 200 and is_post)
    if status == 400:
        assert json.loads(response["body"])["error"] in ("invalid_request", "empty_body")


def test_write_key_in_the_query_is_read_in_both_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_WRITE_KEYS", "first-key-0123456789")
    function = CollectFunction(lambda: read_settings(tmp_path))
    keyed = {"queryStringParameters": {"writeKey": "first-key-0123456789", "a": None}}
    assert function(rest_event(json.dumps(GOOD)), None)["statusCode"] == 401
    assert function(rest_event(json.dumps(GOOD), **keyed), None)["statusCode"] == 200
    key = {"rawQueryString": "a=1&writeKey=first-key-0123456789"}
    assert function(gateway_event(GOOD) | key, None)["statusCode"] == 200


def test_runtime_delivers_an_odd_event(function: LambdaRuntime, bucket: Client) -> None:
    event = gateway_event(GOOD, X_Odd="\ud800", User_Agent="\ud800")
    assert response_to(function, event)[0] == 200
    assert response_to(function, rest_event(json.dumps(GOOD), headers=None))[0] == 200
    assert len(bucket.stored()) == 2
