"""Empties versioned buckets and deletes them. CloudFormation refuses to delete a bucket with objects.

All versions, delete markers and unfinished uploads go, 1,000 in a call. A raw bucket of a year may have millions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clickstream.cloud.account import error_code
from clickstream.cloud.destroy.scope import Category, Item, Scope, tags_of
from clickstream.progress import Progress, no_progress


def _find_buckets(scope: Scope) -> Iterator[Item | None]:
    """Yield the stack's buckets: those with names of ours, and those that CDK named after the stack."""
    for name in _names(scope):
        if name.startswith(f"{scope.stack}-") or name in scope.buckets:
            yield scope.item("bucket", name, _bucket_tags(scope, name), name, scope.buckets)


def _bucket_tags(scope: Scope, name: str) -> Mapping[str, str]:
    """Return the tags of a bucket; none if it has none, or if it is not ours to read."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only the commands on AWS have it

    try:
        return tags_of(scope.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if error_code(error) in ("NoSuchTagSet", "AccessDenied", "NoSuchBucket", "PermanentRedirect"):
            return {}
        raise


def _names(scope: Scope) -> Iterator[str]:
    for each in scope.client("s3").list_buckets()["Buckets"]:
        yield each["Name"]


def empty_bucket(scope: Scope, name: str, progress: Progress = no_progress) -> int:
    """Delete everything in a bucket; return how many versions and markers that were.

    Raises RuntimeError with the first reason if S3 refuses some of them.
    """
    s3 = scope.client("s3")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for upload in page.get("Uploads") or ():
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    deleted = 0
    while objects := _first_versions(s3, name):
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        for refused in answer.get("Errors") or ():
            raise RuntimeError(f"{refused.get('Key')}: {refused.get('Message') or refused.get('Code')}")
        deleted += len(objects)
        progress(deleted, 0, f"emptying {name}: {deleted:,} versions deleted")
    return deleted


def _first_versions(s3: Any, name: str) -> list[dict[str, str]]:
    """Return the first 1,000 versions and markers: those of the call before are gone."""
    page = s3.list_object_versions(Bucket=name, MaxKeys=1000)
    versions = [*(page.get("Versions") or ()), *(page.get("DeleteMarkers") or ())]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]


def _delete_bucket(scope: Scope, item: Item) -> None:
    """Empty a bucket and delete it."""
    empty_bucket(scope, item.id)
    scope.client("s3").delete_bucket(Bucket=item.id)


BUCKETS = Category("bucket", _find_buckets, _delete_bucket)
