"""The AWS account that a command works in: credentials, region, clients, and errors that a user can act on.

Credentials and region come from where every AWS tool reads them: environment, ~/.aws, single sign-on. Nothing here
stores or prints a credential.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clickstream.errors import CloudError

if TYPE_CHECKING:
    from boto3 import Session

INSTALL = "install the extra: pip install 'clickstream[aws]' (in a checkout, make synth installs it)"
_SIGN_IN = "sign in (aws sso login, or aws configure), then run this again"
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_INVALID = frozenset({"InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "UnrecognizedClientException"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account and a region. caller: the ARN whose rights apply."""

    session: Session
    id: str
    region: str
    caller: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of a service, in this region unless another one is given. Each is made once: that is slow."""
        from botocore.config import Config  # noqa: PLC0415 - see open_account

        retries = Config(retries={"mode": "standard", "max_attempts": 10})
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self.session.client(service, region_name=key[1], config=retries)
        return self._clients[key]

    def list(self, service: str, operation: str, key: str, **request: Any) -> Iterator[Any]:
        """Yield the items of all pages of an operation that AWS splits into pages."""
        for page in self.client(service).get_paginator(operation).paginate(**request):
            yield from page.get(key) or ()


def open_account(region: str | None = None) -> Account:
    """Return the account of the credentials at hand. Raises CloudError if they or the region are missing or refused."""
    doing = "signing in to AWS"
    try:
        import boto3  # noqa: PLC0415 - only the commands on AWS need it
    except ImportError:
        raise CloudError(doing, "the package boto3 is not installed", INSTALL) from None
    with aws_errors(doing):
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        if not session.region_name:
            raise CloudError(doing, "no region is set", "pass --region, or set AWS_REGION")
        if not _is_region(session, session.region_name):
            why = f"{session.region_name} is not a region that the installed boto3 knows"
            raise CloudError(doing, why, "check the name; for a new region, update boto3")
        if session.get_credentials() is None:
            raise CloudError(doing, "no credentials were found", _SIGN_IN)
        identity = session.client("sts").get_caller_identity()
    return Account(session, identity["Account"], session.region_name, identity["Arn"])


def _is_region(session: Session, name: str) -> bool:
    partitions = session.get_available_partitions()
    return any(name in session.get_available_regions("ec2", partition_name=each) for each in partitions)


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """Turn an error of AWS into a CloudError that states what failed, why, and what to do."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see open_account

    try:
        yield
    except ClientError as error:
        raise CloudError(doing, reason_of(error), _advice(error_code(error))) from error
    except BotoCoreError as error:
        kind = type(error).__name__
        advice = "check the network and the region, then run this again"
        if kind == "ProfileNotFound":
            advice = "check AWS_PROFILE and ~/.aws/config"
        elif "oken" in kind or "redential" in kind:
            advice = _SIGN_IN
        raise CloudError(doing, str(error), advice) from error


def error_code(error: Any) -> str:
    """Return the code of an error that AWS answered with."""
    return str(error.response.get("Error", {}).get("Code", ""))


def reason_of(error: Any) -> str:
    """Return what an error of AWS says, without the lines that boto3 adds."""
    facts = error.response.get("Error", {})
    return f"{error.operation_name}: {facts.get('Message') or facts.get('Code') or error}"


def _advice(code: str) -> str:
    if code in _EXPIRED or code in _INVALID:
        return _SIGN_IN
    if code in _REFUSED:
        return "use an identity that has this right, then run this again"
    if "Throttl" in code or code == "RequestLimitExceeded":
        return "AWS limits the rate of requests: wait a minute, then run this again"
    return "correct the cause, then run this again: finished steps are not repeated"
