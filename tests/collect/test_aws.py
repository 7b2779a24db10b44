"""The collector as a Lambda function, run by the real runtime client against a real S3 server."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from clickstream.collect.aws import CollectFunction
from clickstream.raw.s3 import S3Store
from clickstream.settings import read_settings
from tests.collect.conftest import Client
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
def bucket(s3_store: S3Store) -> Client:
    return Client(0, s3_store)


def gateway_event(body: Any, method: str = "POST", **headers: str) -> dict[str, Any]:
    """An event as API Gateway sends it; bytes come in base64, as it does for types that it takes for binary."""
    is_binary = isinstance(body, bytes)
    named = {"content-type": "application/json", "user-agent": "test/1", "x-amzn-trace-id": "Root=1-2-3"}
    named |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "routeKey": "POST /clickstream",
        "rawPath": "/clickstream",
        "rawQueryString": "",
        "headers": named,
        "requestContext": {
            "apiId": "api1",
            "stage": "$default",
            "requestId": uuid4().hex[:16],
            "timeEpoch": int(time.time() * 1000),
            "http": {"method": method, "path": "/clickstream", "sourceIp": "203.0.113.9", "userAgent": "test/1"},
        },
        "body": base64.b64encode(body).decode() if is_binary else json.dumps(body),
        "isBase64Encoded": is_binary,
    }


def answer_of(function: LambdaRuntime, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = function.invoke(event)
    assert answer.error is None, answer.error
    return answer.result["statusCode"], json.loads(answer.result["body"] or "{}")


def test_events_are_in_the_bucket_when_the_answer_comes(function: LambdaRuntime, bucket: Client) -> None:
    event = gateway_event([GOOD, GOOD, {"a": 1}])
    status, body = answer_of(function, event)
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


def test_invocation_that_is_repeated_writes_the_same_object(function: LambdaRuntime, bucket: Client) -> None:
    event = gateway_event({"events": [GOOD, GOOD], "sentAt": 17})
    answers = [answer_of(function, event) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 200]
    assert len(bucket.objects()) == 1
    answer_of(function, gateway_event(GOOD))
    answer_of(function, gateway_event(GOOD))
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
        pytest.param(gateway_event("") | {"body": "\ud800"}, 400, "invalid_encoding", id="half a surrogate pair"),
        pytest.param(gateway_event(GOOD, "GET"), 405, "method_not_allowed", id="GET"),
        pytest.param(gateway_event(GOOD) | {"rawPath": "/other"}, 404, "not_found", id="other path"),
    ],
)
def test_the_contract_is_that_of_the_collector(
    function: LambdaRuntime, event: dict[str, Any], status: int, code: str | None
) -> None:
    found, body = answer_of(function, event)
    assert (found, body.get("error")) == (status, code)


def test_preflight_of_an_allowed_page(function: LambdaRuntime) -> None:
    answer = function.invoke(gateway_event("", "OPTIONS", Origin="https://shop.example")).result
    assert answer["statusCode"] == 204
    assert answer["headers"]["access-control-allow-origin"] == "https://shop.example"


def test_events_that_cannot_be_stored_leave_no_copy_of_what_was_refused_beside_them(tmp_path: Path) -> None:
    function = CollectFunction(lambda: read_settings(tmp_path))
    assert function(gateway_event([GOOD, {"a": 1}]), None)["statusCode"] == 200
    assert len(list(tmp_path.rglob("rejected-*"))) == 1
    shutil.rmtree(tmp_path / "raw" / "events")
    (tmp_path / "raw" / "events").write_text("no folder")
    assert function(gateway_event([GOOD, {"a": 1}]), None)["statusCode"] == 503
    assert len(list(tmp_path.rglob("rejected-*"))) == 1
