"""Removes what `cdk bootstrap` made: the stack CDKToolkit and its bucket, which all CDK stacks of the account share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from clickstream.cloud.destroy.buckets import empty_bucket
from clickstream.cloud.destroy.scope import Item, Scope
from clickstream.cloud.stack import find_stack, resources_of, wait_while_busy

BOOTSTRAP = "CDKToolkit"
_PARAMETER = "BootstrapVersion"
"""Every stack that CDK deployed has this parameter."""


def remove_bootstrap(
    scope: Scope, report: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> list[Item]:
    """Remove the bootstrap stack; return it as left if another stack needs it, or AWS keeps it."""
    account = scope.account
    found = find_stack(account, BOOTSTRAP)
    if found is None:
        return []
    users = [
        each["StackName"] for each in account.list("cloudformation", "describe_stacks", "Stacks") if _uses_cdk(each)
    ]
    if users:
        return [Item("stack", BOOTSTRAP, note=f"other stacks need it: {', '.join(sorted(users))}")]
    held = [each for each in resources_of(account, found.id) if each.kind == "AWS::S3::Bucket"]
    for bucket in held:
        empty_bucket(scope, bucket.id)
    scope.client("cloudformation").delete_stack(StackName=BOOTSTRAP)
    stack = wait_while_busy(account, found.id, wait, lambda *_: None)
    if stack is not None:
        return [Item("stack", BOOTSTRAP, note=f"is {stack.status}: {stack.reason}")]
    existing = {each["Name"] for each in scope.client("s3").list_buckets()["Buckets"]}
    for bucket in held:
        if bucket.id in existing:  # its policy is to be retained
            scope.client("s3").delete_bucket(Bucket=bucket.id)
            report(f"deleted bucket {bucket.id}")
    report(f"deleted stack {BOOTSTRAP}")
    return []


def _uses_cdk(stack: Any) -> bool:
    parameters = {each["ParameterKey"] for each in stack.get("Parameters") or ()}
    return stack["StackName"] != BOOTSTRAP and stack["StackStatus"] != "DELETE_COMPLETE" and _PARAMETER in parameters
