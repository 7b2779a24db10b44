"""Alarms, logs, budget, and what holds for every resource."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clickstream.cloud import names
from tests.infra.template import Template

pytestmark = pytest.mark.slow

UNTAGGED = {
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::EC2::EIPAssociation",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::Policy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
"""Types that CloudFormation cannot tag."""


@pytest.mark.parametrize("options", ["template", "variant"])
def test_every_resource_that_can_have_a_tag_has_ours(options: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(options)
    pairs = ('"Key": "Project", "Value": "clickstream"', '"Project": "clickstream"')
    for resource in template.resources:
        is_tagged = any(pair in json.dumps(resource.properties) for pair in pairs)
        assert is_tagged != (resource.type in UNTAGGED), resource.path


@pytest.mark.parametrize("options", ["template", "variant"])
def test_nothing_outlives_the_stack(options: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(options)
    for resource in template.resources:
        assert resource.definition.get("DeletionPolicy", "Delete") == "Delete", resource.path
        assert resource.definition.get("UpdateReplacePolicy") != "Retain", resource.path
    keepers = ("AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::Cognito::UserPool", "AWS::EC2::Volume")
    kept = [each for each in template.resources if each.type in keepers]
    assert all(each.definition["DeletionPolicy"] == "Delete" for each in kept)
    assert [each.path for each in template.resources if "Custom" in each.type] == []
    assert len(template.of("AWS::Lambda::Function")) == 2  # none that the CDK adds


def test_every_log_is_kept_for_14_days(template: Template) -> None:
    groups = {each.properties["LogGroupName"]: each.properties["RetentionInDays"] for each in template.of(LOG)}
    assert groups == dict.fromkeys(
        (
            "/aws/lambda/clickstream-lambda-ingest",
            "/aws/lambda/SBW_Lamda_ETL",
            "/aws/vendedlogs/clickstream/http-api",
            "/aws/amplify/{Shop/App.AppId}",
            "/clickstream/vpc",
        ),
        names.LOG_DAYS,
    )


LOG = "AWS::Logs::LogGroup"


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return {each.path.partition("/")[2]: each.properties for each in template.of("AWS::CloudWatch::Alarm")}


def test_each_alarm_watches_its_metric_and_reaches_the_topic(template: Template) -> None:
    found = alarms(template)
    watched = {name: (each.get("Namespace"), each.get("MetricName")) for name, each in found.items()}
    assert watched == {
        "ApiFaults": ("AWS/ApiGateway", "5xx"),
        "IngestFaults": (None, None),  # an expression, see below
        "EtlErrors": ("AWS/Lambda", "Errors"),
        "EtlSilent": ("Clickstream", "EtlPasses"),
        "DeadLetters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        "WarehouseFull": ("Clickstream", "DatabaseBytes"),
        "SBW_EC2_ShinyDWHHost": ("AWS/EC2", "StatusCheckFailed_System"),
        "SBW_EC2_ShinyDWHSystem": ("AWS/EC2", "StatusCheckFailed_Instance"),
        "SBW_EC2_WebDBHost": ("AWS/EC2", "StatusCheckFailed_System"),
        "SBW_EC2_WebDBSystem": ("AWS/EC2", "StatusCheckFailed_Instance"),
    }
    assert all("{Operations/Topic}" in each["AlarmActions"] for each in found.values())
    metrics = {
        each.get("MetricStat", {}).get("Metric", {}).get("MetricName") for each in found["IngestFaults"]["Metrics"]
    }
    assert metrics == {None, "Errors", "Throttles"}


def test_two_hours_without_a_pass_of_the_etl_raise_an_alarm(template: Template) -> None:
    silent = alarms(template)["EtlSilent"]
    assert silent["TreatMissingData"] == "breaching"
    assert silent["Period"] * silent["EvaluationPeriods"] == 7200
    assert (silent["ComparisonOperator"], silent["Threshold"]) == ("LessThanThreshold", 1)
    assert "Dimensions" not in silent  # the ETL prints its metrics without any


def test_the_warehouse_raises_an_alarm_before_its_volume_is_full(template: Template) -> None:
    size = template.at("Warehouse/Data").properties["Size"] * 2**30
    assert 0.5 * size < alarms(template)["WarehouseFull"]["Threshold"] < 0.8 * size


def test_an_instance_is_recovered_when_its_host_fails(template: Template) -> None:
    for name in (names.WAREHOUSE_INSTANCE, names.WEB_INSTANCE):
        assert "arn:aws:automate:REGION:ec2:recover" in alarms(template)[f"{name}Host"]["AlarmActions"]
        assert "arn:aws:automate:REGION:ec2:reboot" in alarms(template)[f"{name}System"]["AlarmActions"]


def test_alarms_may_publish_and_only_by_tls(template: Template) -> None:
    policy = template.only("AWS::SNS::TopicPolicy").properties["PolicyDocument"]["Statement"]
    by_effect = {each["Effect"]: each for each in policy}
    assert len(policy) == 2
    assert by_effect["Deny"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert by_effect["Allow"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert by_effect["Allow"]["Condition"] == {"StringEquals": {"aws:SourceAccount": "ACCOUNT"}}


def test_one_dashboard_shows_every_alarm(template: Template) -> None:
    body = str(template.only("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    for each in template.of("AWS::CloudWatch::Alarm"):
        assert f"{{{each.path}.Arn}}" in body


def test_alarms_and_budget_go_to_the_address_that_is_given(template: Template, variant: Template) -> None:
    assert template.of("AWS::SNS::Subscription") == template.of("AWS::Budgets::Budget") == []
    subscription = variant.only("AWS::SNS::Subscription").properties
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "alarms@shop.example")
    budget = variant.only("AWS::Budgets::Budget").properties
    assert budget["Budget"]["BudgetName"] == f"{names.BUDGET}-REGION"
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 70, "Unit": "USD"}
    for notice in budget["NotificationsWithSubscribers"]:
        assert notice["Subscribers"] == [{"Address": "alarms@shop.example", "SubscriptionType": "EMAIL"}]


@pytest.mark.parametrize("options", ["template", "variant", "without_instances"])
def test_cfn_lint_finds_nothing(options: str, request: pytest.FixtureRequest) -> None:
    """W3005 is about dependencies that the CDK states twice."""
    template: Template = request.getfixturevalue(options)
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--", str(template.file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_the_template_names_neither_account_nor_region(template: Template) -> None:
    text = template.file.read_text("utf-8")
    assert "AWS::AccountId" in text
    assert not any(f"{place}-{number}" in text for place in ("us-east", "eu-west", "ap-southeast") for number in (1, 2))
    manifest = json.loads((template.file.parent / "manifest.json").read_text("utf-8"))
    assert manifest.get("missing", []) == []  # no lookup
    assert manifest["artifacts"]["clickstream"]["environment"] == "aws://unknown-account/unknown-region"
