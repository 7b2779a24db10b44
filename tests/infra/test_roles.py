"""What each role may do, statement by statement. A new statement needs a line here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.template import Template, listed

pytestmark = pytest.mark.slow

RAW = "{Ingestion/Raw.Arn}"
SSM = "arn:aws:ssm:REGION:ACCOUNT:parameter/clickstream"
BY_SSM = {
    "StringEquals": {"kms:ViaService": "ssm.REGION.amazonaws.com"},
    "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ssm"},
}
ONLY_EVENTS = {"StringLike": {"s3:prefix": "events/*"}}
WRITE_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
MESSAGES = {
    f"ssmmessages:{action}"
    for action in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
}
OLD_MESSAGES = {
    f"ec2messages:{action}"
    for action in ("AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply")
}
AGENT = {"ssm:UpdateInstanceInformation"} | MESSAGES
INTERFACES = {
    f"ec2:{action}"
    for action in (
        "AssignPrivateIpAddresses",
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "UnassignPrivateIpAddresses",
    )
}
KEEP = {"ssm:GetParameter", "ssm:PutParameter"}

Statements = dict[str, tuple[str, set[str], set[str], Any]]
"""By Sid: effect, actions, resources, conditions."""


def key(*actions: str) -> tuple[str, set[str], set[str], Any]:
    return "Allow", {f"kms:{action}" for action in actions}, {"arn:aws:kms:REGION:ACCOUNT:key/*"}, BY_SSM


def dumps(folder: str) -> tuple[str, set[str], set[str], Any]:
    return "Allow", {"s3:PutObject"}, {f"{RAW}/dumps/{folder}/*"}, None


ROLES: dict[str, Statements] = {
    "Ingestion/IngestRole": {
        "RawObjects": ("Allow", {"s3:PutObject"}, {f"{RAW}/events/*", f"{RAW}/rejected/*"}, None),
        "Logs": ("Allow", WRITE_LOG, {"{Ingestion/IngestLog.Arn}"}, None),
    },
    "Etl/Role": {
        "RawEvents": ("Allow", {"s3:GetObject"}, {f"{RAW}/events/*"}, None),
        "RawNames": ("Allow", {"s3:ListBucket"}, {RAW}, ONLY_EVENTS),
        "Warehouse": ("Allow", {"ssm:GetParameter"}, {f"{SSM}/warehouse/ca", f"{SSM}/warehouse/etl/password"}, None),
        "SecureStrings": key("Decrypt"),
        "DeadLetters": ("Allow", {"sqs:SendMessage"}, {"{Etl/DeadLetters.Arn}"}, None),
        "Interfaces": ("Allow", INTERFACES, {"*"}, None),
        "NotByCode": (
            "Deny",
            INTERFACES,
            {"*"},
            {"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:REGION:ACCOUNT:function:SBW_Lamda_ETL"}},
        ),
        "Logs": ("Allow", WRITE_LOG, {"{Etl/Log.Arn}"}, None),
    },
    "Warehouse/Role": {
        "Agent": ("Allow", AGENT | OLD_MESSAGES, {"*"}, None),
        "BundleName": ("Allow", {"ssm:GetParameter"}, {f"{SSM}/bundle"}, None),
        "Bundle": ("Allow", {"s3:GetObject"}, {"BUNDLE"}, None),
        "RawEvents": ("Allow", {"s3:GetObject"}, {f"{RAW}/events/*"}, None),
        "RawNames": ("Allow", {"s3:ListBucket"}, {RAW}, ONLY_EVENTS),
        "Dumps": dumps("warehouse"),
        "OwnParameters": ("Allow", KEEP, {f"{SSM}/warehouse/*"}, None),
        "SecureStrings": key("Encrypt", "Decrypt"),
        "Truth": (
            "Allow",
            {"ssm:GetParameter"},
            {f"{SSM}/web/{name}" for name in ("ca", "truth/certificate", "truth/key", "truth/password")},
            None,
        ),
    },
    "WebDatabase/Role": {
        "Agent": ("Allow", AGENT | OLD_MESSAGES, {"*"}, None),
        "BundleName": ("Allow", {"ssm:GetParameter"}, {f"{SSM}/bundle"}, None),
        "Bundle": ("Allow", {"s3:GetObject"}, {"BUNDLE"}, None),
        "Dumps": dumps("web"),
        "OwnParameters": ("Allow", KEEP, {f"{SSM}/web/*"}, None),
        "SecureStrings": key("Encrypt", "Decrypt"),
    },
    "Shop/ComputeRole": {
        "Secrets": ("Allow", {"ssm:GetParameters"}, {f"{SSM}/web/shop/*"}, None),
        "SecureStrings": key("Decrypt"),
    },
    "Shop/HostingRole": {
        "Logs": ("Allow", WRITE_LOG, {"arn:aws:logs:REGION:ACCOUNT:log-group:/aws/amplify/*:log-stream:*"}, None),
        "LogGroups": ("Allow", {"logs:DescribeLogGroups"}, {"arn:aws:logs:REGION:ACCOUNT:log-group:*"}, None),
    },
}
CALLERS = {
    "Ingestion/IngestRole": "lambda",
    "Etl/Role": "lambda",
    "Warehouse/Role": "ec2",
    "WebDatabase/Role": "ec2",
    "Shop/ComputeRole": "amplify",
    "Shop/HostingRole": "amplify",
    "Network/Vpc/FlowLog/IAMRole": "vpc-flow-logs",
}
FLOW_LOG = "Network/Vpc/FlowLog/IAMRole/DefaultPolicy"


def found(template: Template, role: str) -> Statements:
    bundle = template.only("AWS::SSM::Parameter").properties["Value"].partition(" ")[0].removeprefix("s3://")
    return {
        each["Sid"]: (
            each["Effect"],
            set(listed(each["Action"])),
            {resource.replace(f"arn:aws:s3:::{bundle}", "BUNDLE") for resource in listed(each["Resource"])},
            each.get("Condition"),
        )
        for each in template.statements(role)
    }


@pytest.mark.parametrize("role", ROLES)
def test_role_has_exactly_these_statements(role: str, template: Template) -> None:
    assert found(template, role) == ROLES[role]


def test_no_other_role_or_policy_exists(template: Template) -> None:
    assert {role.path for role in template.of("AWS::IAM::Role")} == set(CALLERS)
    (policy,) = template.of("AWS::IAM::Policy")
    assert policy.path == FLOW_LOG
    (statement,) = policy.properties["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == WRITE_LOG | {"logs:DescribeLogStreams"}
    assert statement["Resource"] == "{Network/FlowLogGroup.Arn}"


@pytest.mark.parametrize("role", CALLERS)
def test_only_its_service_can_assume_a_role(role: str, template: Template) -> None:
    (statement,) = template.at(role).properties["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": f"{CALLERS[role]}.amazonaws.com"}
    if CALLERS[role] == "amplify":
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
            "ArnLike": {"aws:SourceArn": "arn:aws:amplify:REGION:ACCOUNT:apps/*"},
        }


def test_no_action_has_a_wildcard_and_no_statement_is_inverted(template: Template) -> None:
    for path, statement in template.all_statements():
        assert {"NotAction", "NotResource", "NotPrincipal"}.isdisjoint(statement), path
        assert [action for action in listed(statement["Action"]) if "*" in action] == [], path


def test_every_resource_with_a_wildcard_has_a_reason(template: Template) -> None:
    """cdk-nag refuses a wildcard without a reason; the reasons stand in the template."""
    for role in ROLES:
        suppressed = template.at(role).definition.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", [])
        reasons = {each["id"].partition("[")[2]: each["reason"] for each in suppressed}
        for statement in template.statements(role):
            for resource in listed(statement["Resource"]):
                if "*" in resource and statement["Effect"] == "Allow":
                    ending = resource.rpartition("}")[2].rpartition(":")[2]
                    matching = [reason for finding, reason in reasons.items() if finding.endswith(f"{ending}]")]
                    assert [reason for reason in matching if len(reason) > 20], (role, resource)


def test_without_the_old_endpoint_the_instances_lose_its_actions(variant: Template) -> None:
    for role in ("Warehouse/Role", "WebDatabase/Role"):
        assert found(variant, role)["Agent"][1] == AGENT


def test_near_real_time_adds_reading_its_queue_to_the_etl_only(variant: Template) -> None:
    queue = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
    added = {"NewObjects": ("Allow", queue, {"{Etl/NewObjects.Arn}"}, None)}
    assert found(variant, "Etl/Role") == ROLES["Etl/Role"] | added
    assert found(variant, "Ingestion/IngestRole") == ROLES["Ingestion/IngestRole"]
