"""Instances, disks and the network, in the order in which AWS lets them go.

Everything inside the stack's VPC is part of it: a security group or an endpoint that was added by hand would keep the
VPC. Instances are the exception. One without the project's tag is left alone, and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.destroy.scope import OURS, Category, Item, Scope, tags_of

_INSTANCES = (names.WAREHOUSE_INSTANCE, names.WEB_INSTANCE)
_ENDED = ("terminated", "shutting-down")


def _name(tags: dict[str, str]) -> str:
    return tags.get("Name", "")


def _tagged(kind: str, operation: str, key: str, id_key: str, **request: Any) -> Callable[[Scope], Iterator[Item]]:
    """Return a function that finds the resources of an operation of EC2 whose tags are ours."""

    def find(scope: Scope) -> Iterator[Item]:
        for each in scope.account.list("ec2", operation, key, **request):
            tags = tags_of(each.get("Tags"))
            item = scope.item(kind, each[id_key], tags, _name(tags))
            if item:
                yield item

    return find


def _inside(
    kind: str, operation: str, key: str, id_key: str, vpc_key: str = "vpc-id"
) -> Callable[[Scope], Iterator[Any]]:
    """Return a function that finds (item, description) of what lies in the stack's networks."""

    def find(scope: Scope) -> Iterator[tuple[Item, Any]]:
        if scope.vpcs:
            filters = [{"Name": vpc_key, "Values": scope.vpcs}]
            for each in scope.account.list("ec2", operation, key, Filters=filters):
                yield Item(kind, each[id_key], _name(tags_of(each.get("Tags") or each.get("TagSet")))), each

    return find


def _find_instances(scope: Scope) -> Iterator[Item]:
    for reservation in scope.account.list("ec2", "describe_instances", "Reservations"):
        for each in reservation["Instances"]:
            if each["State"]["Name"] in _ENDED:
                continue
            tags = tags_of(each.get("Tags"))
            item = scope.item("instance", each["InstanceId"], tags, _name(tags), _INSTANCES)
            if item is None and each["InstanceId"] in scope.occupied.values():
                note = f"lies in the VPC {each['VpcId']}, but has not the tag {names.TAG}={names.TAG_VALUE}"
                item = Item("instance", each["InstanceId"], _name(tags), note)
            if item:
                yield item


def _delete_instance(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    for protection in ("DisableApiTermination", "DisableApiStop"):
        ec2.modify_instance_attribute(InstanceId=item.id, **{protection: {"Value": False}})
    ec2.terminate_instances(InstanceIds=[item.id])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[item.id], WaiterConfig={"Delay": 5, "MaxAttempts": 120})


def _delete_volume(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    ec2.get_waiter("volume_available").wait(VolumeIds=[item.id], WaiterConfig={"Delay": 5, "MaxAttempts": 60})
    ec2.delete_volume(VolumeId=item.id)


def _find_snapshots(scope: Scope) -> Iterator[Item]:
    """Yield snapshots with our tag, and untagged ones of volumes that are ours."""
    volumes = {each.id for each in VOLUMES.find(scope)}
    for each in scope.account.list("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"]):
        tags = tags_of(each.get("Tags"))
        item = scope.item("snapshot", each["SnapshotId"], tags, _name(tags))
        if item is None and not tags and each.get("VolumeId") in volumes:
            item = Item("snapshot", each["SnapshotId"], each.get("Description", ""))
        if item:
            yield item


def _delete_snapshot(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_snapshot(SnapshotId=item.id)


def _delete_image(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    image = ec2.describe_images(ImageIds=[item.id])["Images"][0]
    ec2.deregister_image(ImageId=item.id)
    for mapping in image.get("BlockDeviceMappings", []):
        snapshot = mapping.get("Ebs", {}).get("SnapshotId")
        if snapshot and _is_free(scope, snapshot):
            ec2.delete_snapshot(SnapshotId=snapshot)


def _is_free(scope: Scope, snapshot: str) -> bool:
    """Return whether a snapshot that our image was made of exists and nothing else claims it."""
    found = scope.client("ec2").describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": [snapshot]}])["Snapshots"]
    tags = tags_of(found[0].get("Tags")) if found else {}
    return bool(found) and (not tags or scope.judge(tags) == OURS)


def _find_addresses(scope: Scope) -> Iterator[Item]:
    for each in scope.client("ec2").describe_addresses()["Addresses"]:
        item = scope.item("Elastic IP address", each["AllocationId"], tags_of(each.get("Tags")), each["PublicIp"])
        if item:
            yield item


def _delete_address(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    address = ec2.describe_addresses(AllocationIds=[item.id])["Addresses"][0]
    if address.get("AssociationId"):
        ec2.disassociate_address(AssociationId=address["AssociationId"])
    ec2.release_address(AllocationId=item.id)


def _find_endpoints(scope: Scope) -> Iterator[Item]:
    for item, each in _inside("VPC endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId")(scope):
        if each["State"].lower() not in ("deleted", "deleting"):
            yield Item(item.kind, item.id, each["ServiceName"])


def _delete_endpoint(scope: Scope, item: Item) -> None:
    refused = scope.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[item.id]).get("Unsuccessful") or []
    if refused:
        raise RuntimeError(refused[0]["Error"].get("Message", "AWS refused it"))


def _find_interfaces(scope: Scope) -> Iterator[Item]:
    """Yield interfaces that stayed behind. One in use goes with its owner; Lambda takes up to 40 minutes for that."""
    for item, each in _inside(
        "network interface", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"
    )(scope):
        yield Item(item.kind, item.id, each.get("Description", ""))


def _delete_interface(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_network_interface(NetworkInterfaceId=item.id)


def _find_groups(scope: Scope) -> Iterator[Item]:
    for item, each in _inside("security group", "describe_security_groups", "SecurityGroups", "GroupId")(scope):
        if each["GroupName"] != "default":  # it goes with the VPC
            yield Item(item.kind, item.id, each["GroupName"])


def _delete_group(scope: Scope, item: Item) -> None:
    """Delete a group; first its rules, and those of other groups that refer to it."""
    ec2 = scope.client("ec2")
    for group in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": scope.vpcs}])["SecurityGroups"]:
        for key, revoke in (
            ("IpPermissions", ec2.revoke_security_group_ingress),
            ("IpPermissionsEgress", ec2.revoke_security_group_egress),
        ):
            rules = [
                rule
                for rule in group.get(key, [])
                if group["GroupId"] == item.id
                or any(each.get("GroupId") == item.id for each in rule["UserIdGroupPairs"])
            ]
            if rules:
                revoke(GroupId=group["GroupId"], IpPermissions=rules)
    ec2.delete_security_group(GroupId=item.id)


def _find_subnets(scope: Scope) -> Iterator[Item]:
    return (item for item, _ in _inside("subnet", "describe_subnets", "Subnets", "SubnetId")(scope))


def _delete_subnet(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_subnet(SubnetId=item.id)


def _find_route_tables(scope: Scope) -> Iterator[Item]:
    for item, each in _inside("route table", "describe_route_tables", "RouteTables", "RouteTableId")(scope):
        if not any(association.get("Main") for association in each.get("Associations", [])):  # it goes with the VPC
            yield item


def _delete_route_table(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    for association in ec2.describe_route_tables(RouteTableIds=[item.id])["RouteTables"][0].get("Associations", []):
        ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=item.id)


def _find_gateways(scope: Scope) -> Iterator[Item]:
    finder = _inside(
        "internet gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId", "attachment.vpc-id"
    )
    attached = [item for item, _ in finder(scope)]
    yield from attached
    known = {item.id for item in attached}
    tagged = _tagged("internet gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId")
    yield from (item for item in tagged(scope) if item.id not in known)


def _delete_gateway(scope: Scope, item: Item) -> None:
    ec2 = scope.client("ec2")
    for each in ec2.describe_internet_gateways(InternetGatewayIds=[item.id])["InternetGateways"][0]["Attachments"]:
        ec2.detach_internet_gateway(InternetGatewayId=item.id, VpcId=each["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=item.id)


def _delete_flow_log(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_flow_logs(FlowLogIds=[item.id])


def _delete_template(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_launch_template(LaunchTemplateId=item.id)


def _find_vpcs(scope: Scope) -> Iterator[Item]:
    for item in _tagged("VPC", "describe_vpcs", "Vpcs", "VpcId")(scope):
        holder = scope.occupied.get(item.id)
        yield replace(item, note=f"holds the instance {holder}, which belongs to others") if holder else item


def _delete_vpc(scope: Scope, item: Item) -> None:
    scope.client("ec2").delete_vpc(VpcId=item.id)


INSTANCES = Category("instance", _find_instances, _delete_instance)
VOLUMES = Category("volume", _tagged("volume", "describe_volumes", "Volumes", "VolumeId"), _delete_volume)
IMAGES = Category(
    "machine image", _tagged("machine image", "describe_images", "Images", "ImageId", Owners=["self"]), _delete_image
)
SNAPSHOTS = Category("snapshot", _find_snapshots, _delete_snapshot)
TEMPLATES = Category(
    "launch template",
    _tagged("launch template", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    _delete_template,
)
ADDRESSES = Category("Elastic IP address", _find_addresses, _delete_address)
ENDPOINTS = Category("VPC endpoint", _find_endpoints, _delete_endpoint)
INTERFACES = Category("network interface", _find_interfaces, _delete_interface)
FLOW_LOGS = Category("flow log", _tagged("flow log", "describe_flow_logs", "FlowLogs", "FlowLogId"), _delete_flow_log)
GROUPS = Category("security group", _find_groups, _delete_group)
SUBNETS = Category("subnet", _find_subnets, _delete_subnet)
ROUTE_TABLES = Category("route table", _find_route_tables, _delete_route_table)
GATEWAYS = Category("internet gateway", _find_gateways, _delete_gateway)
VPCS = Category("VPC", _find_vpcs, _delete_vpc)
