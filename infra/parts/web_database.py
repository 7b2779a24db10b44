"""The shop's database: an instance in the public subnet with a fixed public address.

Amplify has no fixed addresses, so PostgreSQL is open to the configured networks, by default to all. The server itself
admits TLS 1.3 with a client certificate and a password, and refuses everything else (infra/instance/postgresql/web).
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnTag
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names
from infra.parts.instance import DatabaseInstance, Machine, own_parameters
from infra.parts.network import Network
from infra.parts.policy import Statement, accept

MACHINE = Machine(names.WEB_INSTANCE, "web", "t4g.micro", names.WEB_ADDRESS, data_gb=8)
ANYWHERE = "0.0.0.0/0"


class WebDatabase(DatabaseInstance):
    """The instance SBW_EC2_WebDB."""

    def __init__(self, scope: Construct, name: str, *, network: Network, cidrs: Sequence[str]) -> None:
        super().__init__(scope, name, machine=MACHINE, network=network, subnet=network.public)
        self.address = ec2.CfnEIP(self, "Address", domain="vpc", tags=[CfnTag(key="Name", value=names.WEB_INSTANCE)])
        self.address.node.add_dependency(network.public.internet_connectivity_established)
        self.association = ec2.CfnEIPAssociation(
            self,
            "Association",
            allocation_id=self.address.attr_allocation_id,
            network_interface_id=self.interface.ref,
        )
        port = ec2.Port.tcp(names.POSTGRES_PORT)
        for cidr in cidrs:
            self.group.add_ingress_rule(ec2.Peer.ipv4(cidr), port, "The shop: TLS, certificate and password")
        if ANYWHERE in cidrs:
            accept(self.group, OPEN)

    def admit(self, group: ec2.SecurityGroup) -> None:
        """Let the warehouse connect, on the private address, for the truth check."""
        port = ec2.Port.tcp(names.POSTGRES_PORT)
        self.group.add_ingress_rule(group, port, "The truth check of the warehouse")
        group.add_egress_rule(self.group, port, "The database of the shop")


def web_statements(raw: s3.IBucket) -> list[Statement]:
    """Return what the instance may do: keep its secrets and its dumps."""
    dumps = raw.arn_for_objects(f"{names.DUMPS_PREFIX}web/*")
    return [Statement("Dumps", ["s3:PutObject"], [dumps], "Each day has a new object."), *own_parameters("web")]


OPEN = dict.fromkeys(
    ("AwsSolutions-EC23", "CloudFormation-Validate::W2508"),
    "Amplify has no fixed addresses. PostgreSQL demands TLS 1.3, a client certificate and a password.",
)
