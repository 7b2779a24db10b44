"""The ETL function in the private subnet, the hourly rule that starts it, and optionally a queue of new raw objects.

Runs never overlap in what they write: the loader holds an advisory lock of PostgreSQL during each transaction, so that
a second run waits and then finds nothing left to do (clickstream.warehouse.postgres, WRITERS_LOCK). A reserved
concurrency of 1 is left out: AWS refuses it in new accounts, which may run ten functions at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from clickstream.cloud import names
from infra.options import Options
from infra.parts.bucket import bucket_name
from infra.parts.ingestion import RUNTIME
from infra.parts.log import log_group
from infra.parts.network import Network
from infra.parts.policy import Statement, accept, arn, logs, parameter_arn, role, secure_strings

MEMORY_MB = 2048
TEMPORARY_MB = 2048
TIMEOUT = Duration.minutes(15)
RETRIES = 2
MAX_AGE = Duration.minutes(50)
"""A run that could not start for so long is dropped to the dead letters: the next one does its work."""
DEAD_LETTER_DAYS = 14
BATCH_SIZE = 1000
BATCH_WINDOW_S = 60
MAX_CONCURRENCY = 2
INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
INTERFACE_REASON = "Lambda makes the network interfaces of the function with this role, and demands all resources."


class Etl(Construct):
    """SBW_Lamda_ETL and what starts it."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        options: Options,
        network: Network,
        raw: s3.Bucket,
        own_hosts: Sequence[str],
    ) -> None:
        super().__init__(scope, name)
        self.group = network.group("EtlGroup", names.ETL_FUNCTION)
        self.dead_letters = _queue(self, "DeadLetters", retention_period=Duration.days(DEAD_LETTER_DAYS))
        self.new_objects = self._new_objects() if options.is_near_real_time else None
        self.function = self._function(options, network, raw, own_hosts)
        self.rule = events.Rule(
            self,
            "Rule",
            rule_name=names.ETL_RULE,
            description="Loads new raw objects every hour",
            schedule=events.Schedule.rate(Duration.hours(1)),
            enabled=options.has_instances,
            targets=[
                targets.LambdaFunction(
                    self.function,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=RETRIES,
                    max_event_age=MAX_AGE,
                )
            ],
        )
        if self.new_objects is not None:
            self._start_on_new_objects(raw, self.new_objects)

    def _function(
        self, options: Options, network: Network, raw: s3.Bucket, own_hosts: Sequence[str]
    ) -> functions.Function:
        group = log_group(self, "Log", f"/aws/lambda/{names.ETL_FUNCTION}")
        statements = [*self._statements(raw), logs(group.log_group_arn)]
        made = role(self, "Role", iam.ServicePrincipal("lambda.amazonaws.com"), statements)
        function = functions.Function(
            self,
            "Function",
            function_name=names.ETL_FUNCTION,
            description="Loads new raw objects into the warehouse",
            runtime=functions.Runtime.PYTHON_3_13,
            architecture=functions.Architecture.ARM_64,
            code=functions.Code.from_asset(str(options.packages / "etl")),
            handler="clickstream.cloud.etl_handler.handler",
            role=made,
            memory_size=MEMORY_MB,
            timeout=TIMEOUT,
            ephemeral_storage_size=Size.mebibytes(TEMPORARY_MB),
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[network.private]),
            security_groups=[self.group],
            dead_letter_queue=self.dead_letters,
            retry_attempts=RETRIES,
            max_event_age=MAX_AGE,
            log_group=group,
            logging_format=functions.LoggingFormat.JSON,
            environment={
                "CLICKSTREAM_RAW_URL": f"s3://{raw.bucket_name}",
                "CLICKSTREAM_DATA": "/tmp/clickstream",  # noqa: S108 - the only writable folder of a function
                "CLICKSTREAM_OWN_HOSTS": ",".join(own_hosts),
                "CLICKSTREAM_WAREHOUSE_HOST": names.WAREHOUSE_ADDRESS,
                "CLICKSTREAM_WAREHOUSE_CA_PARAMETER": names.WAREHOUSE_CA,
                "CLICKSTREAM_WAREHOUSE_PASSWORD_PARAMETER": names.ETL_PASSWORD,
            },
        )
        accept(function, RUNTIME)
        function.node.add_dependency(*network.ways_out)
        return function

    def _statements(self, raw: s3.Bucket) -> list[Statement]:
        """Return what the function may do. Lambda itself makes its network interfaces; the code may not."""
        by_code = {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", f"function:{names.ETL_FUNCTION}")}}
        events = {"StringLike": {"s3:prefix": "events/*"}}
        parameters = [parameter_arn(name) for name in (names.ETL_PASSWORD, names.WAREHOUSE_CA)]
        statements = [
            Statement(
                "RawEvents", ["s3:GetObject"], [raw.arn_for_objects("events/*")], "The ETL loads every raw event."
            ),
            Statement("RawNames", ["s3:ListBucket"], [raw.bucket_arn], conditions=events),
            Statement("Warehouse", ["ssm:GetParameter"], parameters),
            secure_strings("Decrypt"),
            Statement("DeadLetters", ["sqs:SendMessage"], [self.dead_letters.queue_arn]),
            Statement("Interfaces", INTERFACE_ACTIONS, ["*"], INTERFACE_REASON),
            Statement("NotByCode", INTERFACE_ACTIONS, ["*"], conditions=by_code, is_denied=True),
        ]
        if self.new_objects is not None:
            actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
            statements.append(Statement("NewObjects", actions, [self.new_objects.queue_arn]))
        return statements

    def _new_objects(self) -> sqs.Queue:
        """Make the queue of new raw objects. A message is hidden for six times as long as a run may take."""
        return _queue(
            self,
            "NewObjects",
            visibility_timeout=Duration.minutes(6 * TIMEOUT.to_minutes()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=5, queue=self.dead_letters),
        )

    def _start_on_new_objects(self, raw: s3.Bucket, queue: sqs.Queue) -> None:
        """Let S3 send the names of new raw objects to the queue, and the queue start the function.

        The notification is part of the bucket's own definition; the CDK's method would add a function that sets it.
        """
        source = {
            "ArnEquals": {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{bucket_name(names.RAW_BUCKET)}"},
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
        }
        sent = queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="FromRawBucket",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions=source,
            )
        )
        definition = raw.node.default_child
        assert isinstance(definition, s3.CfnBucket)
        prefix = s3.CfnBucket.FilterRuleProperty(name="prefix", value="events/")
        definition.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[prefix])
                    ),
                )
            ]
        )
        if sent.policy_dependable is not None:
            definition.node.add_dependency(sent.policy_dependable)
        functions.EventSourceMapping(
            self,
            "NewObjectsMapping",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(BATCH_WINDOW_S),
            max_concurrency=MAX_CONCURRENCY,
            report_batch_item_failures=True,
        )


def _queue(
    scope: Construct,
    name: str,
    *,
    retention_period: Duration,
    visibility_timeout: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=retention_period,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
        removal_policy=RemovalPolicy.DESTROY,
    )
