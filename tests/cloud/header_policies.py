"""CloudFront's header policies, which moto does not know: kept here, and served in place of AWS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from clickstream.cloud.account import Account


class HeaderPolicies:
    """Policies by id, with their names."""

    def __init__(self, account: Account) -> None:
        self.names: dict[str, str] = {}
        for operation in ("List", "Get", "Delete"):
            plural = "ies" if operation == "List" else "y"
            event = f"before-call.cloudfront.{operation}ResponseHeadersPolic{plural}"
            account.client("cloudfront").meta.events.register(event, getattr(self, operation.lower()))

    def list(self, **_: Any) -> Any:
        items = [
            {"ResponseHeadersPolicy": {"Id": key, "ResponseHeadersPolicyConfig": {"Name": name}}}
            for key, name in self.names.items()
        ]
        return SimpleNamespace(status_code=200), {"ResponseHeadersPolicyList": {"Items": items}}

    def get(self, **_: Any) -> Any:
        return SimpleNamespace(status_code=200), {"ETag": "1"}

    def delete(self, params: Any, **_: Any) -> Any:
        del self.names[params["url_path"].rsplit("/", 1)[-1]]
        return SimpleNamespace(status_code=204), {}
