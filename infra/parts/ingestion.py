"""Ingestion: HTTP API, ingest function, raw bucket.

In: POST /clickstream from browsers and servers. Out: raw objects below events/, excerpts of rejected input below
rejected/. The function's role can create these objects; it can neither read, list nor delete anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import Duration, Size
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names
from infra.options import Options
from infra.parts.bucket import bucket
from infra.parts.log import log_group
from infra.parts.policy import Statement, accept, logs, role

MEMORY_MB = 512
RATE_LIMIT = 200
BURST_LIMIT = 400
"""Requests per second that the API lets through, on average and at once; beyond it, clients get 429 and retry."""
OLD_VERSION_DAYS = 7
REJECTED_DAYS = 30
DUMP_DAYS = 14
LOGGED = (
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLength",
    "integrationLatency",
    "integrationErrorMessage",
)
CORS_MAX_AGE = Duration.hours(2)


class Ingestion(Construct):
    """The way of an event from the network into the raw bucket."""

    def __init__(
        self, scope: Construct, name: str, *, options: Options, access_logs: s3.IBucket, origins: Sequence[str]
    ) -> None:
        super().__init__(scope, name)
        self.raw = self._raw_bucket(access_logs)
        self.function = self._function(options, origins)
        self.api = self._api(origins)

    def _raw_bucket(self, access_logs: s3.IBucket) -> s3.Bucket:
        return bucket(
            self,
            "Raw",
            names.RAW_BUCKET,
            access_logs=access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="old-versions",
                    noncurrent_version_expiration=Duration.days(OLD_VERSION_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    expired_object_delete_marker=True,
                ),
                s3.LifecycleRule(id="rejected", prefix="rejected/", expiration=Duration.days(REJECTED_DAYS)),
                s3.LifecycleRule(id="dumps", prefix=names.DUMPS_PREFIX, expiration=Duration.days(DUMP_DAYS)),
            ],
        )

    def _function(self, options: Options, origins: Sequence[str]) -> functions.Function:
        group = log_group(self, "IngestLog", f"/aws/lambda/{names.INGEST_FUNCTION}")
        folders = [self.raw.arn_for_objects(folder) for folder in ("events/*", "rejected/*")]
        statements = [
            Statement("RawObjects", ["s3:PutObject"], folders, "These are the folders that the function fills."),
            logs(group.log_group_arn),
        ]
        ingest = role(self, "IngestRole", iam.ServicePrincipal("lambda.amazonaws.com"), statements)
        function = functions.Function(
            self,
            "Ingest",
            function_name=names.INGEST_FUNCTION,
            description="Stores the events of a request in the raw bucket",
            runtime=functions.Runtime.PYTHON_3_13,
            architecture=functions.Architecture.ARM_64,
            code=functions.Code.from_asset(str(options.packages / "ingest")),
            handler="clickstream.collect.aws.handler",
            role=ingest,
            memory_size=MEMORY_MB,
            timeout=Duration.seconds(20),
            ephemeral_storage_size=Size.mebibytes(512),
            log_group=group,
            logging_format=functions.LoggingFormat.JSON,
            environment={
                "CLICKSTREAM_RAW_URL": f"s3://{self.raw.bucket_name}",
                "CLICKSTREAM_DATA": "/tmp/clickstream",  # noqa: S108 - the only writable folder of a function
                "CLICKSTREAM_CORS_ORIGINS": ",".join(origins),
            },
        )
        accept(function, RUNTIME)
        return function

    def _api(self, origins: Sequence[str]) -> api.HttpApi:
        made = api.HttpApi(
            self,
            "Api",
            api_name=names.HTTP_API,
            description="Receives events",
            create_default_stage=False,
            cors_preflight=api.CorsPreflightOptions(
                allow_origins=list(origins),
                allow_methods=[api.CorsHttpMethod.POST],
                allow_headers=["content-type", "content-encoding", "x-write-key"],
                expose_headers=["retry-after"],
                max_age=CORS_MAX_AGE,
            ),
        )
        routes = made.add_routes(
            path="/clickstream",
            methods=[api.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Function", self.function),
        )
        for route in routes:
            accept(route, PUBLIC)
        self._stage(made)
        return made

    def _stage(self, made: api.HttpApi) -> None:
        """Make the stage. Its access log has no client addresses: the events keep them as CLICKSTREAM_IP allows."""
        group = log_group(self, "ApiLog", "/aws/vendedlogs/clickstream/http-api")
        facts = {name: f"$context.{name}" for name in LOGGED}
        api.CfnStage(
            self,
            "Stage",
            api_id=made.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=RATE_LIMIT, throttling_burst_limit=BURST_LIMIT
            ),
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=group.log_group_arn.removesuffix(":*"), format=json.dumps(facts)
            ),
        )


RUNTIME = {
    "AwsSolutions-L1": "Python 3.13 is what the packages are built and tested for; AWS supports it until 2029.",
}
PUBLIC = {
    "AwsSolutions-APIG4": "Browsers of visitors have no credentials. Rate, size and shape of requests are limited.",
}
