"""The ETL function of the stack: `clickstream.etl.aws` with the warehouse's password and certificate from SSM.

In: an EventBridge event or SQS messages; the environment: CLICKSTREAM_WAREHOUSE_HOST, the address of the warehouse
(with its port unless it is 5432), and the settings of the ETL, without CLICKSTREAM_WAREHOUSE_URL. Out: the result of
the pass, and on stdout one line in CloudWatch's embedded metric format: CloudWatch makes the metrics from it, without
a call of its API.
Guarantee: the password is in the memory of the process alone; no log line and no error contains it. An error closes
everything, and the next invocation reads both parameters again, so that a changed password needs no new deployment.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clickstream.cloud import names
from clickstream.errors import CloudError, SettingsError
from clickstream.etl.aws import Context, EtlFunction
from clickstream.settings import Settings, read_settings

HOST = "CLICKSTREAM_WAREHOUSE_HOST"
CA_PARAMETER = "CLICKSTREAM_WAREHOUSE_CA_PARAMETER"
PASSWORD_PARAMETER = "CLICKSTREAM_WAREHOUSE_PASSWORD_PARAMETER"  # noqa: S105 - a name
"""Names of the parameters in SSM, for a stack whose names differ from those in `names`."""
USER = "etl"
NAMESPACE = "Clickstream"
UNITS = {"EtlPasses": "Count", "Loaded": "Count", "Pending": "Count", "DatabaseBytes": "Bytes"}
_CALLS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})


class Parameters(Protocol):
    """The part of boto3's SSM client that is used here."""

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> Mapping[str, Any]: ...  # noqa: N803


class WarehouseEtl:
    """The function. An execution environment keeps its connections until an error closes them."""

    def __init__(self) -> None:
        self._function = EtlFunction(read_cloud_settings)

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Run one pass and print its metrics. Raises what the pass raises, SettingsError and CloudError."""
        try:
            result = self._function(event, context)
            line = metrics_line(result, self._function.database_size_bytes(), time.time_ns() // 1_000_000)
        except BaseException:
            self._function.close()
            self._function = EtlFunction(read_cloud_settings)
            raise
        print(line, flush=True)
        return result


def read_cloud_settings() -> Settings:
    """Read the settings; the address of the warehouse is completed by what SSM keeps.

    The password goes to libpq as PGPASSWORD, so that no URL contains it.
    """
    host = os.environ.get(HOST)
    if not host:
        raise SettingsError([f"{HOST}: expected the address of the warehouse, got nothing"])
    client: Parameters = boto3.client("ssm", config=_CALLS)
    authority = _authority_file(_read(client, os.environ.get(CA_PARAMETER) or names.WAREHOUSE_CA))
    os.environ["PGPASSWORD"] = _read(client, os.environ.get(PASSWORD_PARAMETER) or names.ETL_PASSWORD)
    address = f"postgresql://{USER}@{host}/{names.WAREHOUSE_DATABASE}"
    os.environ["CLICKSTREAM_WAREHOUSE_URL"] = f"{address}?sslmode=verify-full&sslrootcert={quote(str(authority))}"
    return read_settings()


def metrics_line(result: Mapping[str, Any], database_bytes: int, now_ms: int) -> str:
    """Return the metrics of a pass as one line in the embedded metric format."""
    values = {
        "EtlPasses": 1,
        "Loaded": result["lines"],
        "Pending": result["pending"],
        "DatabaseBytes": database_bytes,
    }
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": metrics}
    return json.dumps({"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}, **values})


def _read(client: Parameters, name: str) -> str:
    """Return the value of a parameter. Raises CloudError, which names the parameter and never its value."""
    try:
        return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        advice = "check that the warehouse instance has finished its set-up, and the rights of the function's role"
        raise CloudError(f"reading the parameter {name} from SSM", code, advice) from None


def _authority_file(certificate: str) -> Path:
    """Write the certificate where libpq can read it; return the file."""
    path = Path(tempfile.gettempdir()) / "warehouse-ca.pem"
    path.write_text(certificate, encoding="ascii")
    return path


handler = WarehouseEtl()
