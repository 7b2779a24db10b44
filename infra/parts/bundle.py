"""The bundle of the instances: an asset in the CDK's bucket, and the parameter in SSM that names it with its hash."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from clickstream.cloud import names
from clickstream.cloud.bundle import content_hash
from infra.parts.policy import Statement, parameter_arn


class Bundle(Construct):
    """Wheels, scripts, units and configuration, as `clickstream.cloud.packages` put them into a folder."""

    def __init__(self, scope: Construct, name: str, *, folder: Path) -> None:
        super().__init__(scope, name)
        asset = assets.Asset(self, "Asset", path=str(folder))
        self.object_arn = asset.bucket.arn_for_objects(asset.s3_object_key)
        ssm.CfnParameter(
            self,
            "Parameter",
            name=names.BUNDLE,
            type="String",
            value=f"s3://{asset.s3_bucket_name}/{asset.s3_object_key} {content_hash(folder)}",
            description="Bundle of the instances, and the hash of its files",
        )

    def statements(self) -> list[Statement]:
        """Return the statements that an instance needs to fetch the bundle."""
        return [
            Statement("BundleName", ["ssm:GetParameter"], [parameter_arn(names.BUNDLE)]),
            Statement("Bundle", ["s3:GetObject"], [self.object_arn]),
        ]
