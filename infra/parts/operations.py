"""Operations: alarms, their topic, and one dashboard.

An alarm names what failed and where to look. The ETL prints its metrics into its log, since the private subnet has no
way to CloudWatch: a pass counts as a heartbeat, and two hours without one raise the alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from clickstream.cloud import names
from infra.parts.etl import Etl
from infra.parts.ingestion import Ingestion
from infra.parts.warehouse import MACHINE

NAMESPACE = "Clickstream"
"""Of the metrics that clickstream.cloud.etl_handler prints: EtlPasses, Loaded, Pending, DatabaseBytes."""
FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
HEARTBEAT_HOURS = 2
FULL_SHARE = 0.7
"""Share of the data volume that the database may fill: the rest is for the mart, the log of changes and dumps."""


class Operations(Construct):
    """What tells an operator that something is wrong."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        ingestion: Ingestion,
        etl: Etl,
        instances: Mapping[str, ec2.CfnInstance],
        email: str,
    ) -> None:
        super().__init__(scope, name)
        self._topic = self._alarm_topic()
        if email:
            sns.Subscription(self, "Email", topic=self._topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)
        self._ingestion = ingestion
        self._etl = etl
        alarms = [*self._ingestion_alarms(), *self._etl_alarms(), self._disk_alarm()]
        for title, instance in instances.items():
            alarms += self._instance_alarms(title, instance)
        self._dashboard(alarms, instances)

    def _alarm_topic(self) -> sns.Topic:
        """Make the topic. Its policy replaces the one of AWS, so that it must allow CloudWatch to publish."""
        topic = sns.Topic(self, "Topic", display_name="Clickstream", enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        return topic

    def _ingestion_alarms(self) -> list[cloudwatch.Alarm]:
        function = self._ingestion.function
        faults = self._api_metric("5xx")
        broken = cloudwatch.MathExpression(
            expression="errors + throttles",
            using_metrics={
                "errors": function.metric_errors(period=FIVE_MINUTES),
                "throttles": function.metric_throttles(period=FIVE_MINUTES),
            },
            period=FIVE_MINUTES,
            label="errors and throttles",
        )
        return [
            self._alarm(
                "ApiFaults", faults, 5, "The API answered with 5xx; clients retry. See the ingest function's log."
            ),
            self._alarm("IngestFaults", broken, 1, "The ingest function failed or was throttled. See its log."),
        ]

    def _etl_alarms(self) -> list[cloudwatch.Alarm]:
        beats = _own_metric("EtlPasses", "Sum", HOUR)
        dead = self._etl.dead_letters.metric_approximate_number_of_messages_visible(
            period=FIVE_MINUTES, statistic="Maximum"
        )
        failed = self._etl.function.metric_errors(period=HOUR)
        return [
            self._alarm("EtlErrors", failed, 1, "A pass of the ETL failed; the next one resumes. See its log."),
            cloudwatch.Alarm(
                self,
                "EtlSilent",
                alarm_description=f"No pass of the ETL finished for {HEARTBEAT_HOURS} hours.",
                metric=beats,
                threshold=1,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                evaluation_periods=HEARTBEAT_HOURS,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            ),
            self._alarm(
                "DeadLetters", dead, 1, "A run of the ETL was given up. Read the queue, then run the function."
            ),
        ]

    def _disk_alarm(self) -> cloudwatch.Alarm:
        limit = int(MACHINE.data_gb * 2**30 * FULL_SHARE)
        size = _own_metric("DatabaseBytes", "Maximum", HOUR)
        return self._alarm("WarehouseFull", size, limit, "The warehouse fills its volume: enlarge it, or expire days.")

    def _instance_alarms(self, title: str, instance: ec2.CfnInstance) -> list[cloudwatch.Alarm]:
        """Recover an instance whose host fails, and restart one that does not respond."""
        host = self._alarm(
            f"{title}Host", _instance_metric("StatusCheckFailed_System", instance), 1, f"The host of {title} failed.", 2
        )
        host.add_alarm_action(actions.Ec2Action(actions.Ec2InstanceAction.RECOVER))
        system = self._alarm(
            f"{title}System", _instance_metric("StatusCheckFailed_Instance", instance), 1, f"{title} is unreachable.", 3
        )
        system.add_alarm_action(actions.Ec2Action(actions.Ec2InstanceAction.REBOOT))
        return [host, system]

    def _alarm(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, description: str, periods: int = 1
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _api_metric(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=name,
            dimensions_map={"ApiId": self._ingestion.api.api_id},
            statistic=statistic,
            period=FIVE_MINUTES,
        )

    def _dashboard(self, alarms: Sequence[cloudwatch.Alarm], instances: Mapping[str, ec2.CfnInstance]) -> None:
        for alarm in alarms:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
        ingest, etl = self._ingestion.function, self._etl.function
        credits = [_instance_metric("CPUCreditBalance", each, title) for title, each in instances.items()]
        rows: list[list[cloudwatch.IWidget]] = [
            [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24)],
            [
                _graph("Requests", [self._api_metric(name) for name in ("Count", "4xx", "5xx")]),
                _graph("Latency (ms)", [self._api_metric("Latency", "p50"), self._api_metric("Latency", "p99")]),
                _graph("Ingest function", [ingest.metric_errors(), ingest.metric_throttles()]),
            ],
            [
                _graph("Lines loaded", [_own_metric("Loaded", "Sum", HOUR)]),
                _graph("Objects pending", [_own_metric("Pending", "Maximum", HOUR)]),
                _graph("ETL (ms)", [etl.metric_duration(statistic="Maximum", period=HOUR)]),
            ],
            [
                _graph("Size of the warehouse (bytes)", [_own_metric("DatabaseBytes", "Maximum", HOUR)]),
                _graph("CPU credits", credits),
            ],
        ]
        cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"{names.STACK}-{Aws.REGION}", widgets=rows)


def _own_metric(name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    return cloudwatch.Metric(namespace=NAMESPACE, metric_name=name, statistic=statistic, period=period)


def _instance_metric(name: str, instance: ec2.CfnInstance, label: str | None = None) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/EC2",
        metric_name=name,
        dimensions_map={"InstanceId": instance.ref},
        statistic="Maximum",
        period=Duration.minutes(1) if name.startswith("StatusCheck") else FIVE_MINUTES,
        label=label,
    )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)
