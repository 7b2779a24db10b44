"""SSM's Parameter Store on loopback, by moto: the AWS API that the ETL function reads its secrets from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

KEYS = {"AWS_ACCESS_KEY_ID": "clickstream-tests", "AWS_SECRET_ACCESS_KEY": "made-up-for-tests-only"}


@dataclass
class ParameterStore:
    """A running service. endpoint: its URL."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which boto3 uses this service."""
        return {"AWS_ENDPOINT_URL_SSM": self.endpoint, "AWS_REGION": "us-east-1", **KEYS}

    def put(self, name: str, value: str, kind: str = "String") -> None:
        """Put a parameter, or change it."""
        self._client().put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)

    def delete(self, name: str) -> None:
        self._client().delete_parameter(Name=name)

    def _client(self) -> Any:
        keys = {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
        return boto3.client("ssm", endpoint_url=self.endpoint, region_name="us-east-1", **keys)


@contextmanager
def running_parameter_store() -> Iterator[ParameterStore]:
    """Run an empty store during the block."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield ParameterStore(f"http://{host}:{port}")
    finally:
        server.stop()
