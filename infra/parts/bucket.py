"""Buckets: private, encrypted, TLS only, versioned, and deleted with the stack once they are empty.

`clickstream destroy` empties them. A Lambda function of the CDK that does it is left out: it gives up after 15 minutes,
and leaves a role and a log group behind.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names

ACCESS_LOG_DAYS = 14


def bucket_name(name: str) -> str:
    """Return the name of a bucket, which must differ from those of all other accounts and regions."""
    return f"{name}-{Aws.ACCOUNT_ID}-{Aws.REGION}"


def bucket(
    scope: Construct,
    construct: str,
    name: str,
    *,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    access_logs: s3.IBucket | None = None,
    is_versioned: bool = True,
) -> s3.Bucket:
    """Make a bucket; access_logs: where S3 writes down requests to it."""
    return s3.Bucket(
        scope,
        construct,
        bucket_name=bucket_name(name),
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=is_versioned,
        server_access_logs_bucket=access_logs,
        server_access_logs_prefix=f"{name}/" if access_logs else None,
        lifecycle_rules=list(lifecycle_rules),
        removal_policy=RemovalPolicy.DESTROY,
    )


def access_log_bucket(scope: Construct) -> s3.Bucket:
    """Make the bucket for the access logs of the others."""
    rule = s3.LifecycleRule(
        id="old",
        expiration=Duration.days(ACCESS_LOG_DAYS),
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )
    return bucket(scope, "AccessLogs", names.LOGS_BUCKET, lifecycle_rules=[rule], is_versioned=False)
