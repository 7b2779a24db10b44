"""An instance with a database: fixed private address, data volume, role, first boot, and the signal that it is ready.

The image is looked up when the instance is launched, and never again: the launch template names the parameter of the
newest Amazon Linux 2023, and the instance keeps to the first version of the template. A parameter in SSM names the
bundle, so the user data does not change with it. A deployment therefore replaces neither the instance nor its volume.
To replace an instance, deploy with `-c instances=off`, then without: its address and its data volume are resources of
their own, which stay. All go with the stack; a volume that CloudFormation must replace is kept as a snapshot first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Aws, CfnDeletionPolicy, CfnTag, CfnWaitCondition, CfnWaitConditionHandle, Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from clickstream.cloud import names
from infra.parts.bundle import Bundle
from infra.parts.network import Network
from infra.parts.policy import Statement, accept, parameter_arn, role, secure_strings

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
USER_DATA = Path(__file__).parents[1] / "instance" / "user-data.sh"
READY_TIMEOUT_S = 2400
DATA_DEVICE = "/dev/sdf"
SYSTEM_GB = 8


@dataclass(frozen=True, slots=True)
class Machine:
    """What distinguishes the two instances. role: what the bootstrap makes of it, `warehouse` or `web`."""

    name: str
    role: str
    kind: str
    address: str
    data_gb: int


class DatabaseInstance(Construct):
    """The instance, and what outlives it: network interface, security group, role, data volume."""

    def __init__(self, scope: Construct, name: str, *, machine: Machine, network: Network, subnet: ec2.ISubnet) -> None:
        super().__init__(scope, name)
        self._machine = machine
        self._network = network
        self.group = network.group(f"{name}Group", machine.name)
        self.interface = ec2.CfnNetworkInterface(
            self,
            "Interface",
            subnet_id=subnet.subnet_id,
            private_ip_address=machine.address,
            group_set=[self.group.security_group_id],
            description=machine.name,
        )
        self.volume = ec2.CfnVolume(
            self,
            "Data",
            availability_zone=subnet.availability_zone,
            size=machine.data_gb,
            volume_type="gp3",
            encrypted=True,
            tags=[CfnTag(key="Name", value=f"{machine.name} data")],
        )
        self.volume.cfn_options.deletion_policy = CfnDeletionPolicy.DELETE
        self.volume.cfn_options.update_replace_policy = CfnDeletionPolicy.SNAPSHOT

    def launch(
        self,
        bundle: Bundle,
        statements: Sequence[Statement],
        *,
        raw_bucket: str,
        collector_url: str,
        public_address: str = "",
    ) -> ec2.CfnInstance:
        """Launch the instance; `ready` is reached when its bootstrap has reported success."""
        made = self._role([*bundle.statements(), *statements])
        profile = iam.InstanceProfile(self, "Profile", role=made)
        handle = CfnWaitConditionHandle(self, "Handle")
        facts = {
            "Role": self._machine.role,
            "Volume": self.volume.ref,
            "Address": self._machine.address,
            "PublicAddress": public_address,
            "RawBucket": raw_bucket,
            "Parameters": names.PARAMETERS,
            "BundleParameter": names.BUNDLE,
            "CollectorUrl": collector_url,
            "WaitUrl": handle.ref,
            "Region": Aws.REGION,
        }
        instance = self._instance(profile, Fn.base64(Fn.sub(USER_DATA.read_text("utf-8"), facts)))
        instance.node.add_dependency(made, *self._network.ways_out)
        self.ready = CfnWaitCondition(self, "Ready", count=1, handle=handle.ref, timeout=str(READY_TIMEOUT_S))
        self.ready.node.add_dependency(instance)
        return instance

    def _instance(self, profile: iam.InstanceProfile, user_data: str) -> ec2.CfnInstance:
        template = ec2.CfnLaunchTemplate(
            self,
            "Template",
            tag_specifications=[
                ec2.CfnLaunchTemplate.LaunchTemplateTagSpecificationProperty(
                    resource_type="launch-template", tags=[CfnTag(key=names.TAG, value=names.TAG_VALUE)]
                )
            ],
            launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
                image_id=IMAGE,
                metadata_options=ec2.CfnLaunchTemplate.MetadataOptionsProperty(
                    http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
                ),
            ),
        )
        instance = ec2.CfnInstance(
            self,
            "Instance",
            instance_type=self._machine.kind,
            launch_template=ec2.CfnInstance.LaunchTemplateSpecificationProperty(
                launch_template_id=template.ref, version=template.attr_default_version_number
            ),
            network_interfaces=[
                ec2.CfnInstance.NetworkInterfaceProperty(device_index="0", network_interface_id=self.interface.ref)
            ],
            iam_instance_profile=profile.instance_profile_name,
            block_device_mappings=[_system_disk()],
            volumes=[ec2.CfnInstance.VolumeProperty(device=DATA_DEVICE, volume_id=self.volume.ref)],
            credit_specification=ec2.CfnInstance.CreditSpecificationProperty(cpu_credits="standard"),
            ebs_optimized=True,
            propagate_tags_to_volume_on_creation=True,
            user_data=user_data,
            tags=[CfnTag(key="Name", value=self._machine.name)],
        )
        accept(instance, ACCEPTED)
        return instance

    def _role(self, statements: Sequence[Statement]) -> iam.IRole:
        """Make the role: what the agent of Systems Manager needs, as AWS documents it, and the rest."""
        actions = list(AGENT_ACTIONS)
        if self._network.has_ec2messages:
            actions += OLD_AGENT_ACTIONS
        agent = Statement("Agent", actions, ["*"], AGENT_REASON)
        return role(self, "Role", iam.ServicePrincipal("ec2.amazonaws.com"), [agent, *statements])


def own_parameters(folder: str) -> list[Statement]:
    """Allow an instance to keep its secrets in SSM, below one folder."""
    actions = ["ssm:GetParameter", "ssm:PutParameter"]
    return [
        Statement(
            "OwnParameters",
            actions,
            [parameter_arn(f"{names.PARAMETERS}/{folder}/*")],
            "The parameters of this instance, and of no other part.",
        ),
        secure_strings("Encrypt", "Decrypt"),
    ]


def _system_disk() -> ec2.CfnInstance.BlockDeviceMappingProperty:
    ebs = ec2.CfnInstance.EbsProperty(
        volume_type="gp3", volume_size=SYSTEM_GB, encrypted=True, delete_on_termination=True
    )
    return ec2.CfnInstance.BlockDeviceMappingProperty(device_name="/dev/xvda", ebs=ebs)


AGENT_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
OLD_AGENT_ACTIONS = (
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
)
"""What agents before 3.3.40 use."""
AGENT_REASON = "The agent reports its own instance and opens its own channels; IAM has no resources for these actions."
ACCEPTED = {
    "AwsSolutions-EC28": "Detailed monitoring costs 2 dollars a month; the alarms on status checks need none.",
    "AwsSolutions-EC29": "One command removes everything; the data volume is a separate resource, and is dumped daily.",
}
