"""The commands that many tests call, through the owner or on the open warehouse."""

from __future__ import annotations

from typing import Any

from clickstream.etl.run import PassResult
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ForgetRequest, ForgetResult
from clickstream.local.owner.loading import EtlRunRequest
from clickstream.local.owner.questions import CheckRequest, CheckResult, MartStatus, MartStatusRequest, QueryRequest
from clickstream.local.owner.registry import CHECK, ETL_RUN, FORGET, MART_STATUS, QUERY


def load(client: Client) -> PassResult:
    """Load everything that is new."""
    return client.call(ETL_RUN, EtlRunRequest())


def check(client: Client) -> CheckResult:
    """Return the ledger."""
    return client.call(CHECK, CheckRequest())


def mart_status(client: Client) -> MartStatus:
    """Examine the mart."""
    return client.call(MART_STATUS, MartStatusRequest())


def rows(client: Client, sql: str) -> list[list[Any]]:
    """Return the rows of a SELECT."""
    return client.call(QUERY, QueryRequest(sql)).rows


def forget(client: Client, request: ForgetRequest) -> ForgetResult:
    """Erase a person."""
    return client.call(FORGET, request)
