"""Events as API Gateway sends them to a Lambda function."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from uuid import uuid4


def gateway_event(body: Any, method: str = "POST", **headers: str) -> dict[str, Any]:
    """Return a request in payload format 2.0; a body of bytes is in base64, as for binary media types."""
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
