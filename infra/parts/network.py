"""The network: one VPC in one zone, with a public and a private subnet.

The private subnet has no NAT gateway and no default route. It reaches S3 through a gateway endpoint, whose policy names
the buckets, and Systems Manager through interface endpoints. Both subnets resolve the names of Systems Manager to these
endpoints, so the instance in the public subnet needs them as well.
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from clickstream.cloud import names
from infra.parts.log import log_group
from infra.parts.policy import ONLY_OURS

RESERVED_SUBNETS = 7
"""Blocks of 4,096 addresses between the public subnet (the first block) and the private one (the ninth)."""


class Network(Construct):
    """VPC, subnets, endpoints and flow log. `ways_out` must exist before an instance starts."""

    def __init__(self, scope: Construct, name: str, *, has_ec2messages: bool) -> None:
        super().__init__(scope, name)
        self.has_ec2messages = has_ec2messages
        self.vpc = self._vpc()
        self.public = self.vpc.public_subnets[0]
        self.private = self.vpc.isolated_subnets[0]
        self.s3 = self.vpc.add_gateway_endpoint(
            "S3",
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[ec2.SubnetSelection(subnets=[self.private])],
        )
        self._allow_buckets_of_aws()
        self._endpoints = ec2.SecurityGroup(
            self,
            "EndpointsGroup",
            vpc=self.vpc,
            description="Interface endpoints of Systems Manager",
            allow_all_outbound=False,
        )
        self.ways_out: list[IDependable] = [
            self.s3,
            self._endpoints,
            self.public.internet_connectivity_established,
            self.private.internet_connectivity_established,
            *self._interface_endpoints(),
        ]
        self._flow_log()

    def group(self, name: str, description: str) -> ec2.SecurityGroup:
        """Make a security group that admits no traffic, and lets out HTTPS only."""
        group = ec2.SecurityGroup(self, name, vpc=self.vpc, description=description, allow_all_outbound=False)
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS, as far as the routes of the subnet go")
        self._endpoints.add_ingress_rule(group, ec2.Port.tcp(443), f"Systems Manager, from {name}")
        return group

    def allow_bucket(self, actions: list[str], resources: list[str]) -> None:
        """Let requests of this account pass from the private subnet to a bucket."""
        self.s3.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()], actions=actions, resources=resources, conditions=ONLY_OURS
            )
        )

    def _vpc(self) -> ec2.Vpc:
        public = ec2.SubnetConfiguration(
            name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20, map_public_ip_on_launch=False
        )
        reserved = [
            ec2.SubnetConfiguration(
                name=f"Reserved{number}", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20, reserved=True
            )
            for number in range(RESERVED_SUBNETS)
        ]
        private = ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20)
        return ec2.Vpc(
            self,
            "Vpc",
            vpc_name=names.VPC,
            ip_addresses=ec2.IpAddresses.cidr(names.VPC_CIDR),
            max_azs=1,
            nat_gateways=0,
            restrict_default_security_group=False,  # no part uses it, and a function would have to change it
            subnet_configuration=[public, *reserved, private],
        )

    def _allow_buckets_of_aws(self) -> None:
        """Let through what the instance and its agent fetch from buckets of AWS, and the signal to CloudFormation.

        Package repositories are read without credentials; the signal is a signed URL of CloudFormation's account.
        """
        buckets = f"arn:{Aws.PARTITION}:s3:::"
        readable = [f"al2023-repos-{Aws.REGION}-de612dc2", f"amazon-ssm-{Aws.REGION}", f"aws-ssm-{Aws.REGION}"]
        for actions, resources in (
            (["s3:GetObject"], [f"{buckets}{bucket}/*" for bucket in readable]),
            (["s3:PutObject"], [f"{buckets}cloudformation-waitcondition-{Aws.REGION}/*"]),
        ):
            self.s3.add_to_policy(
                iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=actions, resources=resources)
            )

    def _interface_endpoints(self) -> list[ec2.InterfaceVpcEndpoint]:
        services = {
            "Ssm": ec2.InterfaceVpcEndpointAwsService.SSM,
            "SsmMessages": ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
        }
        if self.has_ec2messages:
            services["Ec2Messages"] = ec2.InterfaceVpcEndpointAwsService.EC2_MESSAGES
        made = {
            name: self.vpc.add_interface_endpoint(
                name,
                service=service,
                subnets=ec2.SubnetSelection(subnets=[self.private]),
                security_groups=[self._endpoints],
                open=False,
            )
            for name, service in services.items()
        }
        made["Ssm"].add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()], actions=["ssm:*"], resources=["*"], conditions=ONLY_OURS
            )
        )
        return list(made.values())

    def _flow_log(self) -> None:
        group = log_group(self, "FlowLogGroup", "/clickstream/vpc")
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
