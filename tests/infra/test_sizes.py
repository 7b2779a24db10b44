"""`clickstream cost` bills what the stack contains."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clickstream.cloud import cost
from tests.infra.template import Template

pytestmark = pytest.mark.slow


def test_the_bill_counts_what_the_template_contains(template: Template) -> None:
    endpoints = [each.properties["VpcEndpointType"] for each in template.of("AWS::EC2::VPCEndpoint")]
    assert endpoints.count("Interface") == cost.ENDPOINTS
    assert template.at("Warehouse/Data").properties["Size"] == cost.WAREHOUSE_GB
    assert template.at("WebDatabase/Data").properties["Size"] == cost.WEB_GB
    for instance in template.of("AWS::EC2::Instance"):
        assert instance.properties["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == cost.SYSTEM_GB
    kinds = {each.path.partition("/")[0]: each.properties["InstanceType"] for each in template.of("AWS::EC2::Instance")}
    billed = {line.item for line in cost.bill(0).lines}
    assert kinds == {"Warehouse": "t4g.small", "WebDatabase": "t4g.micro"}
    assert set(kinds.values()) <= billed
    assert len(template.of("AWS::EC2::EIP")) == 1
    assert len(template.of("AWS::CloudWatch::Alarm")) == cost.ALARMS
    assert template.at("Ingestion/Ingest").properties["MemorySize"] == cost.INGEST_GB * 1024
    assert template.at("Etl/Function").properties["MemorySize"] == cost.ETL_GB * Decimal(1024)
