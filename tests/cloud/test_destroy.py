"""`clickstream destroy` against an account (moto) with resources left in every category that people forget."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.destroy.run import Outcome, destroy, plan
from clickstream.cloud.destroy.scope import OTHERS, OURS, STACK_ID_TAG, STACK_TAG, UNCLEAR, Scope
from clickstream.cloud.destroy.sweep import CATEGORIES
from clickstream.cloud.stack import find_stack
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import FOREIGN, TAGGED, Maker, everything, make_all, make_decoys, pairs

TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})


def no_wait(seconds: float) -> None:
    del seconds


def ignore(line: str) -> None:
    del line


def removed(account: Account) -> Outcome:
    return destroy(account, report=ignore, wait=no_wait)


def make_stack(account: Account, name: str) -> None:
    account.client("cloudformation").create_stack(StackName=name, TemplateBody=TEMPLATE, Tags=pairs(TAGGED))


@pytest.mark.slow
def test_everything_of_the_platform_goes_and_nothing_of_others(account: Account, amplify: Amplify) -> None:
    list(make_decoys(account, amplify, {}, "untagged"))
    list(make_decoys(account, amplify, FOREIGN, "foreign"))
    before = everything(account, amplify)
    make_stack(account, names.STACK)
    list(make_all(account, amplify))
    full = everything(account, amplify)
    assert len(full) > len(before) + 30

    found = plan(account)
    assert {each.kind for each in found.items} >= {each.kind for each in CATEGORIES}
    assert everything(account, amplify) == full

    assert removed(account).left == []
    assert everything(account, amplify) == before
    assert find_stack(account, names.STACK) is None

    again = removed(account)
    assert again.is_clean
    assert again.deleted == []
    assert plan(account).is_empty


@pytest.mark.slow
def test_what_may_belong_to_another_copy_is_left_and_reported(account: Account, amplify: Amplify) -> None:
    make_stack(account, "clickstream-test")
    maker = Maker(account, amplify, TAGGED, "clickstream")
    vpc, address = maker.vpc(), maker.address()
    maker.parameters(names.ETL_PASSWORD)
    before = everything(account, amplify)

    outcome = removed(account)
    assert everything(account, amplify) == before
    notes = {each.id: each.note for each in outcome.left}
    assert "clickstream-test" in notes[vpc]
    assert "clickstream-test" in notes[address]
    assert "clickstream-test" in notes[names.ETL_PASSWORD]


@pytest.mark.slow
def test_a_resource_that_has_only_the_name_is_left_and_reported(account: Account, amplify: Amplify) -> None:
    maker = Maker(account, amplify, {}, "someone")
    api, bucket = maker.api(names.HTTP_API), maker.bucket(f"{names.RAW_BUCKET}-{account.id}-{account.region}")
    before = everything(account, amplify)
    outcome = removed(account)
    assert everything(account, amplify) == before
    assert {each.id for each in outcome.left} == {api, bucket}
    assert all("not the tag" in each.note for each in outcome.left)


@pytest.mark.slow
def test_a_foreign_instance_in_the_network_stays_with_the_network(account: Account, amplify: Amplify) -> None:
    maker = Maker(account, amplify, TAGGED, "clickstream")
    vpc = maker.vpc()
    subnet = maker.ec2.create_subnet(VpcId=vpc, CidrBlock=names.PUBLIC_CIDR)["Subnet"]["SubnetId"]
    made = maker.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet)
    instance = made["Instances"][0]["InstanceId"]

    outcome = removed(account)
    state = maker.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "running"
    notes = {each.id: each.note for each in outcome.left}
    assert "has not the tag" in notes[instance]
    assert instance in notes[vpc]
    assert maker.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]


ARN = "arn:aws:cloudformation"


@pytest.mark.parametrize(
    ("tags", "others", "verdict"),
    [
        ({STACK_TAG: "clickstream"}, (), OURS),
        ({STACK_TAG: "clickstream", **TAGGED}, ("clickstream-test",), OURS),
        ({STACK_TAG: "clickstream-test", **TAGGED}, ("clickstream-test",), OTHERS),
        (TAGGED, (), OURS),
        (TAGGED, ("clickstream-test",), UNCLEAR),
        ({"Project": "Clickstream"}, (), OTHERS),
        ({"project": "clickstream"}, (), OTHERS),
        ({}, (), OTHERS),
        ({STACK_TAG: "clickstream", STACK_ID_TAG: f"{ARN}:us-east-1:123456789012:stack/clickstream/1"}, (), OURS),
        ({STACK_TAG: "clickstream", STACK_ID_TAG: f"{ARN}:eu-west-1:123456789012:stack/clickstream/1"}, (), OTHERS),
        ({**TAGGED, "Region": "us-east-1"}, (), OURS),
        ({**TAGGED, "Region": "eu-west-1"}, (), OTHERS),
    ],
)
def test_tags_decide_what_belongs_to_the_stack(
    account: Account, tags: dict[str, str], others: tuple[str, ...], verdict: str
) -> None:
    assert Scope(account, "clickstream", frozenset(others)).judge(tags) == verdict


@pytest.mark.slow
def test_a_bucket_with_thousands_of_versions_is_emptied(account: Account, amplify: Amplify) -> None:
    maker = Maker(account, amplify, TAGGED, "clickstream")
    bucket = maker.bucket(f"{names.RAW_BUCKET}-{account.id}-{account.region}")
    s3 = account.client("s3")
    for number in range(1100):
        s3.put_object(Bucket=bucket, Key=f"events/{number}", Body=b"")
    lines: list[str] = []
    outcome = destroy(account, report=lines.append, wait=no_wait)
    assert outcome.is_clean
    assert f"emptied the bucket {bucket}: 1,104 versions" in lines


@pytest.mark.slow
def test_the_bootstrap_stays_while_another_stack_needs_it(account: Account) -> None:
    client = account.client("cloudformation")
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "cdk-assets"}}
    toolkit = json.dumps({"Resources": {"StagingBucket": bucket}})
    client.create_stack(StackName="CDKToolkit", TemplateBody=toolkit)
    account.client("s3").put_object(Bucket="cdk-assets", Key="asset.zip", Body=b"x")
    parameter = {"BootstrapVersion": {"Type": "String", "Default": "/cdk-bootstrap/hnb659fds/version"}}
    user = json.dumps({"Parameters": parameter, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    client.create_stack(StackName="a-user", TemplateBody=user)

    def run() -> Outcome:
        return destroy(account, include_bootstrap=True, report=ignore, wait=no_wait)

    assert [each.note for each in run().left] == ["other stacks need it: a-user"]
    client.delete_stack(StackName="a-user")
    assert run().is_clean
    assert find_stack(account, "CDKToolkit") is None
    assert account.client("s3").list_buckets()["Buckets"] == []


class StackThatFails:
    """A stack whose deletion fails until the resource that blocks it is retained. moto deletes every stack at once."""

    def __init__(self, account: Account) -> None:
        self.status = "CREATE_COMPLETE"
        self.is_protected = True
        self.retained: list[list[str]] = []
        events = account.client("cloudformation").meta.events
        for operation in ("DescribeStacks", "ListStackResources", "UpdateTerminationProtection", "DeleteStack"):
            events.register(f"before-call.cloudformation.{operation}", getattr(self, operation))

    def DescribeStacks(self, **_: Any) -> Any:  # noqa: N802 - the name of the operation
        facts = {
            "StackName": names.STACK,
            "StackId": "arn:stack",
            "StackStatus": self.status,
            "EnableTerminationProtection": self.is_protected,
        }
        return SimpleNamespace(status_code=200), {"Stacks": [facts]}

    def ListStackResources(self, **_: Any) -> Any:  # noqa: N802
        status = "DELETE_FAILED" if self.status == "DELETE_FAILED" else "CREATE_COMPLETE"
        facts = {
            "ResourceType": "AWS::EC2::Subnet",
            "LogicalResourceId": "PrivateSubnet",
            "PhysicalResourceId": "subnet-1",
            "ResourceStatus": status,
            "ResourceStatusReason": "has dependencies",
        }
        return SimpleNamespace(status_code=200), {"StackResourceSummaries": [facts]}

    def UpdateTerminationProtection(self, **_: Any) -> Any:  # noqa: N802
        self.is_protected = False
        return SimpleNamespace(status_code=200), {}

    def DeleteStack(self, params: Any, **_: Any) -> Any:  # noqa: N802
        assert not self.is_protected
        kept = [value for name, value in params["body"].items() if name.startswith("RetainResources")]
        self.retained.append(kept)
        self.status = "DELETE_COMPLETE" if kept else "DELETE_FAILED"
        return SimpleNamespace(status_code=200), {}


@pytest.mark.slow
def test_a_resource_that_blocks_the_stack_is_named_and_left_to_the_sweep(account: Account) -> None:
    stack = StackThatFails(account)
    lines: list[str] = []
    outcome = destroy(account, report=lines.append, wait=no_wait)
    assert stack.retained == [[], ["PrivateSubnet"]]
    assert "the stack keeps AWS::EC2::Subnet subnet-1: has dependencies" in lines
    assert outcome.deleted == ["stack clickstream"]
    assert outcome.is_clean


@pytest.mark.slow
def test_a_pass_of_the_etl_is_awaited_before_anything_is_deleted(account: Account, amplify: Amplify) -> None:
    maker = Maker(account, amplify, TAGGED, "clickstream")
    maker.rule(names.ETL_RULE)
    maker.function(names.ETL_FUNCTION, maker.role())
    (group,) = maker.log_groups(f"/aws/lambda/{names.ETL_FUNCTION}")
    logs = account.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="1")

    def write(message: str) -> None:
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName=group, logStreamName="1", logEvents=[event])

    write("START RequestId: 1")
    waits: list[list[str]] = []

    def wait(seconds: float) -> None:
        waits.append([each["FunctionName"] for each in account.list("lambda", "list_functions", "Functions")])
        if len(waits) == 2:
            write("REPORT RequestId: 1")

    assert destroy(account, report=ignore, wait=wait).is_clean
    assert waits == [[names.ETL_FUNCTION]] * 2


@pytest.mark.slow
def test_a_service_that_cannot_be_listed_is_reported_and_stops_nothing_else(account: Account, amplify: Amplify) -> None:
    maker = Maker(account, amplify, TAGGED, "clickstream")
    maker.api(names.HTTP_API)
    amplify.is_denied = True
    outcome = removed(account)
    assert [each.note for each in outcome.left] == ["cannot be listed: ListApps: not authorized"]
    assert account.client("apigatewayv2").get_apis()["Items"] == []
