"""The bundle of the instances: an asset in the CDK's bucket, and the parameter in SSM that names it with its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from clickstream.cloud import names
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


def content_hash(folder: Path) -> str:
    """Return the hash of a folder, as `find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` prints it."""
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    lines = [f"{file_hash(folder / name)}  ./{name}\n" for name in sorted(files, key=str.encode)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
