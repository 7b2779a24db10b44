"""The warehouse: an instance in the private subnet with PostgreSQL and the dashboard.

It has no public address, and its security group admits PostgreSQL from the ETL function alone. The dashboard listens on
loopback, which only a session of Systems Manager reaches.
"""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names
from infra.parts.instance import DatabaseInstance, Machine, own_parameters
from infra.parts.network import Network
from infra.parts.policy import Statement, parameter_arn

MACHINE = Machine(names.WAREHOUSE_INSTANCE, "warehouse", "t4g.small", names.WAREHOUSE_ADDRESS, data_gb=20)


class Warehouse(DatabaseInstance):
    """The instance SBW_EC2_ShinyDWH."""

    def __init__(self, scope: Construct, name: str, *, network: Network) -> None:
        super().__init__(scope, name, machine=MACHINE, network=network, subnet=network.private)

    def admit(self, group: ec2.SecurityGroup, what: str) -> None:
        """Let a security group connect to PostgreSQL."""
        port = ec2.Port.tcp(names.POSTGRES_PORT)
        self.group.add_ingress_rule(group, port, what)
        group.add_egress_rule(self.group, port, "The warehouse")


def warehouse_statements(raw: s3.IBucket) -> list[Statement]:
    """Return what the instance may do: read raw events (Explain), keep secrets and dumps, check the shop's orders."""
    truth = [names.TRUTH_PASSWORD, names.TRUTH_CERTIFICATE, names.TRUTH_KEY, names.WEB_CA]
    dumps = f"{names.DUMPS_PREFIX}warehouse/*"
    events = {"StringLike": {"s3:prefix": "events/*"}}
    return [
        Statement("RawEvents", ["s3:GetObject"], [raw.arn_for_objects("events/*")], "Explain shows any raw event."),
        Statement("RawNames", ["s3:ListBucket"], [raw.bucket_arn], conditions=events),
        Statement("Dumps", ["s3:PutObject"], [raw.arn_for_objects(dumps)], "Each day has a new object."),
        *own_parameters("warehouse"),
        Statement("Truth", ["ssm:GetParameter"], [parameter_arn(name) for name in truth]),
    ]
