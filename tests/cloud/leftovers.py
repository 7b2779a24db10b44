"""Resources of every category, made by hand: with the tags of the platform, or with those of others."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.account import Account
from tests.cloud.amplify import Amplify

IMAGE = "ami-12c6146b"
TAGGED = {names.TAG: names.TAG_VALUE}
FOREIGN = {names.TAG: "another-shop"}


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def spec(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": pairs(tags)}] if tags else []


def code() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): ...")
    return data.getvalue()


class Maker:
    """Makes one resource of each kind, with the same tags and with names that begin with `prefix`."""

    def __init__(self, account: Account, amplify: Amplify, tags: dict[str, str], prefix: str) -> None:
        self.account = account
        self.amplify = amplify
        self.tags = tags
        self.prefix = prefix
        self.ec2 = account.client("ec2")

    def vpc(self) -> str:
        return str(
            self.ec2.create_vpc(CidrBlock=names.VPC_CIDR, TagSpecifications=spec("vpc", self.tags))["Vpc"]["VpcId"]
        )

    def network(self) -> list[str]:
        """A VPC with what keeps it: subnet, route table, gateway, endpoint, groups that refer to each other."""
        ec2 = self.ec2
        vpc = self.vpc()
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=names.PRIVATE_CIDR)["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        endpoint = ec2.create_vpc_endpoint(
            VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", RouteTableIds=[table]
        )
        groups = [
            ec2.create_security_group(GroupName=f"{self.prefix}{number}", Description="-", VpcId=vpc)["GroupId"]
            for number in range(2)
        ]
        for group, other in (groups, groups[::-1]):
            ec2.authorize_security_group_ingress(
                GroupId=group,
                IpPermissions=[
                    {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": other}]}
                ],
            )
        interface = ec2.create_network_interface(SubnetId=subnet, Description="AWS Lambda VPC ENI-x")[
            "NetworkInterface"
        ]
        flow = ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="REJECT",
            LogDestinationType="s3",
            LogDestination=f"arn:aws:s3:::{self.bucket('flow')}",
            TagSpecifications=spec("vpc-flow-log", self.tags),
        )["FlowLogIds"][0]
        made = [vpc, subnet, table, gateway, endpoint["VpcEndpoint"]["VpcEndpointId"], *groups]
        return [*made, interface["NetworkInterfaceId"], flow]

    def instance(self, name: str) -> str:
        tags = {**self.tags, "Name": name}
        made = self.ec2.run_instances(
            ImageId=IMAGE, MinCount=1, MaxCount=1, DisableApiTermination=True, TagSpecifications=spec("instance", tags)
        )
        return str(made["Instances"][0]["InstanceId"])

    def disks(self) -> list[str]:
        """A volume with two snapshots, one of them without tags, and an image."""
        volume = self.ec2.create_volume(
            AvailabilityZone="us-east-1a", Size=1, TagSpecifications=spec("volume", self.tags)
        )["VolumeId"]
        tagged = self.ec2.create_snapshot(VolumeId=volume, TagSpecifications=spec("snapshot", self.tags))["SnapshotId"]
        bare = self.ec2.create_snapshot(VolumeId=volume, Description="before the change")["SnapshotId"]
        return [volume, tagged, bare]

    def image(self, instance: str) -> str:
        made = self.ec2.create_image(
            InstanceId=instance, Name=f"{self.prefix}-image", TagSpecifications=spec("image", self.tags)
        )
        return str(made["ImageId"])

    def address(self) -> str:
        made = self.ec2.allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip", self.tags))
        return str(made["AllocationId"])

    def template(self) -> str:
        made = self.ec2.create_launch_template(
            LaunchTemplateName=f"{self.prefix}-template",
            LaunchTemplateData={"InstanceType": "t4g.small"},
            TagSpecifications=spec("launch-template", self.tags),
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def bucket(self, name: str = "", region: str = "us-east-1") -> str:
        """A versioned bucket with a replaced object, a deleted one and an unfinished upload."""
        del region
        s3, name = self.account.client("s3"), name if name.startswith("clickstream-s3") else f"{self.prefix}-{name}"
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if self.tags:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(self.tags)})
        for body in (b"first", b"second"):
            s3.put_object(Bucket=name, Key="events/2026/11/30/event-1.json", Body=body)
        s3.put_object(Bucket=name, Key="gone", Body=b"x")
        s3.delete_object(Bucket=name, Key="gone")
        s3.create_multipart_upload(Bucket=name, Key="unfinished")
        return name

    def role(self) -> str:
        iam, name = self.account.client("iam"), f"{self.prefix}-role"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", Tags=pairs(self.tags))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy())
        created = iam.create_policy(PolicyName=f"{self.prefix}-shared", PolicyDocument=policy())
        iam.attach_role_policy(RoleName=name, PolicyArn=created["Policy"]["Arn"])
        iam.create_instance_profile(InstanceProfileName=f"{self.prefix}-profile")
        iam.add_role_to_instance_profile(InstanceProfileName=f"{self.prefix}-profile", RoleName=name)
        return name

    def function(self, name: str, role: str) -> str:
        arn = self.account.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        self.account.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Role=arn, Handler="h.h", Code={"ZipFile": code()}, Tags=self.tags
        )
        return name

    def rule(self, name: str) -> str:
        events = self.account.client("events")
        events.put_rule(Name=name, ScheduleExpression="rate(1 hour)", Tags=pairs(self.tags))
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}])
        return name

    def api(self, name: str) -> str:
        made = self.account.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", Tags=self.tags)
        return str(made["ApiId"])

    def pool(self, name: str) -> str:
        cognito = self.account.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName=name, UserPoolTags=self.tags, DeletionProtection="ACTIVE")["UserPool"]
        cognito.create_user_pool_domain(Domain=f"{self.prefix}-sign-in", UserPoolId=pool["Id"])
        return str(pool["Id"])

    def app(self, name: str) -> str:
        self.amplify.add(f"d{self.prefix}", name, self.tags)
        return f"d{self.prefix}"

    def distribution(self) -> str:
        origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
        behaviour = {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "https-only",
            "MinTTL": 0,
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        }
        config = {
            "CallerReference": self.prefix,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
        }
        made = self.account.client("cloudfront").create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": pairs(self.tags)}}
        )
        return str(made["Distribution"]["Id"])

    def access_control(self, name: str) -> str:
        config = {
            "Name": name,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.account.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=config)
        return str(made["OriginAccessControl"]["Id"])

    def header_policy(self, name: str) -> str:
        self.amplify.header_policies[name] = name
        return name

    def messages(self) -> list[str]:
        queue = self.account.client("sqs").create_queue(QueueName=f"{self.prefix}-queue", tags=self.tags)["QueueUrl"]
        sns = self.account.client("sns")
        topic = sns.create_topic(Name=f"{self.prefix}-topic", Tags=pairs(self.tags))["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="owner@shop.example")
        return [queue, topic]

    def alarm(self) -> str:
        name = f"{self.prefix}-alarm"
        self.account.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            MetricName="Errors",
            Namespace="AWS/Lambda",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
            Tags=pairs(self.tags),
        )
        return name

    def monitoring(self, name: str, budget_name: str) -> list[str]:
        body = {"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, "properties": {"markdown": "-"}}
        self.account.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=json.dumps({"widgets": [body]})
        )
        limit = {"Amount": "80", "Unit": "USD"}
        budget = {"BudgetName": budget_name, "BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
        self.account.client("budgets").create_budget(AccountId=self.account.id, Budget=budget)
        return [name, budget_name]

    def log_groups(self, *group_names: str) -> list[str]:
        for name in group_names:
            self.account.client("logs").create_log_group(logGroupName=name, tags=self.tags)
        return list(group_names)

    def parameters(self, *parameter_names: str) -> list[str]:
        for name in parameter_names:
            self.account.client("ssm").put_parameter(Name=name, Value="-", Type="SecureString")
        return list(parameter_names)


def policy() -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/events/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_all(account: Account, amplify: Amplify) -> Iterator[Any]:
    """Make leftovers of the platform in every category; yield their ids."""
    maker = Maker(account, amplify, TAGGED, "clickstream")
    yield maker.network()
    instance = maker.instance(names.WAREHOUSE_INSTANCE)
    yield [instance, maker.image(instance), maker.address(), maker.template()]
    yield maker.disks()
    yield [maker.bucket(f"{name}-{account.id}-{account.region}") for name in (names.RAW_BUCKET, names.ASSETS_BUCKET)]
    role = maker.role()
    yield [role, maker.function(names.ETL_FUNCTION, role), maker.function(names.INGEST_FUNCTION, role)]
    profile = f"{names.STACK}-WarehouseProfileDF97AA7E-1"
    account.client("iam").create_instance_profile(InstanceProfileName=profile)
    yield [
        profile,
        maker.rule(names.ETL_RULE),
        maker.api(names.HTTP_API),
        maker.pool(names.USER_POOL),
        maker.app(names.SHOP),
    ]
    yield [
        maker.distribution(),
        *maker.messages(),
        maker.alarm(),
        *maker.monitoring(f"{names.STACK}-us-east-1", f"{names.BUDGET}-us-east-1"),
        maker.access_control(f"{names.STACK}-us-east-1-Assets"),
        maker.header_policy(f"{names.STACK}-us-east-1-Pictures"),
    ]
    maker.tags = {}
    yield maker.log_groups(
        f"/aws/lambda/{names.ETL_FUNCTION}",
        f"/aws/lambda/{names.STACK}-CustomS3AutoDeleteObjects-1",
        "/aws/amplify/dclickstream",
    )
    yield maker.parameters(names.ETL_PASSWORD, names.SHOP_KEY)


def make_decoys(account: Account, amplify: Amplify, tags: dict[str, str], prefix: str) -> Iterator[Any]:
    """Make resources of others, whose names resemble those of the platform; yield their ids."""
    maker = Maker(account, amplify, tags, prefix)
    vpc = maker.vpc()
    group = maker.ec2.create_security_group(GroupName="clickstream", Description="-", VpcId=vpc)["GroupId"]
    yield [vpc, group, maker.instance(f"{names.WEB_INSTANCE}-old"), maker.address(), maker.template()]
    volume = maker.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=spec("volume", tags))
    yield [volume["VolumeId"], maker.ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]]
    yield [maker.bucket(f"{names.RAW_BUCKET}-{prefix}-backup"), maker.role()]
    account.client("iam").create_instance_profile(InstanceProfileName=f"{names.STACK}-{prefix}")
    yield [maker.function(f"{names.STACK}-{prefix}", f"{prefix}-role"), maker.rule(f"{names.ETL_RULE}_{prefix}")]
    yield [maker.api(f"{names.HTTP_API}-{prefix}"), maker.pool(f"{names.USER_POOL}-{prefix}")]
    yield [maker.app(f"{names.SHOP}.{prefix}"), maker.distribution(), *maker.messages(), maker.alarm()]
    yield maker.monitoring(f"{names.STACK}-{prefix}", f"{names.BUDGET}-{prefix}")
    yield [maker.access_control(f"{names.STACK}-{prefix}"), maker.header_policy(f"{names.STACK}-{prefix}")]
    yield maker.log_groups(f"/aws/lambda/{names.ETL_FUNCTION}-{prefix}", f"/aws/amplify/{prefix}")
    yield maker.parameters(f"/clickstream-{prefix}/password")


Snapshot = dict[str, int]


def everything(account: Account, amplify: Amplify) -> set[str]:
    """Return an identifier of all that exists in the account, by APIs that the commands do not use where possible."""
    ec2 = account.client("ec2")
    found: set[str] = {f"app {app}" for app in amplify.apps} | set(amplify.header_policies)
    listings: list[tuple[str, str, Callable[[Any], str], str]] = [
        ("ec2", "describe_vpcs", lambda each: each["VpcId"], "Vpcs"),
        ("ec2", "describe_subnets", lambda each: each["SubnetId"], "Subnets"),
        ("ec2", "describe_route_tables", lambda each: each["RouteTableId"], "RouteTables"),
        ("ec2", "describe_internet_gateways", lambda each: each["InternetGatewayId"], "InternetGateways"),
        ("ec2", "describe_security_groups", lambda each: each["GroupId"], "SecurityGroups"),
        ("ec2", "describe_flow_logs", lambda each: each["FlowLogId"], "FlowLogs"),
        ("ec2", "describe_volumes", lambda each: each["VolumeId"], "Volumes"),
        ("ec2", "describe_launch_templates", lambda each: each["LaunchTemplateId"], "LaunchTemplates"),
        ("lambda", "list_functions", lambda each: each["FunctionName"], "Functions"),
        ("iam", "list_roles", lambda each: each["RoleName"], "Roles"),
        ("iam", "list_instance_profiles", lambda each: each["InstanceProfileName"], "InstanceProfiles"),
        ("events", "list_rules", lambda each: each["Name"], "Rules"),
        ("apigatewayv2", "get_apis", lambda each: each["ApiId"], "Items"),
        ("sqs", "list_queues", str, "QueueUrls"),
        ("sns", "list_topics", lambda each: each["TopicArn"], "Topics"),
        ("cloudwatch", "describe_alarms", lambda each: each["AlarmName"], "MetricAlarms"),
        ("cloudwatch", "list_dashboards", lambda each: each["DashboardName"], "DashboardEntries"),
        ("logs", "describe_log_groups", lambda each: each["logGroupName"], "logGroups"),
        ("ssm", "describe_parameters", lambda each: each["Name"], "Parameters"),
    ]
    for service, operation, identify, key in listings:
        found |= {f"{key} {identify(each)}" for each in account.list(service, operation, key)}
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    found |= {each["NetworkInterfaceId"] for each in interfaces if each["Status"] == "available"}
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    found |= {f"endpoint {each['VpcEndpointId']}" for each in endpoints if each["State"] != "deleted"}
    for reservation in ec2.describe_instances()["Reservations"]:
        found |= {each["InstanceId"] for each in reservation["Instances"] if each["State"]["Name"] != "terminated"}
    found |= {each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]}
    found |= {each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    found |= {each["ImageId"] for each in ec2.describe_images(Owners=["self"])["Images"]}
    found |= {f"bucket {each['Name']}" for each in account.client("s3").list_buckets()["Buckets"]}
    found |= {each["Id"] for each in account.list("cognito-idp", "list_user_pools", "UserPools", MaxResults=60)}
    controls = account.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"]
    found |= {each["Id"] for each in controls.get("Items", [])}
    listed = account.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    found |= {each["Id"] for each in listed}
    budgets = account.client("budgets").describe_budgets(AccountId=account.id)["Budgets"]
    return found | {f"budget {each['BudgetName']}" for each in budgets}
