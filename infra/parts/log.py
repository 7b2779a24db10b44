"""Log groups: kept for 14 days, deleted with the stack."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

RETENTION = logs.RetentionDays.TWO_WEEKS
"""As `clickstream.cloud.names.LOG_DAYS` says."""


def log_group(scope: Construct, name: str, group: str) -> logs.LogGroup:
    """Make a log group with a fixed name, so that no service makes it first and keeps it for ever."""
    return logs.LogGroup(scope, name, log_group_name=group, retention=RETENTION, removal_policy=RemovalPolicy.DESTROY)
