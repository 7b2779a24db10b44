"""The network has no way out of the private subnet but S3 and Systems Manager."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.template import Template, listed

pytestmark = pytest.mark.slow

PRIVATE = "{Network/Vpc/PrivateSubnet1/Subnet}"
PRIVATE_TABLE = "{Network/Vpc/PrivateSubnet1/RouteTable}"
BUNDLE = "arn:aws:s3:::cdk-hnb659fds-assets-ACCOUNT-REGION/"
OURS = {"StringEquals": {"aws:PrincipalAccount": "ACCOUNT"}}


def test_the_vpc_has_the_designed_ranges_in_one_zone(template: Template) -> None:
    vpc = template.only("AWS::EC2::VPC").properties
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    assert {"Key": "Name", "Value": "SBW_Project_VPC"} in vpc["Tags"]
    assert vpc["EnableDnsSupport"] is vpc["EnableDnsHostnames"] is True
    subnets = template.of("AWS::EC2::Subnet")
    assert {each.properties["CidrBlock"] for each in subnets} == {"10.0.0.0/20", "10.0.128.0/20"}
    assert {str(each.properties["AvailabilityZone"]) for each in subnets} == {"{'Fn::Select': [0, {'Fn::GetAZs': ''}]}"}
    assert [each.properties["MapPublicIpOnLaunch"] for each in subnets] == [False, False]


@pytest.mark.parametrize("options", ["template", "variant"])
def test_no_nat_gateway_exists(options: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(options)
    forbidden = ("NatGateway", "EgressOnlyInternetGateway", "TransitGateway", "VPCPeeringConnection", "VPNGateway")
    assert [each.path for each in template.resources if any(word in each.type for word in forbidden)] == []


def test_the_private_subnet_has_no_route_but_to_s3(template: Template) -> None:
    routes = template.of("AWS::EC2::Route")
    assert [each.properties["RouteTableId"] for each in routes] == ["{Network/Vpc/PublicSubnet1/RouteTable}"]
    tables = {
        each.properties["SubnetId"]: each.properties["RouteTableId"]
        for each in template.of("AWS::EC2::SubnetRouteTableAssociation")
    }
    assert tables[PRIVATE] == PRIVATE_TABLE
    gateways = [
        each for each in template.of("AWS::EC2::VPCEndpoint") if each.properties["VpcEndpointType"] == "Gateway"
    ]
    assert [each.properties["RouteTableIds"] for each in gateways] == [[PRIVATE_TABLE]]
    assert [each.properties["ServiceName"] for each in gateways] == ["com.amazonaws.REGION.s3"]


def test_the_s3_endpoint_lets_through_these_requests_only(template: Template) -> None:
    allowed = set()
    for statement in template.at("Network/Vpc/S3").properties["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                allowed.add((action, resource, str(statement.get("Condition"))))
    bundle = template.only("AWS::SSM::Parameter").properties["Value"].partition(" ")[0].removeprefix("s3://")
    assert bundle.startswith(BUNDLE.removeprefix("arn:aws:s3:::"))
    assert allowed == {
        ("s3:GetObject", "arn:aws:s3:::al2023-repos-REGION-de612dc2/*", "None"),
        ("s3:GetObject", "arn:aws:s3:::amazon-ssm-REGION/*", "None"),
        ("s3:GetObject", "arn:aws:s3:::aws-ssm-REGION/*", "None"),
        ("s3:PutObject", "arn:aws:s3:::cloudformation-waitcondition-REGION/*", "None"),
        ("s3:GetObject", f"arn:aws:s3:::{bundle}", str(OURS)),
        ("s3:GetObject", "{Ingestion/Raw.Arn}/events/*", str(OURS)),
        ("s3:ListBucket", "{Ingestion/Raw.Arn}", str(OURS)),
        ("s3:PutObject", "{Ingestion/Raw.Arn}/dumps/warehouse/*", str(OURS)),
    }


def test_systems_manager_is_reached_inside_the_vpc(template: Template, variant: Template) -> None:
    def services(of: Template) -> set[str]:
        found = [each.properties for each in of.of("AWS::EC2::VPCEndpoint")]
        interfaces = [each for each in found if each["VpcEndpointType"] == "Interface"]
        assert all(each["PrivateDnsEnabled"] and each["SubnetIds"] == [PRIVATE] for each in interfaces)
        assert all(each["SecurityGroupIds"] == ["{Network/EndpointsGroup.GroupId}"] for each in interfaces)
        return {each["ServiceName"].removeprefix("com.amazonaws.REGION.") for each in interfaces}

    assert services(template) == {"ssm", "ssmmessages", "ec2messages"}
    assert services(variant) == {"ssm", "ssmmessages"}
    (statement,) = template.at("Network/Vpc/Ssm").properties["PolicyDocument"]["Statement"]
    assert statement["Condition"] == OURS


def ingress(template: Template) -> set[tuple[str, str, int, int]]:
    """Return (group, source, first port, last port) of every rule that admits traffic."""
    rules = set()
    for group in template.of("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get("SecurityGroupIngress", []):
            rules.add((group.path.rpartition("/")[2], rule["CidrIp"], rule["FromPort"], rule["ToPort"]))
    for each in template.of("AWS::EC2::SecurityGroupIngress"):
        rule = each.properties
        group, source = (rule[name].split("/")[1].split(".")[0] for name in ("GroupId", "SourceSecurityGroupId"))
        rules.add((group, source, rule["FromPort"], rule["ToPort"]))
    return rules


TO_ENDPOINTS = {("EndpointsGroup", source, 443, 443) for source in ("WarehouseGroup", "WebDatabaseGroup", "EtlGroup")}
BETWEEN = {("WarehouseGroup", "EtlGroup", 5432, 5432), ("WebDatabaseGroup", "WarehouseGroup", 5432, 5432)}


def test_security_groups_admit_these_connections_only(template: Template) -> None:
    """Nothing reaches the dashboard's port, and only the shop's database can be reached from outside."""
    assert ingress(template) == TO_ENDPOINTS | BETWEEN | {("WebDatabaseGroup", "0.0.0.0/0", 5432, 5432)}


def test_the_shop_database_can_be_closed_to_networks(variant: Template) -> None:
    networks = {("WebDatabaseGroup", cidr, 5432, 5432) for cidr in ("203.0.113.0/24", "198.51.100.7/32")}
    assert ingress(variant) == TO_ENDPOINTS | BETWEEN | networks


def test_security_groups_let_out_https_and_postgresql_only(template: Template) -> None:
    for group in template.of("AWS::EC2::SecurityGroup"):
        (rule,) = group.properties["SecurityGroupEgress"]
        is_closed = group.path == "Network/EndpointsGroup" and rule["CidrIp"] == "255.255.255.255/32"
        assert is_closed or (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("0.0.0.0/0", 443, 443), group.path
    others = [each.properties for each in template.of("AWS::EC2::SecurityGroupEgress")]
    assert {(each["FromPort"], each["ToPort"]) for each in others} == {(5432, 5432)}
    assert {each["GroupId"] for each in others} == {"{Network/WarehouseGroup.GroupId}", "{Network/EtlGroup.GroupId}"}


def test_descriptions_have_only_characters_that_ec2_accepts(variant: Template) -> None:
    kinds = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
    found = [text for kind in kinds for each in variant.of(kind) for text in descriptions(each.properties)]
    assert len(found) > 10
    assert [text for text in found if not re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", text)] == []


def descriptions(value: Any) -> Iterator[str]:
    """Yield every description in the definition of a security group."""
    if isinstance(value, dict):
        yield from (text for name, text in value.items() if name in ("Description", "GroupDescription"))
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from descriptions(each)


def test_no_part_uses_the_default_security_group(template: Template) -> None:
    for interface in template.of("AWS::EC2::NetworkInterface"):
        assert len(interface.properties["GroupSet"]) == 1
    for function in template.of("AWS::Lambda::Function"):
        if "VpcConfig" in function.properties:
            assert function.properties["VpcConfig"]["SecurityGroupIds"] == ["{Network/EtlGroup.GroupId}"]


def test_refused_traffic_is_logged(template: Template) -> None:
    log = template.only("AWS::EC2::FlowLog").properties
    assert (log["ResourceType"], log["TrafficType"], log["ResourceId"]) == ("VPC", "REJECT", "{Network/Vpc}")
