"""An AWS account inside the test process (moto), and what moto lacks: Amplify, as a server, and header policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clickstream.cloud.account import Account, open_account
from tests.cloud.amplify import Amplify, running_amplify
from tests.cloud.header_policies import HeaderPolicies


@pytest.fixture
def amplify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amplify]:
    with running_amplify() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_AMPLIFY", server.url)
        yield server


@pytest.fixture
def account(amplify: Amplify, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account in us-east-1. No request leaves this machine."""
    from moto import mock_aws

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        opened = open_account("us-east-1")
        amplify.header_policies = HeaderPolicies(opened).names
        yield opened
