"""The policies of the ingest and ETL roles, as synthesized, enforced by moto's IAM: what is not allowed is denied.

moto checks resources for S3, SQS, IAM and STS only. It checks neither conditions, nor the source of a copy, nor the
policies of buckets; test_roles.py compares the statements with what they must be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from tests.infra.template import Template

pytestmark = pytest.mark.slow

REGION = "eu-central-1"
ACCOUNT = "123456789012"
RAW = f"clickstream-s3-ingest-{ACCOUNT}-{REGION}"
OTHER = "clickstream-s3-ingest-of-another"
EVENT = "events/2026/03/10/event-0195f3c5-1f00-7000-8000-000000000001.json"
REFUSED = "rejected/2026/03/10/0195f3c5-1f00-7000-8000-000000000001.json"
DUMP = "dumps/warehouse/2026-03-10.dump"
QUEUE = "dead-letters"
DENIED = {"AccessDenied", "403", "AccessDeniedException"}

Call = Callable[[Callable[[str], Any]], object]
"""A call; it gets a function from a service's name to a client with the credentials of the role."""


def s3(operation: str, **parameters: Any) -> Call:
    return lambda client: getattr(client("s3"), operation)(**{"Bucket": RAW, **parameters})


def of(service: str, operation: str, **parameters: Any) -> Call:
    return lambda client: getattr(client(service), operation)(**parameters)


def send(queue: str) -> Call:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}"
    return of("sqs", "send_message", QueueUrl=url, MessageBody="x")


COPY = {"CopySource": {"Bucket": RAW, "Key": EVENT}, "Key": "events/copy.json"}
ACCESS = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False}}
FOR_NEITHER: dict[str, Call] = {
    "delete an event": s3("delete_object", Key=EVENT),
    "delete a version": s3("delete_object", Key=EVENT, VersionId="null"),
    "delete many": s3("delete_objects", Delete={"Objects": [{"Key": EVENT}]}),
    "open an event to the public": s3("put_object_acl", Key=EVENT, ACL="public-read"),
    "tag an event": s3("put_object_tagging", Key=EVENT, Tagging={"TagSet": []}),
    "read the tags": s3("get_object_tagging", Key=EVENT),
    "read rejected input": s3("get_object", Key=REFUSED),
    "read a dump": s3("get_object", Key=DUMP),
    "write a dump": s3("put_object", Key=DUMP, Body=b"{}"),
    "write elsewhere in the bucket": s3("put_object", Key="other.json", Body=b"{}"),
    "write beside the folder": s3("put_object", Key="events-other/a.json", Body=b"{}"),
    "write to another bucket": s3("put_object", Bucket=OTHER, Key=EVENT, Body=b"{}"),
    "read from another bucket": s3("get_object", Bucket=OTHER, Key=EVENT),
    "list another bucket": s3("list_objects_v2", Bucket=OTHER, Prefix="events/"),
    "list versions": s3("list_object_versions"),
    "list buckets": of("s3", "list_buckets"),
    "make a bucket": s3("create_bucket", Bucket="new-bucket-of-the-role"),
    "delete the bucket": s3("delete_bucket"),
    "change the policy": s3("put_bucket_policy", Policy="{}"),
    "remove the policy": s3("delete_bucket_policy"),
    "stop versioning": s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
    "open the bucket": s3("put_public_access_block", **ACCESS),
    "send to another queue": send("of-another"),
    "read the dead letters": of(
        "sqs", "receive_message", QueueUrl=f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{QUEUE}"
    ),
    "make a user": of("iam", "create_user", UserName="intruder"),
    "widen a role": of("iam", "put_role_policy", RoleName="role", PolicyName="more", PolicyDocument="{}"),
    "become another role": of(
        "sts", "assume_role", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/other", RoleSessionName="session"
    ),
}
ALLOWED: dict[str, dict[str, Call]] = {
    "Ingestion/IngestRole": {
        "write an event": s3("put_object", Key=EVENT, Body=b"{}"),
        "create an event": s3("put_object", Key="events/2026/03/10/new.json", Body=b"{}", IfNoneMatch="*"),
        "write rejected input": s3("put_object", Key=REFUSED, Body=b"{}"),
    },
    "Etl/Role": {
        "read an event": s3("get_object", Key=EVENT),
        "ask for the time of an event": s3("head_object", Key=EVENT),
        "list events": s3("list_objects_v2", Prefix="events/2026/03/10/"),
        "send a dead letter": send(QUEUE),
    },
}
ALSO_REFUSED: dict[str, dict[str, Call]] = {
    "Ingestion/IngestRole": {
        "read an event": s3("get_object", Key=EVENT),
        "ask for an event": s3("head_object", Key=EVENT),
        "list events": s3("list_objects_v2", Prefix="events/"),
        "send a dead letter": send(QUEUE),
    },
    "Etl/Role": {
        "write an event": s3("put_object", Key=EVENT, Body=b"{}"),
        "write rejected input": s3("put_object", Key=REFUSED, Body=b"{}"),
        "copy an event": s3("copy_object", **COPY),
    },
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with the bucket, an object in each folder, and what belongs to others."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        store = boto3.client("s3")
        for bucket in (RAW, OTHER):
            store.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            for key in (EVENT, REFUSED, DUMP):
                store.put_object(Bucket=bucket, Key=key, Body=b"{}")
        for queue in (QUEUE, "of-another"):
            boto3.client("sqs").create_queue(QueueName=queue)
        yield


def clients_of(template: Template, role: str) -> Callable[[str], Any]:
    """Make the role with the statements of the template, and return clients with its credentials."""
    iam = boto3.client("iam")
    created = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": template.statements(role)})
    for text, value in (
        ("{Ingestion/Raw.Arn}", f"arn:aws:s3:::{RAW}"),
        ("{Etl/DeadLetters.Arn}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"),
        ("{Ingestion/IngestLog.Arn}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:ingest:*"),
        ("{Etl/Log.Arn}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:etl:*"),
        ("ACCOUNT", ACCOUNT),
        ("REGION", REGION),
    ):
        document = document.replace(text, value)
    assert "{" + role.partition("/")[0] not in document
    iam.put_role_policy(RoleName="role", PolicyName="statements", PolicyDocument=document)
    session = boto3.client("sts").assume_role(RoleArn=created, RoleSessionName="session")["Credentials"]
    return lambda service: boto3.client(
        service,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


@set_initial_no_auth_action_count(0)
def denial(call: Call, client: Callable[[str], Any]) -> str | None:
    """Return the code with which a call was denied; None if it passed."""
    return refusal(call, client)


def refusal(call: Call, client: Callable[[str], Any]) -> str | None:
    """Return the code of the error with which a call ends; None if it passes."""
    try:
        result = call(client)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    errors = result.get("Errors") if isinstance(result, dict) else None  # of deleting many
    return str(errors[0]["Code"]) if errors else None


@pytest.mark.parametrize("role", ALLOWED)
def test_what_a_role_needs_passes(role: str, template: Template, account: None) -> None:
    client = clients_of(template, role)
    assert {name: denial(call, client) for name, call in ALLOWED[role].items()} == dict.fromkeys(ALLOWED[role])


@pytest.mark.parametrize("role", ALLOWED)
def test_everything_else_is_denied(role: str, template: Template, account: None) -> None:
    client = clients_of(template, role)
    answers = {name: denial(call, client) for name, call in (FOR_NEITHER | ALSO_REFUSED[role]).items()}
    assert {name: code for name, code in answers.items() if code not in DENIED} == {}


def test_without_enforcement_no_call_is_denied(account: None) -> None:
    """The denied calls are not denied for another reason."""
    for name, call in (FOR_NEITHER | ALSO_REFUSED["Ingestion/IngestRole"]).items():
        assert refusal(call, boto3.client) not in DENIED, name
