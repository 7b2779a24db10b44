"""Both instances: closed, encrypted, kept apart from their data, and not replaced by a deployment."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.infra.template import Template

pytestmark = pytest.mark.slow

INSTANCES = {"Warehouse": ("SBW_EC2_ShinyDWH", "10.0.128.10"), "WebDatabase": ("SBW_EC2_WebDB", "10.0.0.10")}


def test_instances_have_their_names_and_addresses(template: Template) -> None:
    assert len(template.of("AWS::EC2::Instance")) == 2
    for part, (name, address) in INSTANCES.items():
        instance = template.at(f"{part}/Instance").properties
        assert {"Key": "Name", "Value": name} in instance["Tags"]
        interfaces = [{"DeviceIndex": "0", "NetworkInterfaceId": f"{{{part}/Interface}}"}]
        assert instance["NetworkInterfaces"] == interfaces
        assert template.at(f"{part}/Interface").properties["PrivateIpAddress"] == address


def test_the_warehouse_has_no_public_address(template: Template) -> None:
    assert template.at("Warehouse/Interface").properties["SubnetId"] == "{Network/Vpc/PrivateSubnet1/Subnet}"
    association = template.only("AWS::EC2::EIPAssociation").properties
    assert association["NetworkInterfaceId"] == "{WebDatabase/Interface}"
    assert len(template.of("AWS::EC2::EIP")) == 1
    assert "AssociatePublicIpAddress" not in template.file.read_text("utf-8")


def test_instances_have_no_key_pair_and_demand_the_second_version_of_the_metadata_service(template: Template) -> None:
    for part in INSTANCES:
        assert "KeyName" not in template.at(f"{part}/Instance").properties
        assert template.at(f"{part}/Template").properties["LaunchTemplateData"]["MetadataOptions"] == {
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 1,
            "HttpTokens": "required",
        }


def test_every_volume_is_encrypted(template: Template) -> None:
    for part in INSTANCES:
        (system,) = template.at(f"{part}/Instance").properties["BlockDeviceMappings"]
        assert system["Ebs"]["Encrypted"] is system["Ebs"]["DeleteOnTermination"] is True
        assert template.at(f"{part}/Data").properties["Encrypted"] is True


def test_a_data_volume_outlives_its_instance_and_goes_with_the_stack(
    template: Template, without_instances: Template
) -> None:
    assert without_instances.of("AWS::EC2::Instance") == []
    for part in INSTANCES:
        volume = template.at(f"{part}/Data")
        assert without_instances.at(f"{part}/Data").definition == volume.definition
        assert without_instances.at(f"{part}/Interface").definition == template.at(f"{part}/Interface").definition
        assert volume.definition["DeletionPolicy"] == "Delete"
        assert volume.definition["UpdateReplacePolicy"] == "Snapshot"
        assert template.at(f"{part}/Instance").properties["Volumes"] == [
            {"Device": "/dev/sdf", "VolumeId": f"{{{part}/Data}}"}
        ]
    assert without_instances.at("Etl/Rule").properties["State"] == "DISABLED"


def test_a_new_bundle_and_a_new_image_change_neither_instance(template: Template, variant: Template) -> None:
    """The image is resolved when the instance is launched, from the first version of its launch template."""
    assert variant.only("AWS::SSM::Parameter").definition != template.only("AWS::SSM::Parameter").definition
    for part in INSTANCES:
        instance = template.at(f"{part}/Instance")
        assert variant.at(f"{part}/Instance").properties == instance.properties
        assert instance.properties["LaunchTemplate"]["Version"] == f"{{{part}/Template.DefaultVersionNumber}}"
        image = template.at(f"{part}/Template").properties["LaunchTemplateData"]["ImageId"]
        assert image == "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def test_the_parameter_names_the_bundle_with_the_hash_that_the_instance_computes(
    template: Template, packages: Path
) -> None:
    parameter = template.only("AWS::SSM::Parameter").properties
    assert (parameter["Name"], parameter["Type"]) == ("/clickstream/bundle", "String")
    url, _, found = parameter["Value"].partition(" ")
    assert re.fullmatch(r"s3://cdk-hnb659fds-assets-ACCOUNT-REGION/[0-9a-f]{64}\.zip", url)
    command = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum"
    lines = subprocess.run(["sh", "-c", command], cwd=packages / "instance", capture_output=True, check=True).stdout
    assert found == hashlib.sha256(lines).hexdigest()


def test_user_data_fills_every_placeholder_and_holds_no_secret(template: Template) -> None:
    for part, (_, address) in INSTANCES.items():
        text, facts = template.at(f"{part}/Instance").properties["UserData"]["Fn::Base64"]["Fn::Sub"]
        assert set(re.findall(r"\$\{(\w+)\}", text)) == set(facts)
        assert len(text) < 12_000  # 16 KiB is the limit of EC2, after the placeholders are filled
        assert facts["Address"] == address
        assert facts["Volume"] == f"{{{part}/Data}}"
        assert facts["RawBucket"] == "{Ingestion/Raw}"
        assert facts["WaitUrl"] == f"{{{part}/Handle}}"
        assert facts["CollectorUrl"] == "{Ingestion/Api.ApiEndpoint}"
    web = template.at("WebDatabase/Instance").properties["UserData"]["Fn::Base64"]["Fn::Sub"][1]
    assert web["PublicAddress"] == "{WebDatabase/Address.PublicIp}"


def test_an_instance_starts_after_its_ways_out_and_the_stack_waits_for_it(template: Template) -> None:
    needed = {"Network/Vpc/S3", "Network/Vpc/Ssm", "Network/Vpc/SsmMessages", "Network/Vpc/Ec2Messages"}
    needed |= {"Network/Vpc/PublicSubnet1/DefaultRoute", "Network/Vpc/PrivateSubnet1/RouteTableAssociation"}
    paths = {each.id: each.path for each in template.resources}
    for part in INSTANCES:
        depends = {paths[name] for name in template.at(f"{part}/Instance").definition["DependsOn"]}
        assert needed < depends
        assert any(path.startswith("Network/EndpointsGroup/from") for path in depends)
        ready = template.at(f"{part}/Ready")
        assert (ready.properties["Handle"], ready.properties["Count"]) == (f"{{{part}/Handle}}", 1)
        assert paths[ready.definition["DependsOn"][0]] == f"{part}/Instance"
    web = {paths[name] for name in template.at("WebDatabase/Instance").definition["DependsOn"]}
    assert "WebDatabase/Association" in web
    assert paths[template.at("Etl/Rule").definition["DependsOn"][0]] == "Warehouse/Ready"
