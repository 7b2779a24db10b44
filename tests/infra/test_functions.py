"""API, functions, schedule and queues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clickstream.cloud import names
from tests.infra.template import Template

pytestmark = pytest.mark.slow

SHOP = "main.{Shop/App.DefaultDomain}"


def test_the_api_has_one_route(template: Template) -> None:
    assert template.only("AWS::ApiGatewayV2::Api").properties["Name"] == "clickstream-http-api"
    assert template.only("AWS::ApiGatewayV2::Route").properties["RouteKey"] == "POST /clickstream"
    integration = template.only("AWS::ApiGatewayV2::Integration").properties
    assert integration["IntegrationUri"] == "{Ingestion/Ingest.Arn}"
    assert integration["PayloadFormatVersion"] == "2.0"


def test_only_listed_origins_may_read_responses(template: Template, variant: Template) -> None:
    for used, origins in ((template, [f"https://{SHOP}"]), (variant, [f"https://{SHOP}", "https://shop.example"])):
        cors = used.at("Ingestion/Api").properties["CorsConfiguration"]
        assert cors["AllowOrigins"] == origins
        assert cors["AllowMethods"] == ["POST"]
        assert "AllowCredentials" not in cors
        assert variables(used, "Ingestion/Ingest")["CLICKSTREAM_CORS_ORIGINS"] == ",".join(origins)


def test_the_stage_limits_requests_and_logs_no_address(template: Template) -> None:
    stage = template.only("AWS::ApiGatewayV2::Stage").properties
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 400, "ThrottlingRateLimit": 200}
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"requestId", "status"} < set(logged)
    assert not any(word in value for value in logged.values() for word in ("identity", "sourceIp", "userAgent"))


def variables(template: Template, path: str) -> dict[str, Any]:
    found: dict[str, Any] = template.at(path).properties["Environment"]["Variables"]
    return found


def test_the_ingest_function_runs_outside_the_vpc(template: Template) -> None:
    function = template.at("Ingestion/Ingest").properties
    assert function["FunctionName"] == "clickstream-lambda-ingest"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Handler"] == "clickstream.collect.aws.handler"
    assert "VpcConfig" not in function
    assert "ReservedConcurrentExecutions" not in function
    assert variables(template, "Ingestion/Ingest")["CLICKSTREAM_RAW_URL"] == "s3://{Ingestion/Raw}"
    assert 8 < function["Timeout"] < 30  # above the time for a PUT, below the limit of the API


def test_the_etl_function_runs_in_the_private_subnet(template: Template) -> None:
    function = template.at("Etl/Function").properties
    assert function["FunctionName"] == "SBW_Lamda_ETL"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Handler"] == "clickstream.cloud.etl_handler.handler"
    assert function["VpcConfig"]["SubnetIds"] == ["{Network/Vpc/PrivateSubnet1/Subnet}"]
    assert function["DeadLetterConfig"] == {"TargetArn": "{Etl/DeadLetters.Arn}"}
    assert "ReservedConcurrentExecutions" not in function  # a new account has too few to reserve one
    settings = variables(template, "Etl/Function")
    assert settings["CLICKSTREAM_WAREHOUSE_HOST"] == names.WAREHOUSE_ADDRESS
    assert settings["CLICKSTREAM_OWN_HOSTS"] == SHOP
    parameters = {value for name, value in settings.items() if name.endswith("_PARAMETER")}
    assert parameters == {names.ETL_PASSWORD, names.WAREHOUSE_CA}


def test_only_the_api_and_the_rule_may_start_a_function(template: Template, variant: Template) -> None:
    for used in (template, variant):
        allowed = {
            (each.properties["FunctionName"], each.properties["Principal"], each.properties["SourceArn"])
            for each in used.of("AWS::Lambda::Permission")
        }
        api = "arn:aws:execute-api:REGION:ACCOUNT:{Ingestion/Api}/*/*/clickstream"
        assert allowed == {
            ("{Ingestion/Ingest.Arn}", "apigateway.amazonaws.com", api),
            ("{Etl/Function.Arn}", "events.amazonaws.com", "{Etl/Rule.Arn}"),
        }


def test_the_rule_starts_the_etl_every_hour_and_keeps_what_failed(template: Template) -> None:
    rule = template.only("AWS::Events::Rule").properties
    assert (rule["Name"], rule["ScheduleExpression"]) == ("SBW_ETL_HOURLY_RULE", "rate(1 hour)")
    assert rule["State"] == "ENABLED"
    (target,) = rule["Targets"]
    assert target["Arn"] == "{Etl/Function.Arn}"
    assert target["DeadLetterConfig"] == {"Arn": "{Etl/DeadLetters.Arn}"}
    retries = {"MaximumEventAgeInSeconds": 3000, "MaximumRetryAttempts": 2}
    assert target["RetryPolicy"] == retries
    invocations = template.only("AWS::Lambda::EventInvokeConfig").properties
    assert {name: invocations[name] for name in retries} == retries


def test_near_real_time_is_off_by_default(template: Template) -> None:
    assert template.of("AWS::Lambda::EventSourceMapping") == []
    assert "NotificationConfiguration" not in template.at("Ingestion/Raw").properties
    assert [each.path for each in template.of("AWS::SQS::Queue")] == ["Etl/DeadLetters"]


def test_near_real_time_sends_names_of_new_objects_through_a_queue(variant: Template) -> None:
    raw = variant.at("Ingestion/Raw")
    (notified,) = raw.properties["NotificationConfiguration"]["QueueConfigurations"]
    assert notified["Event"] == "s3:ObjectCreated:*"
    assert notified["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "events/"}]}}
    assert notified["Queue"] == "{Etl/NewObjects.Arn}"
    paths = {each.id: each.path for each in variant.resources}
    assert [paths[name] for name in raw.definition["DependsOn"]] == ["Etl/NewObjects/Policy"]
    queue = variant.at("Etl/NewObjects").properties
    timeout = variant.at("Etl/Function").properties["Timeout"]
    assert queue["VisibilityTimeout"] == 6 * timeout
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "{Etl/DeadLetters.Arn}", "maxReceiveCount": 5}
    mapping = variant.only("AWS::Lambda::EventSourceMapping").properties
    assert mapping["EventSourceArn"] == "{Etl/NewObjects.Arn}"
    assert mapping["FunctionName"] == "{Etl/Function}"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (1000, 60)
    allowed = [each for each in statements(variant, "Etl/NewObjects/Policy") if each["Effect"] == "Allow"]
    assert [each["Principal"] for each in allowed] == [{"Service": "s3.amazonaws.com"}]
    assert allowed[0]["Condition"] == {
        "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::clickstream-s3-ingest-ACCOUNT-REGION"},
        "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
    }


def statements(template: Template, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template.at(path).properties["PolicyDocument"]["Statement"]
    return found


def test_queues_are_encrypted_and_refuse_plain_http(variant: Template) -> None:
    for queue in variant.of("AWS::SQS::Queue"):
        assert queue.properties["SqsManagedSseEnabled"] is True
        denied = [each for each in statements(variant, f"{queue.path}/Policy") if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
